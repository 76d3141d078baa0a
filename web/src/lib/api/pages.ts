/** A part of a list, as the API gives it. */
export interface Page<T> {
  items: T[];
  nextCursor?: string | null;
}

export interface Item {
  id: string | number;
}

/** A whole list, read page by page; for lists that are never long. */
export async function allPages<T>(
  read: (query: { limit: number; cursor: string | undefined }) => Promise<Page<T>>,
): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await read({ limit: 200, cursor });
    all.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor);
  return all;
}

/**
 * A list, newest first, whose newest part was read again: new items come in, changed ones are replaced, those that no longer
 * belong leave; what was read further down stays. `at`: what the list is ordered by.
 */
export function mergeNewest<T extends Item>(list: Page<T>, newest: Page<T>, at: (item: T) => number | string): Page<T> {
  const fresh = new Set(newest.items.map(({ id }) => id));
  const last = newest.items.at(-1);
  // Where nothing is in both there may be items in between that nobody has read.
  const meet = list.items.some(({ id }) => fresh.has(id));
  if (!newest.nextCursor || !last || !meet) return newest;
  const end = at(last);
  return joined(
    list,
    newest,
    list.items.filter((item) => !fresh.has(item.id) && at(item) <= end),
  );
}

/**
 * A list whose order only the server knows, and whose beginning was read again: what follows the beginning's last item
 * stays. Where that item is new, nobody knows what follows it, and the list is read on from there.
 */
export function mergeOrdered<T extends Item>(list: Page<T>, beginning: Page<T>): Page<T> {
  const last = beginning.items.at(-1);
  const place = list.items.findIndex(({ id }) => id === last?.id);
  if (!beginning.nextCursor || place < 0) return beginning;
  const fresh = new Set(beginning.items.map(({ id }) => id));
  return joined(
    list,
    beginning,
    list.items.slice(place + 1).filter(({ id }) => !fresh.has(id)),
  );
}

function joined<T>(list: Page<T>, beginning: Page<T>, further: T[]): Page<T> {
  return further.length > 0 ? { items: [...beginning.items, ...further], nextCursor: list.nextCursor } : beginning;
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
