import { SvelteSet } from 'svelte/reactivity';
import { api, ask, type Schemas } from '$lib/api/client';
import { PagedList, type Part } from '$lib/api/paged-list.svelte';
import { mergeNewest, type Page } from '$lib/api/pages';
import { Problem } from '$lib/api/problem';
import type { Live } from '$lib/live/live.svelte';

export type MissedCaller = Schemas['MissedCaller'];

/** Callers whom nobody has called back yet, one by one. */
export class MissedList extends PagedList<MissedCaller> {
  /** On their way to the server; until it has answered they would come back with every reading of the list. */
  #leaving = new SvelteSet<string>();

  get callers(): MissedCaller[] {
    return this.page.items.filter(({ id }) => !this.#leaving.has(id));
  }

  /** Reads the list, and again with each change, until the function that it gives is called. */
  start(live: Live): () => void {
    void this.load();
    const again = () => this.refreshSoon();
    const stop = live.on({
      missed: again,
      snapshot: again,
      // Somebody on the list called once more, or became a client.
      call: ({ call }) => call.missed && again(),
      activity: ({ calls }) => calls && again(),
      clients: again,
    });
    return () => {
      stop();
      this.stop();
    };
  }

  /** The caller leaves the list at once, and comes back where the server refuses. */
  async resolve(id: string, reason: string) {
    this.#leaving.add(id);
    try {
      const body = { reason: reason || null };
      await ask(api.POST('/api/v1/missed-calls/{id}/resolve', { params: { path: { id } }, body }));
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
    this.refreshSoon();
  }

  protected override merge(list: Page<MissedCaller>, newest: Page<MissedCaller>): Page<MissedCaller> {
    return mergeNewest(list, newest, ({ lastAt }) => Date.parse(lastAt));
  }

  protected override read(part: Part, signal: AbortSignal): Promise<Page<MissedCaller>> {
    return ask(api.GET('/api/v1/missed-calls', { params: { query: part }, signal }));
  }

  #remove(id: string) {
    this.page = { ...this.page, items: this.page.items.filter((caller) => caller.id !== id) };
  }
}
