import { PagedList } from './paged-list.svelte';
import { mergeNewest, type Item, type Page } from './pages';

/** Most items kept, so that a list left open all day does not fill the browser's memory. */
const MOST = 2000;

/**
 * A list, newest first, that can be paused: while somebody reads further down, new items wait, so that nothing moves
 * as they read. Ids must increase over time.
 */
export abstract class PausableList<T extends Item> extends PagedList<T> {
  /** Loaded but not shown yet. */
  #waiting = $state.raw<Page<T>>();
  #paused = false;

  /** The number of waiting items; a minimum if there are more than one request returns. */
  get newer(): { count: number; isAll: boolean } {
    const known = new Set(this.page.items.map(({ id }) => id));
    const all = this.#waiting?.items ?? [];
    const count = all.filter(({ id }) => !known.has(id)).length;
    return { count, isAll: count < all.length };
  }

  pause(paused: boolean) {
    this.#paused = paused;
    if (!paused && this.#waiting) this.set(this.#show(this.#waiting));
  }

  /** Only the new items: such a list grows long when left open all day. */
  protected override get changeable(): number {
    return 0;
  }

  protected override merge(list: Page<T>, newest: Page<T>): Page<T> {
    if (!this.#paused) return this.#show(newest);
    this.#waiting = newest;
    // Changes to visible items are shown immediately.
    const fresh = new Map(newest.items.map((item) => [item.id, item]));
    return { ...list, items: list.items.map((item) => fresh.get(item.id) ?? item) };
  }

  #show(newest: Page<T>): Page<T> {
    this.#waiting = undefined;
    return this.page.items.length > MOST ? newest : mergeNewest(this.page, newest, ({ id }) => id);
  }
}
