export const DIRECTIONS = ['all', 'in', 'out', 'internal'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** The value that a text names, or the first one. */
export function oneOf<T extends string>(values: readonly [T, ...T[]], text: string): T {
  return values.find((value) => value === text) ?? values[0];
}

/** The text if it can be an id, otherwise an empty string. */
export function idOf(text: string): string {
  return /^[0-9a-f-]{36}$/i.test(text) ? text : '';
}

/** The URL query for these filters; only active ones are included. */
export function addressOf<F extends object>(filters: F, none: F): string {
  const search = new URLSearchParams();
  for (const name of Object.keys(none) as (keyof F & string)[]) {
    const isUnusedDay = ['from', 'to'].includes(name) && 'period' in filters && filters.period !== 'own';
    if (filters[name] !== none[name] && !isUnusedDay) search.set(name, String(filters[name]));
  }
  return search.size > 0 ? `?${search}` : '';
}
