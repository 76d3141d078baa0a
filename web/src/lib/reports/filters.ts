import type { paths } from '$lib/api/schema';
import { addressOf, DIRECTIONS, idOf, oneOf, type Direction } from '$lib/filters/address';
import { rangeOf, startOfDay } from '$lib/filters/period';

export const PERIODS = ['7days', 'today', 'yesterday', '30days', '90days', 'own'] as const;

/** The filters of a report, as in the page's URL. Unused module and days are empty. */
export interface Filters {
  period: (typeof PERIODS)[number];
  from: string;
  to: string;
  moduleId: string;
  direction: Direction;
}

type ReportQuery = NonNullable<paths['/api/v1/reports']['get']['parameters']['query']>;

const DEFAULTS: Filters = { period: '7days', from: '', to: '', moduleId: '', direction: 'all' };

export function filtersOf(search: URLSearchParams): Filters {
  const text = (name: keyof Filters) => search.get(name)?.trim() ?? '';
  return {
    period: oneOf(PERIODS, text('period')),
    from: startOfDay(text('from')) ? text('from') : '',
    to: startOfDay(text('to')) ? text('to') : '',
    moduleId: idOf(text('moduleId')),
    direction: oneOf(DIRECTIONS, text('direction')),
  };
}

export const searchOf = (filters: Filters) => addressOf(filters, DEFAULTS);

/** The API query, without the grouping. */
export function queryOf(filters: Filters, now: Date): ReportQuery {
  const { moduleId, direction } = filters;
  return {
    ...rangeOf(filters, now),
    ...(moduleId && { moduleId }),
    ...(direction !== 'all' && { direction }),
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}

export type Cut = 'hour' | 'day';

const DAY = 86_400_000;

/** Groups by hour for up to two days, otherwise by day. */
export function cutOf({ from, to }: { from?: string; to?: string }, now: Date): Cut {
  if (!from) return 'day';
  return (to ? Date.parse(to) : now.getTime()) - Date.parse(from) <= 2 * DAY ? 'hour' : 'day';
}
