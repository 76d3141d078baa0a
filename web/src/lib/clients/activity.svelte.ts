import { SvelteMap, SvelteSet } from 'svelte/reactivity';
import { api, ask, type Schemas } from '$lib/api/client';
import { PagedList, type Part } from '$lib/api/paged-list.svelte';
import { change, mergeNewest, type Page } from '$lib/api/pages';
import type { Live } from '$lib/live/live.svelte';
import type { Comment } from './clients';

export type Entry = Schemas['Activity'] & { id: string };
export type CallEntry = Extract<Entry, { type: 'call' }>;

/** How long a deleted comment can be restored. */
export const UNDO_MILLISECONDS = 8000;

/** A client's activity, newest first and live. */
export class ActivityList extends PagedList<Entry> {
  /** Editors with unsent text. */
  readonly unsent = new SvelteSet<string>();
  /** Comments that will be deleted unless the user undoes it. */
  readonly #leaving = new SvelteMap<string, ReturnType<typeof setTimeout>>();

  constructor(readonly clientId: string) {
    super();
  }

  get entries(): Entry[] {
    if (this.#leaving.size === 0) return this.page.items;
    const stays = ({ id }: Comment) => !this.#leaving.has(id);
    return this.page.items
      .filter((entry) => entry.type === 'call' || stays(entry.comment))
      .map((entry) => (entry.type === 'call' ? { ...entry, comments: entry.comments.filter(stays) } : entry));
  }

  /** Loads it and subscribes to the socket. Returns a function that unsubscribes. */
  start(live: Live): () => void {
    void this.load();
    const stop = live.on({
      clients: ({ ids }) => {
        if (ids.length === 0 || ids.includes(this.clientId)) this.refreshSoon();
      },
      call: ({ call }) => {
        this.page = change(this.page, call.id, (entry) => ({ ...entry, call }) as Entry);
      },
      snapshot: () => this.refreshSoon(),
    });
    return () => {
      stop();
      this.stop();
    };
  }

  /** Writes a comment on the client, or on one of its calls. */
  async write(text: string, mentions: string[], callId?: string) {
    const params = { path: { id: this.clientId } };
    await ask(api.POST('/api/v1/clients/{id}/activity', { params, body: { text, mentions, callId } }));
    await this.#changed();
  }

  async edit({ id }: Comment, text: string, mentions: string[]) {
    await ask(api.PATCH('/api/v1/comments/{id}', { params: { path: { id } }, body: { text, mentions } }));
    await this.#changed();
  }

  /** Hides a comment immediately and deletes it a little later. If that fails, it reappears and `failed` is called. */
  removeSoon(comment: Comment, failed: (error: unknown) => void) {
    const timer = setTimeout(() => void this.#remove(comment).catch(failed), UNDO_MILLISECONDS);
    this.#leaving.set(comment.id, timer);
  }

  keep({ id }: Comment) {
    clearTimeout(this.#leaving.get(id));
    this.#leaving.delete(id);
  }

  /** Sends pending deletions without waiting for an answer, because the page is closing. */
  flush() {
    for (const [id, timer] of this.#leaving) {
      clearTimeout(timer);
      api.DELETE('/api/v1/comments/{id}', { params: { path: { id } }, keepalive: true }).catch(() => {});
    }
    this.#leaving.clear();
  }

  async #remove({ id }: Comment) {
    try {
      await ask(api.DELETE('/api/v1/comments/{id}', { params: { path: { id } } }));
      await this.#changed();
    } finally {
      this.#leaving.delete(id);
    }
  }

  /** Reloads after a change made here. */
  async #changed() {
    this.page = this.merge(this.page, await this.read({ limit: this.again }));
  }

  protected override merge(list: Page<Entry>, newest: Page<Entry>): Page<Entry> {
    return mergeNewest(list, newest, ({ at }) => Date.parse(at));
  }

  protected override async read(part: Part, signal?: AbortSignal): Promise<Page<Entry>> {
    const params = { path: { id: this.clientId }, query: part };
    const page = await ask(api.GET('/api/v1/clients/{id}/activity', { params, signal }));
    const items = page.items.map((entry) => ({
      ...entry,
      id: entry.type === 'call' ? entry.call.id : entry.comment.id,
    }));
    return { ...page, items };
  }
}
