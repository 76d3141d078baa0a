import type { paths } from '$lib/api/schema';
import { addressOf, DIRECTIONS, idOf, oneOf, type Direction } from '$lib/filters/address';
import { rangeOf, startOfDay } from '$lib/filters/period';

export const PERIODS = ['all', 'today', 'yesterday', '7days', '30days', 'own'] as const;
const RESULTS = [
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

/** The filters of the call list, as in the page's URL. Unused ids, numbers and dates are empty. */
export interface Filters {
  period: (typeof PERIODS)[number];
  /** First and last day of a custom period, in the format of a date field: 2026-11-24. */
  from: string;
  to: string;
  direction: Direction;
  result: (typeof RESULTS)[number];
  operator: string;
  module: string;
  phone: string;
  outcomeId: string;
  clientId: string;
}

export const NO_FILTERS: Filters = {
  period: 'all',
  from: '',
  to: '',
  direction: 'all',
  result: 'all',
  operator: '',
  module: '',
  phone: '',
  outcomeId: '',
  clientId: '',
};

type CallQuery = NonNullable<paths['/api/v1/calls']['get']['parameters']['query']>;

/** Parses a URL's query; invalid values are ignored. */
export function filtersOf(search: URLSearchParams): Filters {
  const text = (name: keyof Filters) => search.get(name)?.trim() ?? '';
  return {
    period: oneOf(PERIODS, text('period')),
    from: startOfDay(text('from')) ? text('from') : '',
    to: startOfDay(text('to')) ? text('to') : '',
    direction: oneOf(DIRECTIONS, text('direction')),
    result: oneOf(RESULTS, text('result')),
    operator: idOf(text('operator')),
    module: idOf(text('module')),
    phone: text('phone'),
    outcomeId: idOf(text('outcomeId')),
    clientId: idOf(text('clientId')),
  };
}

export const searchOf = (filters: Filters) => addressOf(filters, NO_FILTERS);

/** The number of active filters. */
export function filterCount(filters: Filters): number {
  const names = ['period', 'direction', 'result', 'operator', 'module', 'phone', 'outcomeId', 'clientId'] as const;
  return names.filter((name) => filters[name] !== NO_FILTERS[name]).length;
}

/** The API query. Days are in the user's time zone, so "today" depends on `now` and on where they are. */
export function queryOf(filters: Filters, now = new Date()): CallQuery {
  const { direction, result, operator, module, phone, outcomeId, clientId } = filters;
  const query: CallQuery = rangeOf(filters, now);
  if (direction !== 'all') query.direction = direction;
  if (result === 'missed') query.missed = true;
  else if (result === 'active') query.ended = false;
  else if (result !== 'all') query.disposition = result;
  if (operator) query.operatorId = operator;
  if (module) query.moduleId = module;
  if (phone) query.phone = phone;
  if (outcomeId) query.outcomeId = outcomeId;
  if (clientId) query.clientId = clientId;
  return query;
}
