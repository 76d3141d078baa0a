import { expect, test } from 'vitest';
import { NO_FILTERS, filtersOf, queryOf, searchOf } from './filters';

const user = '018f3f6e-6a3c-7b1e-9d52-0d6f3d0d8c11';
const of = (search: string) => filtersOf(new URLSearchParams(search));

test('what an address says is what it is made of again', () => {
  const search = `?query=020+7946&kind=lead&responsible=${user}&tag=vip&archived=true`;
  expect(searchOf(of(search))).toBe(search);
  expect(searchOf(NO_FILTERS)).toBe('');
});

test('what an address says wrongly does not count', () => {
  expect(of('?kind=dog&responsible=me&company=1&archived=yes')).toEqual(NO_FILTERS);
});

test('the API is asked for what narrows the list alone', () => {
  expect(queryOf(NO_FILTERS)).toEqual({});
  expect(queryOf(of('?query=ann&kind=company&responsible=none&archived=true'))).toEqual({
    query: 'ann',
    kind: 'company',
    responsibleId: 'none',
    archived: true,
  });
});
