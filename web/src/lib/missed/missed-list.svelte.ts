import { SvelteSet } from 'svelte/reactivity';
import { api, ask, type Schemas } from '$lib/api/client';
import { PagedList, type Part } from '$lib/api/paged-list.svelte';
import { mergeNewest, type Page } from '$lib/api/pages';
import { Problem } from '$lib/api/problem';
import type { Live } from '$lib/live/live.svelte';

export type MissedCaller = Schemas['MissedCaller'];

/** Missed callers nobody has reached yet, one entry each. */
export class MissedList extends PagedList<MissedCaller> {
  /** Callers being resolved; until the server has answered, reloading the list would bring them back. */
  #leaving = new SvelteSet<string>();

  get callers(): MissedCaller[] {
    return this.page.items.filter(({ id }) => !this.#leaving.has(id));
  }

  /** Loads the list and reloads it on each change. Returns a function that stops it. */
  start(live: Live): () => void {
    void this.load();
    const again = () => this.refreshSoon();
    const stop = live.on({
      missed: again,
      snapshot: again,
      // Somebody on the list called again or became a client.
      call: ({ call }) => call.missed && again(),
      activity: ({ calls }) => calls && again(),
      clients: again,
    });
    return () => {
      stop();
      this.stop();
    };
  }

  /** Removes the caller from the list immediately; restores it if the server refuses. */
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
