import { expect, test } from 'vitest';
import { marksOf } from './scale';

test('a number axis is marked at round numbers, the last at or above the greatest value', () => {
  expect(marksOf(0, 'count')).toEqual([0, 1]);
  expect(marksOf(3, 'count')).toEqual([0, 1, 2, 3]);
  expect(marksOf(37, 'count')).toEqual([0, 10, 20, 30, 40]);
  expect(marksOf(1234, 'count')).toEqual([0, 500, 1000, 1500]);
});

test('a time axis is marked in clock units', () => {
  expect(marksOf(17, 'seconds')).toEqual([0, 5, 10, 15, 20]);
  expect(marksOf(200, 'seconds')).toEqual([0, 60, 120, 180, 240]);
  expect(marksOf(5 * 86_400, 'seconds')).toEqual([0, 172_800, 345_600, 518_400]);
});

test('a share axis ends at 100%', () => {
  expect(marksOf(0.3, 'share')).toEqual([0, 0.25, 0.5, 0.75, 1]);
});
