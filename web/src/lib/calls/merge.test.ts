import { describe, expect, test } from 'vitest';
import type { Call } from '$lib/live/live.svelte';
import { append, change, merge, type CallPage } from './merge';

/** The n-th call of the day; `line` tells two readings of one call apart. */
function call(n: number, line = ''): Call {
  return {
    id: `call-${n}`,
    moduleId: 'module',
    state: 'ended',
    disposition: 'answered',
    operators: [],
    startedAt: new Date(Date.UTC(2026, 10, 24, 9, n)).toISOString(),
    segments: [],
    recording: { available: false },
    missed: false,
    actions: [],
    line,
  };
}
const page = (numbers: number[], nextCursor: string | null = 'more', line = ''): CallPage => ({
  items: numbers.map((n) => call(n, line)),
  nextCursor,
});
const numbers = (list: CallPage) => list.items.map(({ id }) => Number(id.replace('call-', '')));

describe('the newest part of a list, read anew', () => {
  test('brings new calls in on top and keeps what was read further down', () => {
    const list = merge(page([6, 5, 4, 3, 2, 1], 'after 1'), page([8, 7, 6, 5], 'after 5', 'anew'));
    expect(numbers(list)).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
    expect(list.items.map(({ line }) => line)).toEqual(['anew', 'anew', 'anew', 'anew', '', '', '', '']);
    expect(list.nextCursor).toBe('after 1');
  });

  test('takes out what does not belong there any more', () => {
    expect(numbers(merge(page([6, 5, 4, 3], 'after 3'), page([6, 4], 'after 4')))).toEqual([6, 4, 3]);
  });

  test('is all of it where the server has no more', () => {
    const list = merge(page([3, 2, 1]), page([4, 2], null));
    expect(numbers(list)).toEqual([4, 2]);
    expect(list.nextCursor).toBeNull();
  });

  test('starts over where calls between the two are missing', () => {
    const list = merge(page([3, 2, 1], 'after 1'), page([9, 8, 7], 'after 7'));
    expect(numbers(list)).toEqual([9, 8, 7]);
    expect(list.nextCursor).toBe('after 7');
  });

  test('goes on behind itself where it reaches further than the list did', () => {
    const list = merge(page([3, 2], 'after 2'), page([3, 2, 1], 'after 1'));
    expect(numbers(list)).toEqual([3, 2, 1]);
    expect(list.nextCursor).toBe('after 1');
  });
});

test('the next page follows, without what is there already', () => {
  const list = append(page([5, 4, 3], 'after 3'), page([3, 2, 1], null));
  expect(numbers(list)).toEqual([5, 4, 3, 2, 1]);
  expect(list.nextCursor).toBeNull();
});

test('a call changes in its place, and one that is not listed changes nothing', () => {
  const list = page([2, 1]);
  expect(change(list, 'call-1', (call) => ({ ...call, line: 'other' })).items.at(1)?.line).toBe('other');
  expect(change(list, 'call-7', (call) => call)).toBe(list);
});
