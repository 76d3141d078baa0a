import { expect, test } from 'vitest';
import { cutOf } from './filters';

test('up to two days are grouped by hour, more by day', () => {
  const now = new Date(2026, 10, 24, 15);
  const from = (day: number) => new Date(2026, 10, day).toISOString();
  expect(cutOf({ from: from(24) }, now)).toBe('hour');
  expect(cutOf({ from: from(20), to: from(22) }, now)).toBe('hour');
  expect(cutOf({ from: from(18) }, now)).toBe('day');
  expect(cutOf({}, now)).toBe('day');
});
