import type { WindowVirtualizerHandle } from 'virtua/svelte';
import { api, ask, type Schemas } from '$lib/api/client';
import { append, merge } from '$lib/api/newest-first';
import type { Page } from '$lib/api/pages';
import { oneAtATime } from '$lib/live/one-at-a-time';

export type WebhookRequest = Schemas['WebhookRequest'];
export type RequestStatus = Schemas['RequestStatus'];

const PAGE = 50;
/** Requests kept at once; a list that is watched all day must not fill the browser. */
const MOST = 2000;

/** A module's webhook requests, newest first, as they come in. */
export class RequestList {
  page = $state.raw<Page<WebhookRequest>>();
  failure = $state.raw<unknown>();
  moreFailure = $state.raw<unknown>();
  isReadingMore = $state(false);
  /** Read, but not shown while somebody reads further down: nothing may move away under their eyes. */
  waiting = $state.raw<Page<WebhookRequest>>();
  /** How high the rows were when the list was left. */
  heights: { cache: ReturnType<WindowVirtualizerHandle['getCache']>; length: number } | undefined;
  #paused = false;

  constructor(
    private readonly moduleId: string,
    readonly status: RequestStatus | undefined,
  ) {}

  /** New requests that wait; where there are more than are read at once, at least so many. */
  get newer(): { count: number; isAll: boolean } {
    const known = new Set(this.page?.items.map(({ id }) => id));
    const all = this.waiting?.items ?? [];
    const count = all.filter(({ id }) => !known.has(id)).length;
    return { count, isAll: count < all.length };
  }

  readonly refresh = oneAtATime(async () => {
    try {
      const newest = await this.#read();
      this.failure = undefined;
      if (this.#paused && this.page) this.#wait(this.page, newest);
      else this.#show(newest);
    } catch (error) {
      this.failure = error;
    }
  });

  pause(paused: boolean) {
    this.#paused = paused;
    if (!paused && this.waiting) this.#show(this.waiting);
  }

  async more() {
    if (!this.page?.nextCursor || this.isReadingMore) return;
    this.isReadingMore = true;
    this.moreFailure = undefined;
    try {
      const cursor = this.page.nextCursor;
      const next = await this.#read(cursor);
      // Unless a newer page has taken the place of all.
      if (this.page.nextCursor === cursor) this.page = append(this.page, next);
    } catch (error) {
      this.moreFailure = error;
    } finally {
      this.isReadingMore = false;
    }
  }

  #show(newest: Page<WebhookRequest>) {
    const tooMany = (this.page?.items.length ?? 0) > MOST;
    // Ids grow with the time of arrival.
    this.page = this.page && !tooMany ? merge(this.page, newest, ({ id }) => id) : newest;
    this.waiting = undefined;
  }

  /** What became of the requests in sight is shown at once. */
  #wait(shown: Page<WebhookRequest>, newest: Page<WebhookRequest>) {
    const fresh = new Map(newest.items.map((request) => [request.id, request]));
    this.page = { ...shown, items: shown.items.map((request) => fresh.get(request.id) ?? request) };
    this.waiting = newest;
  }

  #read(cursor?: string): Promise<Page<WebhookRequest>> {
    const params = { path: { id: this.moduleId }, query: { status: this.status, limit: PAGE, cursor } };
    return ask(api.GET('/api/v1/modules/{id}/requests', { params }));
  }
}
