import { PagedList } from './paged-list.svelte';
import { mergeNewest, type Item, type Page } from './pages';

/** Items kept at once; a list that is watched all day must not fill the browser. */
const MOST = 2000;

/**
 * A list, newest first, that can be paused: while somebody reads further down, new items wait, so that nothing moves away
 * under their eyes. Its ids grow with time.
 */
export abstract class PausableList<T extends Item> extends PagedList<T> {
  /** Read, but not shown yet. */
  #waiting = $state.raw<Page<T>>();
  #paused = false;

  /** New items that wait; where there are more than are read at once, at least so many. */
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

  /** Only what is new: watched all day, such a list grows long. */
  protected override get changeable(): number {
    return 0;
  }

  protected override merge(list: Page<T>, newest: Page<T>): Page<T> {
    if (!this.#paused) return this.#show(newest);
    this.#waiting = newest;
    // What became of the items in sight is shown at once.
    const fresh = new Map(newest.items.map((item) => [item.id, item]));
    return { ...list, items: list.items.map((item) => fresh.get(item.id) ?? item) };
  }

  #show(newest: Page<T>): Page<T> {
    this.#waiting = undefined;
    return this.page.items.length > MOST ? newest : mergeNewest(this.page, newest, ({ id }) => id);
  }
}
