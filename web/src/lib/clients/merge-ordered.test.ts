import { expect, test } from 'vitest';
import { mergeOrdered } from './merge-ordered';

const page = (names: string, nextCursor: string | null = 'more') => ({
  items: [...names].map((id) => ({ id })),
  nextCursor,
});
const names = (list: { items: { id: string }[] }) => list.items.map(({ id }) => id).join('');

test('what was read further down stays behind the beginning that was read anew', () => {
  const list = mergeOrdered(page('acegik', 'after k'), page('abceg', 'after g'));
  expect(names(list)).toBe('abcegik');
  expect(list.nextCursor).toBe('after k');
});

test('what went, and what moved up, is not there twice', () => {
  expect(names(mergeOrdered(page('acegik'), page('akeg')))).toBe('akegi');
});

test('the list goes on behind a beginning that is all, or whose end is new', () => {
  expect(names(mergeOrdered(page('ace'), page('ab', null)))).toBe('ab');
  const list = mergeOrdered(page('ace', 'after e'), page('abd', 'after d'));
  expect(names(list)).toBe('abd');
  expect(list.nextCursor).toBe('after d');
});
