export const DIRECTIONS = ['all', 'in', 'out', 'internal'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** The one of these that a text names; the first where it names none. */
export function oneOf<T extends string>(values: readonly [T, ...T[]], text: string): T {
  return values.find((value) => value === text) ?? values[0];
}

/** An id, or nothing where the text can be none. */
export function idOf(text: string): string {
  return /^[0-9a-f-]{36}$/i.test(text) ? text : '';
}

/** What an address says to mean these filters: only what narrows the list. */
export function addressOf<F extends object>(filters: F, none: F): string {
  const search = new URLSearchParams();
  for (const name of Object.keys(none) as (keyof F & string)[]) {
    const isUnusedDay = ['from', 'to'].includes(name) && 'period' in filters && filters.period !== 'own';
    if (filters[name] !== none[name] && !isUnusedDay) search.set(name, String(filters[name]));
  }
  return search.size > 0 ? `?${search}` : '';
}
