import type { WindowVirtualizerHandle } from 'virtua/svelte';
import { Soon } from '$lib/live/pace';
import { append, type Item, type Page } from './pages';

/** Items per request. */
const PAGE = 50;
/** Most items to reload in one request; the server's own limit. */
const MAX_AGAIN = 200;

export interface Part {
  limit: number;
  cursor?: string;
}

/** A long list, loaded as far as it has been scrolled and kept up to date. */
export abstract class PagedList<T extends Item> {
  page = $state.raw<Page<T>>({ items: [] });
  isLoading = $state(true);
  isReadingMore = $state(false);
  /** Why the list could not be loaded or reloaded. */
  failure = $state.raw<unknown>();
  /** Why the next page could not be loaded. */
  moreFailure = $state.raw<unknown>();

  /** The scroll position when the list was left, and its measured row heights. */
  scrolled = 0;
  heights: { cache: ReturnType<WindowVirtualizerHandle['getCache']>; length: number; rowHeight: number } | undefined;

  protected wasRead = false;
  /** Aborts requests for filters that no longer apply. */
  #abort = new AbortController();
  readonly #soon = new Soon(() => void this.#refresh());

  /** Reads part of the list from the server. */
  protected abstract read(part: Part, signal: AbortSignal): Promise<Page<T>>;

  /** Merges the reloaded beginning into the list. */
  protected abstract merge(list: Page<T>, beginning: Page<T>): Page<T>;

  /** How many items from the start may have changed. */
  protected get changeable(): number {
    return this.page.items.length;
  }

  /** How many items to reload from the start. */
  protected get again(): number {
    return Math.min(Math.max(PAGE, this.changeable), MAX_AGAIN);
  }

  get hasMore(): boolean {
    return Boolean(this.page.nextCursor);
  }

  /** Loads the list from the start. */
  async load() {
    this.#abort.abort();
    const { signal } = (this.#abort = new AbortController());
    this.wasRead = true;
    this.isLoading = true;
    this.failure = this.moreFailure = undefined;
    try {
      const page = await this.read({ limit: PAGE }, signal);
      if (!signal.aborted) this.set(page);
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    } finally {
      if (!signal.aborted) this.isLoading = false;
    }
  }

  async readMore() {
    const cursor = this.page.nextCursor;
    if (!cursor || this.isReadingMore || this.isLoading) return;
    const { signal } = this.#abort;
    this.isReadingMore = true;
    this.moreFailure = undefined;
    try {
      const next = await this.read({ limit: PAGE, cursor }, signal);
      // Skipped if the whole list has been replaced in the meantime.
      if (!signal.aborted && this.page.nextCursor === cursor) this.set(append(this.page, next));
    } catch (error) {
      if (!signal.aborted) this.moreFailure = error;
    } finally {
      this.isReadingMore = false;
    }
  }

  /** Loads the list the first time; afterwards, only reloads what changed. */
  open() {
    if (this.wasRead) this.refreshSoon();
    else void this.load();
  }

  /** Call this when an item changed. */
  refreshSoon() {
    if (this.wasRead) this.#soon.ask();
  }

  stop() {
    this.#soon.cancel();
    this.#abort.abort();
  }

  protected set(page: Page<T>) {
    this.page = page;
  }

  async #refresh() {
    if (this.isLoading || this.isReadingMore) return this.refreshSoon();
    const { signal } = this.#abort;
    try {
      const beginning = await this.read({ limit: this.again }, signal);
      if (signal.aborted) return;
      this.failure = undefined;
      this.set(this.merge(this.page, beginning));
    } catch (error) {
      if (!signal.aborted) this.failure = error;
    }
  }

  #fail(error: unknown) {
    this.page = { items: [] };
    this.failure = error;
  }
}
