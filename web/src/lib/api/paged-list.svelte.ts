import type { WindowVirtualizerHandle } from 'virtua/svelte';
import { Soon } from '$lib/live/pace';
import { append, type Item, type Page } from './pages';

/** Items read at once. */
const PAGE = 50;
/** Items read again at once, at most: as many as the server gives. */
const MAX_AGAIN = 200;

export interface Part {
  limit: number;
  cursor?: string;
}

/** A long list as far as it has been scrolled through, kept true while things change. */
export abstract class PagedList<T extends Item> {
  page = $state.raw<Page<T>>({ items: [] });
  isLoading = $state(true);
  isReadingMore = $state(false);
  /** Why the list could not be read, or not again. */
  failure = $state.raw<unknown>();
  /** Why it could not be read further. */
  moreFailure = $state.raw<unknown>();

  /** Where the list was left: how far down, and how high its rows were. */
  scrolled = 0;
  heights: { cache: ReturnType<WindowVirtualizerHandle['getCache']>; length: number; rowHeight: number } | undefined;

  protected wasRead = false;
  /** Ends what is under way for a question that no longer counts. */
  #abort = new AbortController();
  readonly #soon = new Soon(() => void this.#refresh());

  /** Reads a part of the list from the server. */
  protected abstract read(part: Part, signal: AbortSignal): Promise<Page<T>>;

  /** The list once its beginning was read again. */
  protected abstract merge(list: Page<T>, beginning: Page<T>): Page<T>;

  /** How many of the first items may have changed. */
  protected get changeable(): number {
    return this.page.items.length;
  }

  /** How many to read again from the beginning. */
  protected get again(): number {
    return Math.min(Math.max(PAGE, this.changeable), MAX_AGAIN);
  }

  get hasMore(): boolean {
    return Boolean(this.page.nextCursor);
  }

  /** Reads the list from its beginning. */
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
      // Unless a new beginning took the place of the whole list meanwhile.
      if (!signal.aborted && this.page.nextCursor === cursor) this.set(append(this.page, next));
    } catch (error) {
      if (!signal.aborted) this.moreFailure = error;
    } finally {
      this.isReadingMore = false;
    }
  }

  /** Reads the list for the first time; later, what changed in it. */
  open() {
    if (this.wasRead) this.refreshSoon();
    else void this.load();
  }

  /** Something in it changed. */
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
