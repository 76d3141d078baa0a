import { expect, test, vi } from 'vitest';
import { oneAtATime, Soon } from './pace';

/** Work that the test completes. */
function slowWork() {
  const ends: (() => void)[] = [];
  const run = oneAtATime(() => new Promise<void>((resolve) => ends.push(resolve)));
  const settle = () => new Promise((resolve) => setTimeout(resolve));
  return { run, ends, settle };
}

test('requests made while it runs cause one more run afterwards, not two', async () => {
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

test('it runs again when requested after it has ended', async () => {
  const { run, ends, settle } = slowWork();
  run();
  ends[0]?.();
  await settle();
  run();
  expect(ends).toHaveLength(2);
});

test('requests within a moment run together, and not at all once cancelled', () => {
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
