import { SvelteSet } from 'svelte/reactivity';
import { api, ask } from '$lib/api/client';
import { append, merge } from '$lib/api/newest-first';
import type { Page } from '$lib/api/pages';
import { Problem } from '$lib/api/problem';
import type { Call, Live } from '$lib/live/live.svelte';

const PAGE = 50;
const MAX_ANEW = 200;

/** Missed calls that nobody has dealt with yet. */
export class MissedList {
  isLoading = $state(true);
  /** Why the list could not be read. */
  failure = $state.raw<unknown>();
  /** Why it could not be read further. */
  moreFailure = $state.raw<unknown>();

  #page = $state.raw<Page<Call>>({ items: [] });
  /** On their way to the server; until it has answered they would come back with every reading of the list. */
  #leaving = new SvelteSet<string>();
  #isReadingMore = false;

  get calls(): Call[] {
    return this.#page.items.filter(({ id }) => !this.#leaving.has(id));
  }

  get hasMore(): boolean {
    return Boolean(this.#page.nextCursor);
  }

  /** Reads the list, and again with each change, until the function that it gives is called. */
  start(live: Live): () => void {
    void this.load();
    const stops = [live.on('missed', () => void this.load()), live.on('snapshot', () => void this.load())];
    return () => stops.forEach((stop) => stop());
  }

  async load() {
    const limit = Math.min(Math.max(PAGE, this.#page.items.length), MAX_ANEW);
    try {
      const newest = await this.#read({ limit });
      this.#page = merge(this.#page, newest, ({ startedAt }) => Date.parse(startedAt));
      this.failure = undefined;
    } catch (error) {
      this.failure = error;
    } finally {
      this.isLoading = false;
    }
  }

  async readMore() {
    if (!this.#page.nextCursor || this.#isReadingMore) return;
    this.#isReadingMore = true;
    this.moreFailure = undefined;
    try {
      const next = await this.#read({ limit: PAGE, cursor: this.#page.nextCursor });
      this.#page = append(this.#page, next);
    } catch (error) {
      this.moreFailure = error;
    } finally {
      this.#isReadingMore = false;
    }
  }

  /** The call leaves the list at once, and comes back where the server refuses. */
  async resolve(id: string) {
    this.#leaving.add(id);
    try {
      await ask(api.POST('/api/v1/missed-calls/{id}/resolve', { params: { path: { id } } }));
      this.#remove(id);
    } catch (error) {
      if (error instanceof Problem && error.code === 'alreadyResolved') this.#remove(id);
      throw error;
    } finally {
      this.#leaving.delete(id);
    }
  }

  async reopen(id: string) {
    await ask(api.POST('/api/v1/missed-calls/{id}/reopen', { params: { path: { id } } }));
    await this.load();
  }

  #remove(id: string) {
    this.#page = { ...this.#page, items: this.#page.items.filter((call) => call.id !== id) };
  }

  async #read(query: { limit: number; cursor?: string }): Promise<Page<Call>> {
    const page = await ask(api.GET('/api/v1/missed-calls', { params: { query } }));
    return { ...page, items: page.items.map(({ call }) => call) };
  }
}
