import type { Schemas } from '$lib/api/client';

export type LogLine = Schemas['LogLine'];

export interface Lines {
  items: LogLine[];
  nextCursor: string | null;
}

/** As many lines as a page shows before it begins anew: a log that is watched all day must not fill the browser. */
const MOST = 2000;

/**
 * The lines shown, with the newest page of the log put before them. Where the two do not meet, or there would be too many,
 * the page alone: the older ones are a click away.
 */
export function withNewest(shown: Lines, newest: Lines): Lines {
  const known = new Set(shown.items.map(({ id }) => id));
  const fresh = newest.items.filter(({ id }) => !known.has(id));
  const meets = fresh.length < newest.items.length;
  if (!meets || shown.items.length + fresh.length > MOST) return newest;
  return { items: [...fresh, ...shown.items], nextCursor: shown.nextCursor };
}
