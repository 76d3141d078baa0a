// @vitest-environment jsdom
import { cleanup, render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { createRawSnippet } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PagedList, type Part } from '$lib/api/paged-list.svelte';
import { mergeOrdered, type Page } from '$lib/api/pages';
import PagedListView from './PagedListView.svelte';

afterEach(cleanup);

interface Thing {
  id: string;
}

/** A list whose requests the test answers. */
class Things extends PagedList<Thing> {
  asked: { part: Part; answer: (page: Page<Thing>) => void; fail: (error: Error) => void }[] = [];

  protected override read(part: Part) {
    return new Promise<Page<Thing>>((answer, fail) => this.asked.push({ part, answer, fail }));
  }

  protected override merge(list: Page<Thing>, beginning: Page<Thing>) {
    return mergeOrdered(list, beginning);
  }
}

const things = (...ids: string[]) => ids.map((id) => ({ id }));

/** Simulates the end of the list scrolling into view. */
let comeIntoSight: () => void;

beforeEach(() => {
  vi.stubGlobal(
    'IntersectionObserver',
    class {
      constructor(callback: (entries: { isIntersecting: boolean }[]) => void) {
        comeIntoSight = () => callback([{ isIntersecting: true }]);
      }
      observe() {}
      disconnect() {}
    },
  );
});

function open() {
  const list = new Things();
  const text = (words: string) => createRawSnippet(() => ({ render: () => `<p>${words}</p>` }));
  const children = createRawSnippet(() => ({
    render: () => '<p data-testid="rows"></p>',
    setup: (rows) => {
      $effect(() => {
        rows.textContent = list.page.items.map(({ id }) => id).join(' ');
      });
    },
  }));
  render(PagedListView, { list, lines: 3, children, empty: text('No things'), total: 'That is all' } as never);
  list.open();
  const rows = () => screen.queryByTestId('rows')?.textContent;
  const last = () => list.asked.at(-1);
  return { list, rows, last };
}

test('a placeholder is shown while it loads', () => {
  const { rows } = open();
  expect(screen.getByRole('status', { name: 'Loading…' })).toBeTruthy();
  expect(rows()).toBeUndefined();
});

test('a list without items says so', async () => {
  const { last } = open();
  last()?.answer({ items: [] });
  expect(await screen.findByText('No things')).toBeTruthy();
  expect(screen.queryByRole('status')).toBeNull();
});

test('a list that cannot be loaded says why and can be reloaded', async () => {
  const { list, rows, last } = open();
  last()?.fail(new Error('No connection'));
  expect((await screen.findByRole('alert')).textContent).toContain('No connection');
  expect(screen.queryByText('No things')).toBeNull();
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(list.asked).toHaveLength(2);
  last()?.answer({ items: things('a') });
  await vi.waitFor(() => expect(rows()).toBe('a'));
  expect(screen.queryByRole('alert')).toBeNull();
});

test('the next page is loaded once the end comes into view', async () => {
  const { list, rows, last } = open();
  last()?.answer({ items: things('a', 'b'), nextCursor: 'after b' });
  expect((await screen.findByText('Loading more…')).textContent).toBeTruthy();
  comeIntoSight();
  comeIntoSight();
  expect(list.asked).toHaveLength(2);
  expect(last()?.part.cursor).toBe('after b');
  last()?.answer({ items: things('b', 'c') });
  await vi.waitFor(() => expect(rows()).toBe('a b c'));
  expect(screen.getByText('That is all')).toBeTruthy();
});

test('if the next page fails, what was loaded stays', async () => {
  const { rows, last } = open();
  last()?.answer({ items: things('a'), nextCursor: 'after a' });
  await screen.findByText('Loading more…');
  comeIntoSight();
  last()?.fail(new Error('Gone for a moment'));
  expect((await screen.findByRole('alert')).textContent).toContain('Gone for a moment');
  expect(rows()).toBe('a');
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  last()?.answer({ items: things('b') });
  await vi.waitFor(() => expect(rows()).toBe('a b'));
});

test('a page that was loaded while the whole list was replaced leaves no gap', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { list, last } = open();
  last()?.answer({ items: things('a'), nextCursor: 'after a' });
  await vi.waitFor(() => expect(list.isLoading).toBe(false));
  list.refreshSoon();
  vi.advanceTimersByTime(300);
  vi.useRealTimers();
  const again = last();
  void list.readMore();
  const more = last();
  again?.answer({ items: things('x', 'y'), nextCursor: 'after y' });
  await vi.waitFor(() => expect(list.page.nextCursor).toBe('after y'));
  more?.answer({ items: things('b'), nextCursor: 'after b' });
  await vi.waitFor(() => expect(list.isReadingMore).toBe(false));
  expect(list.page.items).toEqual(things('x', 'y'));
});
