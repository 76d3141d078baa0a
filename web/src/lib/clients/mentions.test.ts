import { expect, test } from 'vitest';
import { mentionBefore, mentionedIn, partsOf, peopleFor } from './mentions';

const people = [
  { id: '1', name: 'Ann' },
  { id: '2', name: 'Ann Lee' },
  { id: '3', name: 'C. (Kit) Nguyễn' },
];

test('a mention begins with an @ that stands alone', () => {
  expect(mentionBefore('@', 1)).toEqual({ from: 0, typed: '' });
  expect(mentionBefore('Ask @Ann L', 10)).toEqual({ from: 4, typed: 'Ann L' });
  expect(mentionBefore('Ask @Ann L about it', 8)).toEqual({ from: 4, typed: 'Ann' });
  expect(mentionBefore('post@northwind.example', 22)).toBeUndefined();
  expect(mentionBefore('Ask @Ann\nand go', 15)).toBeUndefined();
});

test('people are found by any word of their name, until a name is complete', () => {
  const found = (typed: string) => peopleFor(people, typed).map(({ id }) => id);
  expect(found('')).toEqual(['1', '2', '3']);
  expect(found('an')).toEqual(['1', '2']);
  expect(found('nguy')).toEqual(['3']);
  expect(found('Ann Lee ')).toEqual([]);
});

test('the longest name counts, and only whole names', () => {
  const mentioned = (text: string) => mentionedIn(people, text).map(({ id }) => id);
  expect(mentioned('@Ann Lee, please call.')).toEqual(['2']);
  expect(mentioned('@Ann and @C. (Kit) Nguyễn')).toEqual(['1', '3']);
  expect(mentioned('@Anna is nobody')).toEqual([]);
});

test('a text is cut into mentions and the rest', () => {
  expect(partsOf('Hello @Ann Lee.', people)).toEqual([
    { text: 'Hello ' },
    { text: '@Ann Lee', mention: 'Ann Lee' },
    { text: '.' },
  ]);
  expect(partsOf('Hello', [])).toEqual([{ text: 'Hello' }]);
});
