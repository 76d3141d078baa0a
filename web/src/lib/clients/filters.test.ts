import { expect, test } from 'vitest';
import { NO_FILTERS, filtersOf, queryOf, searchOf } from './filters';

const user = '018f3f6e-6a3c-7b1e-9d52-0d6f3d0d8c11';
const of = (search: string) => filtersOf(new URLSearchParams(search));

test('a URL survives being parsed and rebuilt', () => {
  const search = `?query=020+7946&kind=lead&responsible=${user}&tag=vip&archived=true`;
  expect(searchOf(of(search))).toBe(search);
  expect(searchOf(NO_FILTERS)).toBe('');
});

test('invalid values in a URL are ignored', () => {
  expect(of('?kind=dog&responsible=me&company=1&archived=yes')).toEqual(NO_FILTERS);
});

test('the API query contains only active filters', () => {
  expect(queryOf(NO_FILTERS)).toEqual({});
  expect(queryOf(of('?query=ann&kind=company&responsible=none&archived=true'))).toEqual({
    query: 'ann',
    kind: 'company',
    responsibleId: 'none',
    archived: true,
  });
});
