import { expect, test } from 'vitest';
import { marksOf } from './scale';

test('an axis of numbers is marked at round ones, the last at or above the greatest', () => {
  expect(marksOf(0, 'count')).toEqual([0, 1]);
  expect(marksOf(3, 'count')).toEqual([0, 1, 2, 3]);
  expect(marksOf(37, 'count')).toEqual([0, 10, 20, 30, 40]);
  expect(marksOf(1234, 'count')).toEqual([0, 500, 1000, 1500]);
});

test('an axis of time is marked at what a clock counts in', () => {
  expect(marksOf(17, 'seconds')).toEqual([0, 5, 10, 15, 20]);
  expect(marksOf(200, 'seconds')).toEqual([0, 60, 120, 180, 240]);
  expect(marksOf(5 * 86_400, 'seconds')).toEqual([0, 172_800, 345_600, 518_400]);
});

test('a share ends at all of it', () => {
  expect(marksOf(0.3, 'share')).toEqual([0, 0.25, 0.5, 0.75, 1]);
});
