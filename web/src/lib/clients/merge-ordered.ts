import type { Page } from '$lib/api/pages';

/**
 * A list whose order only the server knows, with its beginning read anew: what follows the beginning's last item stays.
 * Where that item is new nobody knows what follows it, and the list is read on from there.
 */
export function mergeOrdered<T extends { id: string }>(list: Page<T>, beginning: Page<T>): Page<T> {
  const last = beginning.items.at(-1);
  const place = list.items.findIndex(({ id }) => id === last?.id);
  if (!beginning.nextCursor || place < 0) return beginning;
  const fresh = new Set(beginning.items.map(({ id }) => id));
  const further = list.items.slice(place + 1).filter(({ id }) => !fresh.has(id));
  if (further.length === 0) return beginning;
  return { items: [...beginning.items, ...further], nextCursor: list.nextCursor };
}
