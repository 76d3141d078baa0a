import { describe, expect, test } from 'vitest';
import { append, change, mergeNewest, mergeOrdered, type Page } from './pages';

/** The n-th item of the day; `line` tells two readings of the same item apart. */
interface Thing {
  id: string;
  at: number;
  line: string;
}
const page = (numbers: number[], nextCursor: string | null = 'more', line = ''): Page<Thing> => ({
  items: numbers.map((n) => ({ id: `thing-${n}`, at: n, line })),
  nextCursor,
});
const merge = (list: Page<Thing>, newest: Page<Thing>) => mergeNewest(list, newest, ({ at }) => at);
const numbers = (list: Page<Thing>) => list.items.map(({ id }) => Number(id.replace('thing-', '')));

describe('the reloaded newest part of a list', () => {
  test('adds new items on top and keeps older ones', () => {
    const list = merge(page([6, 5, 4, 3, 2, 1], 'after 1'), page([8, 7, 6, 5], 'after 5', 'again'));
    expect(numbers(list)).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
    expect(list.items.map(({ line }) => line)).toEqual(['again', 'again', 'again', 'again', '', '', '', '']);
    expect(list.nextCursor).toBe('after 1');
  });

  test('removes what no longer belongs there', () => {
    expect(numbers(merge(page([6, 5, 4, 3], 'after 3'), page([6, 4], 'after 4')))).toEqual([6, 4, 3]);
  });

  test('is the whole list if the server has no more', () => {
    const list = merge(page([3, 2, 1]), page([4, 2], null));
    expect(numbers(list)).toEqual([4, 2]);
    expect(list.nextCursor).toBeNull();
  });

  test('starts over if items in between are missing', () => {
    const list = merge(page([3, 2, 1], 'after 1'), page([9, 8, 7], 'after 7'));
    expect(numbers(list)).toEqual([9, 8, 7]);
    expect(list.nextCursor).toBe('after 7');
  });

  test('continues after itself if it reaches further than the list did', () => {
    const list = merge(page([3, 2], 'after 2'), page([3, 2, 1], 'after 1'));
    expect(numbers(list)).toEqual([3, 2, 1]);
    expect(list.nextCursor).toBe('after 1');
  });
});

test('the next page is appended without duplicates', () => {
  const list = append(page([5, 4, 3], 'after 3'), page([3, 2, 1], null));
  expect(numbers(list)).toEqual([5, 4, 3, 2, 1]);
  expect(list.nextCursor).toBeNull();
});

test('an item changes in place, and an unlisted one changes nothing', () => {
  const list = page([2, 1]);
  expect(change(list, 'thing-1', (thing) => ({ ...thing, line: 'other' })).items.at(1)?.line).toBe('other');
  expect(change(list, 'thing-7', (thing) => thing)).toBe(list);
});

describe('the reloaded beginning of a list that only the server can order', () => {
  const named = (names: string, nextCursor: string | null = 'more') => ({
    items: [...names].map((id) => ({ id })),
    nextCursor,
  });
  const names = (list: { items: { id: string }[] }) => list.items.map(({ id }) => id).join('');

  test('older items stay after the reloaded beginning', () => {
    const list = mergeOrdered(named('acegik', 'after k'), named('abceg', 'after g'));
    expect(names(list)).toBe('abcegik');
    expect(list.nextCursor).toBe('after k');
  });

  test('removed items and items that moved up are not duplicated', () => {
    expect(names(mergeOrdered(named('acegik'), named('akeg')))).toBe('akegi');
  });

  test('the list continues after a beginning that is complete, or whose end is new', () => {
    expect(names(mergeOrdered(named('ace'), named('ab', null)))).toBe('ab');
    const list = mergeOrdered(named('ace', 'after e'), named('abd', 'after d'));
    expect(names(list)).toBe('abd');
    expect(list.nextCursor).toBe('after d');
  });
});
