/** A page of a list, as returned by the API. */
export interface Page<T> {
  items: T[];
  nextCursor?: string | null;
}

export interface Item {
  id: string | number;
}

/** Reads a whole list page by page. Only for lists that are never long. */
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
 * Merges the reloaded newest part into a list sorted newest first: new items are added, changed ones replaced, those that
 * no longer belong removed; older items stay. `at` returns the sort key.
 */
export function mergeNewest<T extends Item>(list: Page<T>, newest: Page<T>, at: (item: T) => number | string): Page<T> {
  const fresh = new Set(newest.items.map(({ id }) => id));
  const last = newest.items.at(-1);
  // Without an item in both, there may be unread items in between.
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
 * Merges the reloaded beginning into a list whose order only the server knows: what follows the beginning's last item
 * stays. If that item is new, what follows it is unknown, and the list continues from there.
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

/** Appends the next page; an item that moved down in the meantime is included once. */
export function append<T extends Item>(list: Page<T>, next: Page<T>): Page<T> {
  const known = new Set(list.items.map(({ id }) => id));
  return { items: [...list.items, ...next.items.filter(({ id }) => !known.has(id))], nextCursor: next.nextCursor };
}

/** Returns the list with one item changed, or the same list if the item is not in it. */
export function change<T extends Item>(list: Page<T>, id: T['id'], how: (item: T) => T): Page<T> {
  const index = list.items.findIndex((item) => item.id === id);
  const item = list.items[index];
  return item ? { ...list, items: list.items.with(index, how(item)) } : list;
}
