import type { paths } from '$lib/api/schema';
import { oneOf, rangeOf, startOfDay } from '$lib/period';

export const PERIODS = ['7days', 'today', 'yesterday', '30days', '90days', 'own'] as const;
export const DIRECTIONS = ['all', 'in', 'out', 'internal'] as const;

/** What a report is about, as the page's address says it. The module and the days are empty where they do not matter. */
export interface ReportFilters {
  period: (typeof PERIODS)[number];
  from: string;
  to: string;
  moduleId: string;
  direction: (typeof DIRECTIONS)[number];
}

export type ReportQuery = NonNullable<paths['/api/v1/reports']['get']['parameters']['query']>;

const DEFAULTS: ReportFilters = { period: '7days', from: '', to: '', moduleId: '', direction: 'all' };

export function filtersOf(search: URLSearchParams): ReportFilters {
  const text = (name: keyof ReportFilters) => search.get(name)?.trim() ?? '';
  return {
    period: oneOf(PERIODS, text('period')),
    from: startOfDay(text('from')) ? text('from') : '',
    to: startOfDay(text('to')) ? text('to') : '',
    moduleId: /^[0-9a-f-]{36}$/i.test(text('moduleId')) ? text('moduleId') : '',
    direction: oneOf(DIRECTIONS, text('direction')),
  };
}

export function searchOf(filters: ReportFilters): string {
  const names = Object.keys(DEFAULTS) as (keyof ReportFilters)[];
  const given = names.filter((name) => {
    const isDay = name === 'from' || name === 'to';
    return filters[name] !== DEFAULTS[name] && !(isDay && filters.period !== 'own');
  });
  const text = new URLSearchParams(given.map((name) => [name, filters[name]])).toString();
  return text && `?${text}`;
}

/** The API's words for it, without how it is to be cut up. */
export function queryOf(filters: ReportFilters, now: Date): ReportQuery {
  const { moduleId, direction } = filters;
  return {
    ...rangeOf(filters, now),
    ...(moduleId && { moduleId }),
    ...(direction !== 'all' && { direction }),
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}
