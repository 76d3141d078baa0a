/** A period that a filter offers. */
export type Period = 'all' | 'today' | 'yesterday' | '7days' | '30days' | '90days' | 'own';

export interface Days {
  period: Period;
  /** First and last day of a custom period, in the format of a date field: 2026-11-24. */
  from: string;
  to: string;
}

/** The period's start and end. Days are in the user's time zone, so "today" depends on `now` and on where they are. */
export function rangeOf({ period, from, to }: Days, now: Date): { from?: string; to?: string } {
  const day = (offset: number) => {
    const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate() + offset);
    return midnight.toISOString();
  };
  switch (period) {
    case 'all':
      return {};
    case 'today':
      return { from: day(0) };
    case 'yesterday':
      return { from: day(-1), to: day(0) };
    case '7days':
      return { from: day(-6) };
    case '30days':
      return { from: day(-29) };
    case '90days':
      return { from: day(-89) };
    case 'own':
      return { from: startOfDay(from)?.toISOString(), to: startOfDay(to, 1)?.toISOString() };
  }
}

/** Midnight of a day in the format of a date field, or of a later day. */
export function startOfDay(date: string, daysLater = 0): Date | undefined {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(date)?.map(Number) ?? [];
  if (!year || !month || !day) return undefined;
  const midnight = new Date(year, month - 1, day + daysLater);
  return Number.isNaN(midnight.getTime()) ? undefined : midnight;
}
