export type Cut = 'hour' | 'day';

const DAY = 86_400_000;

/** Hours for a day or two, days for more. */
export function cutOf({ from, to }: { from?: string; to?: string }, now: Date): Cut {
  if (!from) return 'day';
  return (to ? Date.parse(to) : now.getTime()) - Date.parse(from) <= 2 * DAY ? 'hour' : 'day';
}
