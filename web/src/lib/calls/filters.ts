import type { paths } from '$lib/api/schema';

export const PERIODS = ['all', 'today', 'yesterday', '7days', '30days', 'own'] as const;
export const DIRECTIONS = ['all', 'in', 'out', 'internal'] as const;
export const OUTCOMES = [
  'all',
  'active',
  'answered',
  'missed',
  'noAnswer',
  'busy',
  'cancelled',
  'failed',
  'voicemail',
] as const;

/** Which calls are listed, as the page's address says it. Ids, number and dates are empty where they do not matter. */
export interface Filters {
  period: (typeof PERIODS)[number];
  /** First and last day of one's own period, as a date field has it: 2026-11-24. */
  from: string;
  to: string;
  direction: (typeof DIRECTIONS)[number];
  outcome: (typeof OUTCOMES)[number];
  operator: string;
  module: string;
  phone: string;
}

export const NO_FILTERS: Filters = {
  period: 'all',
  from: '',
  to: '',
  direction: 'all',
  outcome: 'all',
  operator: '',
  module: '',
  phone: '',
};

export type CallQuery = NonNullable<paths['/api/v1/calls']['get']['parameters']['query']>;

/** What an address says; what it says wrongly does not count. */
export function filtersOf(search: URLSearchParams): Filters {
  const text = (name: keyof Filters) => search.get(name)?.trim() ?? '';
  const id = (name: keyof Filters) => (/^[0-9a-f-]{36}$/i.test(text(name)) ? text(name) : '');
  return {
    period: oneOf(PERIODS, text('period')),
    from: startOfDay(text('from')) ? text('from') : '',
    to: startOfDay(text('to')) ? text('to') : '',
    direction: oneOf(DIRECTIONS, text('direction')),
    outcome: oneOf(OUTCOMES, text('outcome')),
    operator: id('operator'),
    module: id('module'),
    phone: text('phone'),
  };
}

/** What an address says to mean these: only what narrows the list. */
export function searchOf(filters: Filters): string {
  const search = new URLSearchParams();
  for (const name of Object.keys(NO_FILTERS) as (keyof Filters)[]) {
    const isDay = name === 'from' || name === 'to';
    if (filters[name] !== NO_FILTERS[name] && !(isDay && filters.period !== 'own')) search.set(name, filters[name]);
  }
  const text = search.toString();
  return text && `?${text}`;
}

/** How many filters narrow the list. */
export function filterCount(filters: Filters): number {
  const names = ['period', 'direction', 'outcome', 'operator', 'module', 'phone'] as const;
  return names.filter((name) => filters[name] !== NO_FILTERS[name]).length;
}

/** The API's words for it. Days are those of whoever looks, so "today" depends on `now` and on where they are. */
export function queryOf(filters: Filters, now = new Date()): CallQuery {
  const { direction, outcome, operator, module, phone } = filters;
  const query: CallQuery = periodOf(filters, now);
  if (direction !== 'all') query.direction = direction;
  if (outcome === 'missed') query.missed = true;
  else if (outcome === 'active') query.ended = false;
  else if (outcome !== 'all') query.disposition = outcome;
  if (operator) query.operatorId = operator;
  if (module) query.moduleId = module;
  if (phone) query.phone = phone;
  return query;
}

function periodOf({ period, from, to }: Filters, now: Date): CallQuery {
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
    case 'own':
      return { from: startOfDay(from)?.toISOString(), to: startOfDay(to, 1)?.toISOString() };
  }
}

/** Midnight of a day that is written as a date field has it, or of a later one. */
function startOfDay(date: string, daysLater = 0): Date | undefined {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(date)?.map(Number) ?? [];
  if (!year || !month || !day) return undefined;
  const midnight = new Date(year, month - 1, day + daysLater);
  return Number.isNaN(midnight.getTime()) ? undefined : midnight;
}

function oneOf<T extends string>(values: readonly [T, ...T[]], text: string): T {
  return values.find((value) => value === text) ?? values[0];
}
