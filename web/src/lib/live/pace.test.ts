import { expect, test, vi } from 'vitest';
import { oneAtATime, Soon } from './pace';

/** Work that the test ends. */
function slowWork() {
  const ends: (() => void)[] = [];
  const run = oneAtATime(() => new Promise<void>((resolve) => ends.push(resolve)));
  const settle = () => new Promise((resolve) => setTimeout(resolve));
  return { run, ends, settle };
}

test('what is asked for while it runs is done once more afterwards, not twice', async () => {
  const { run, ends, settle } = slowWork();
  run();
  run();
  run();
  expect(ends).toHaveLength(1);
  ends[0]?.();
  await settle();
  expect(ends).toHaveLength(2);
  ends[1]?.();
  await settle();
  expect(ends).toHaveLength(2);
});

test('it runs again when asked after it has ended', async () => {
  const { run, ends, settle } = slowWork();
  run();
  ends[0]?.();
  await settle();
  run();
  expect(ends).toHaveLength(2);
});

test('what asks within a moment is done together, and not at all once it is cancelled', () => {
  vi.useFakeTimers();
  const work = vi.fn();
  const soon = new Soon(work);
  soon.ask();
  soon.ask();
  vi.runAllTimers();
  expect(work).toHaveBeenCalledOnce();
  soon.ask();
  soon.cancel();
  vi.runAllTimers();
  expect(work).toHaveBeenCalledOnce();
  soon.ask();
  vi.runAllTimers();
  expect(work).toHaveBeenCalledTimes(2);
  vi.useRealTimers();
});
