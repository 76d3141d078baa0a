import { expect, test, vi } from 'vitest';
import type { Page } from './pages';
import { PausableList } from './pausable-list.svelte';

interface Line {
  id: number;
  text: string;
}

class Lines extends PausableList<Line> {
  next: Page<Line> = { items: [] };

  protected override async read() {
    return this.next;
  }
}

const lines = (ids: number[], text = '') => ({ items: ids.map((id) => ({ id, text })), nextCursor: 'more' });

async function open() {
  vi.useFakeTimers();
  const list = new Lines();
  const say = async (page: Page<Line>) => {
    list.next = page;
    list.open();
    await vi.advanceTimersByTimeAsync(300);
  };
  await say(lines([2, 1]));
  return { list, say, ids: () => list.page.items.map(({ id }) => id) };
}

test('new items are added immediately, and wait while the list is paused', async () => {
  const { list, say, ids } = await open();
  await say(lines([3, 2, 1]));
  expect(ids()).toEqual([3, 2, 1]);
  list.pause(true);
  await say(lines([5, 4, 3]));
  expect(ids()).toEqual([3, 2, 1]);
  expect(list.newer).toEqual({ count: 2, isAll: true });
  list.pause(false);
  expect(ids()).toEqual([5, 4, 3, 2, 1]);
  expect(list.newer.count).toBe(0);
});

test('changes to visible items are shown even while paused', async () => {
  const { list, say } = await open();
  list.pause(true);
  await say(lines([3, 2, 1], 'done'));
  expect(list.page.items.map(({ text }) => text)).toEqual(['done', 'done']);
});

test('more new items than one request returns are counted as a minimum', async () => {
  const { list, say } = await open();
  list.pause(true);
  await say(lines([9, 8]));
  expect(list.newer).toEqual({ count: 2, isAll: false });
});
