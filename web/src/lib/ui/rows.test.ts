import { expect, test } from 'vitest';
import { rowAfter } from './rows';

test('arrow keys, j and k move through the rows and stop at both ends', () => {
  expect(rowAfter('j', 0, 3)).toBe(1);
  expect(rowAfter('ArrowDown', 2, 3)).toBe(2);
  expect(rowAfter('k', 2, 3)).toBe(1);
  expect(rowAfter('ArrowUp', 0, 3)).toBe(0);
  expect(rowAfter('End', 0, 3)).toBe(2);
  expect(rowAfter('Home', 2, 3)).toBe(0);
});

test('the first key moves to the first row; other keys and an empty list do nothing', () => {
  expect(rowAfter('j', -1, 3)).toBe(0);
  expect(rowAfter('Enter', 0, 3)).toBeUndefined();
  expect(rowAfter('j', -1, 0)).toBeUndefined();
});
