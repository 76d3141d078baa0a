import type { Call } from '$lib/live/live.svelte';

export interface CallPage {
  /** Latest start first. */
  items: Call[];
  nextCursor?: string | null;
}

/**
 * A list with its newest part read anew: what is new comes in, what changed is replaced, what does not belong there any
 * more leaves; what was read further down stays.
 */
export function merge(list: CallPage, newest: CallPage): CallPage {
  const fresh = new Set(newest.items.map(({ id }) => id));
  const last = newest.items.at(-1);
  // Where nothing is in both there may be calls in between that nobody has read.
  const meet = list.items.some(({ id }) => fresh.has(id));
  if (!newest.nextCursor || !last || !meet) return newest;
  const end = Date.parse(last.startedAt);
  const further = list.items.filter((call) => !fresh.has(call.id) && Date.parse(call.startedAt) <= end);
  return further.length > 0 ? { items: [...newest.items, ...further], nextCursor: list.nextCursor } : newest;
}

/** A list with the page that follows it; a call that moved down meanwhile is in it once. */
export function append(list: CallPage, next: CallPage): CallPage {
  const known = new Set(list.items.map(({ id }) => id));
  return { items: [...list.items, ...next.items.filter(({ id }) => !known.has(id))], nextCursor: next.nextCursor };
}

/** A list with one call changed; the very same list where that call is not in it. */
export function change(list: CallPage, id: string, how: (call: Call) => Call): CallPage {
  const index = list.items.findIndex((call) => call.id === id);
  const call = list.items[index];
  return call ? { ...list, items: list.items.with(index, how(call)) } : list;
}
