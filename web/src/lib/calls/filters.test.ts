import { describe, expect, test } from 'vitest';
import { NO_FILTERS, filterCount, filtersOf, queryOf, searchOf, type Filters } from './filters';

const OPERATOR = '01a20d07-ba70-7c23-a6ce-8e163cd89723';
const of = (search: string) => filtersOf(new URLSearchParams(search));

describe('the URL of a list', () => {
  test('contains only active filters, and can be parsed back', () => {
    const filters: Filters = {
      period: 'own',
      from: '2026-11-01',
      to: '2026-11-24',
      direction: 'in',
      result: 'missed',
      operator: OPERATOR,
      module: '',
      phone: '+44 20 7946 0123',
      outcomeId: OPERATOR,
      clientId: '',
    };
    const search = searchOf(filters);
    expect(search).not.toContain('module');
    expect(of(search)).toEqual(filters);
    expect(filterCount(filters)).toBe(6);
  });

  test('is bare without filters', () => {
    expect(searchOf(NO_FILTERS)).toBe('');
    expect(filterCount(of(''))).toBe(0);
  });

  test('drops the days once the period is no longer custom', () => {
    expect(searchOf({ ...NO_FILTERS, period: 'today', from: '2026-11-01', to: '2026-11-24' })).toBe('?period=today');
  });

  test('ignores unknown values', () => {
    const wrong =
      '?period=never&direction=up&result=great&outcomeId=sold&operator=me&module=1&from=yesterday&to=2026-99';
    expect(of(wrong)).toEqual(NO_FILTERS);
  });
});

describe('the API query', () => {
  const now = new Date(2026, 10, 24, 15, 30);
  const ask = (changes: Partial<Filters>) => queryOf({ ...NO_FILTERS, ...changes }, now);
  const midnight = (month: number, day: number) => new Date(2026, month - 1, day).toISOString();

  test("starts and ends at midnight in the user's time zone", () => {
    expect(ask({ period: 'today' })).toEqual({ from: midnight(11, 24) });
    expect(ask({ period: 'yesterday' })).toEqual({ from: midnight(11, 23), to: midnight(11, 24) });
    expect(ask({ period: '7days' })).toEqual({ from: midnight(11, 18) });
    expect(ask({ period: '30days' })).toEqual({ from: midnight(10, 26) });
  });

  test('includes the last day of a custom period, and either end may be open', () => {
    expect(ask({ period: 'own', from: '2026-11-30', to: '2026-11-30' })).toEqual({
      from: midnight(11, 30),
      to: midnight(12, 1),
    });
    expect(ask({ period: 'own', to: '2026-11-30' })).toEqual({ from: undefined, to: midnight(12, 1) });
  });

  test('filters missed calls, calls in progress and dispositions in three ways', () => {
    expect(ask({ result: 'missed' })).toEqual({ missed: true });
    expect(ask({ result: 'active' })).toEqual({ ended: false });
    expect(ask({ result: 'busy' })).toEqual({ disposition: 'busy' });
  });

  test('passes on direction, people, modules, numbers, outcomes and clients', () => {
    const filters = of(
      `?direction=out&operator=${OPERATOR}&module=${OPERATOR}&phone=020+7946+0123&outcomeId=${OPERATOR}&clientId=${OPERATOR}`,
    );
    expect(queryOf(filters)).toEqual({
      direction: 'out',
      operatorId: OPERATOR,
      moduleId: OPERATOR,
      phone: '020 7946 0123',
      outcomeId: OPERATOR,
      clientId: OPERATOR,
    });
  });
});
