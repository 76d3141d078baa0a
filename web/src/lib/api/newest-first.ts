import type { Page } from './pages';

interface Item {
  id: string | number;
}

/**
 * A list, newest first, with its newest part read anew: what is new comes in, what changed is replaced, what does not
 * belong there any more leaves; what was read further down stays. `at`: what the list is ordered by.
 */
export function merge<T extends Item>(list: Page<T>, newest: Page<T>, at: (item: T) => number | string): Page<T> {
  const fresh = new Set(newest.items.map(({ id }) => id));
  const last = newest.items.at(-1);
  // Where nothing is in both there may be items in between that nobody has read.
  const meet = list.items.some(({ id }) => fresh.has(id));
  if (!newest.nextCursor || !last || !meet) return newest;
  const end = at(last);
  const further = list.items.filter((item) => !fresh.has(item.id) && at(item) <= end);
  return further.length > 0 ? { items: [...newest.items, ...further], nextCursor: list.nextCursor } : newest;
}

/** A list with the page that follows it; an item that moved down meanwhile is in it once. */
export function append<T extends Item>(list: Page<T>, next: Page<T>): Page<T> {
  const known = new Set(list.items.map(({ id }) => id));
  return { items: [...list.items, ...next.items.filter(({ id }) => !known.has(id))], nextCursor: next.nextCursor };
}

/** A list with one item changed; the very same list where that item is not in it. */
export function change<T extends Item>(list: Page<T>, id: T['id'], how: (item: T) => T): Page<T> {
  const index = list.items.findIndex((item) => item.id === id);
  const item = list.items[index];
  return item ? { ...list, items: list.items.with(index, how(item)) } : list;
}
