import { createContext } from 'svelte';
import type { WindowVirtualizerHandle } from 'virtua/svelte';
import { api, ask } from '$lib/api/client';
import { append, change, merge } from '$lib/api/newest-first';
import type { Page } from '$lib/api/pages';
import type { Call, Live } from '$lib/live/live.svelte';
import { NO_FILTERS, queryOf, searchOf, type Filters } from './filters';

/** Calls read at once. */
const PAGE = 50;
/** Calls read anew at once, at most: as many as the server gives. */
const MAX_ANEW = 200;
/** Several changes that come together are read together. */
const PAUSE = 250;

/**
 * The calls that fit the filters, as far as they have been scrolled through. It outlives the page of the list, so that
 * whoever looked at one call comes back to where they were.
 */
export class CallList {
  page = $state.raw<Page<Call>>({ items: [] });
  filters = $state.raw<Filters>(NO_FILTERS);
  isLoading = $state(true);
  isReadingMore = $state(false);
  /** Why the list could not be read, or not anew. */
  failure = $state.raw<unknown>();
  /** Why it could not be read further. */
  moreFailure = $state.raw<unknown>();
  /** Whether the last change put calls on top: then whoever has scrolled must stay where they are. */
  grewOnTop = $state(false);

  /** Where the list was left: how far down, and how high its rows were. */
  scrolled = 0;
  heights: { cache: ReturnType<WindowVirtualizerHandle['getCache']>; length: number; rowHeight: number } | undefined;

  /** Ends what is under way for filters that no longer count. */
  #abort = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wasRead = false;

  get hasMore(): boolean {
    return Boolean(this.page.nextCursor);
  }

  /** Follows the socket until the function that it gives is called. */
  start(live: Live): () => void {
    const stops = [
      live.on('call', ({ call }) => {
        const before = this.page;
        this.page = change(before, call.id, () => call);
        // Whether a new call fits the filters, or a changed one still does, is for the server to say.
        if (this.page === before || searchOf(this.filters)) this.#refreshSoon();
      }),
      live.on('activity', ({ calls }) => calls && this.#refreshSoon()),
      // The connection was lost and is back.
      live.on('snapshot', () => this.#refreshSoon()),
    ];
    return () => {
      stops.forEach((stop) => stop());
      clearTimeout(this.#timer);
      this.#abort.abort();
    };
  }

  /** Shows the calls that fit; those there are stay in sight until the others come. */
  async show(filters: Filters) {
    if (this.#wasRead && searchOf(filters) === searchOf(this.filters)) return;
    this.filters = filters;
    await this.load();
  }

  /** Reads the list from its beginning. */
  async load() {
    this.#abort.abort();
    const { signal } = (this.#abort = new AbortController());
    this.#wasRead = true;
    this.isLoading = true;
    this.failure = this.moreFailure = undefined;
    try {
      const page = await this.#read({ limit: PAGE }, signal);
      if (!signal.aborted) this.#set(page);
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    } finally {
      if (!signal.aborted) this.isLoading = false;
    }
  }

  async readMore() {
    if (!this.page.nextCursor || this.isReadingMore || this.isLoading) return;
    const { signal } = this.#abort;
    this.isReadingMore = true;
    this.moreFailure = undefined;
    try {
      const next = await this.#read({ limit: PAGE, cursor: this.page.nextCursor }, signal);
      if (!signal.aborted) this.#set(append(this.page, next));
    } catch (error) {
      if (!signal.aborted) this.moreFailure = error;
    } finally {
      this.isReadingMore = false;
    }
  }

  #refreshSoon() {
    if (!this.#wasRead) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#refresh();
    }, PAUSE);
  }

  /** Reads the newest part anew: down to the last call that still goes on, since that one may have changed. */
  async #refresh() {
    if (this.isLoading || this.isReadingMore) return this.#refreshSoon();
    const { signal } = this.#abort;
    const running = this.page.items.findLastIndex(({ state }) => state !== 'ended') + 1;
    try {
      const newest = await this.#read({ limit: Math.min(Math.max(PAGE, running), MAX_ANEW) }, signal);
      if (signal.aborted) return;
      this.failure = undefined;
      this.#set(merge(this.page, newest, ({ startedAt }) => Date.parse(startedAt)));
    } catch (error) {
      if (!signal.aborted) this.failure = error;
    }
  }

  #set(page: Page<Call>) {
    const [first] = this.page.items;
    this.grewOnTop = first !== undefined && page.items.findIndex(({ id }) => id === first.id) > 0;
    this.page = page;
  }

  #fail(error: unknown) {
    this.page = { items: [] };
    this.failure = error;
  }

  #read(part: { limit: number; cursor?: string }, signal: AbortSignal): Promise<Page<Call>> {
    const query = { ...queryOf(this.filters), ...part };
    return ask(api.GET('/api/v1/calls', { params: { query }, signal }));
  }
}

export const [getCallList, setCallList] = createContext<CallList>();
