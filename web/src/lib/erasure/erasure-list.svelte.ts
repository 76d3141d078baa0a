import { api, ask } from '$lib/api/client';
import { PagedList, type Part } from '$lib/api/paged-list.svelte';
import { mergeNewest, type Page } from '$lib/api/pages';
import type { Erasure } from './erasures';

/** How often the progress of running erasures is fetched, in milliseconds. */
const LOOK = 2000;

/** Erasures, newest first. */
export class ErasureList extends PagedList<Erasure> {
  /** Loads the list, and reloads it while an erasure is running. Returns a function that stops it. */
  start(): () => void {
    void this.load();
    const timer = setInterval(() => {
      if (this.page.items.some(({ doneAt }) => !doneAt)) this.refreshSoon();
    }, LOOK);
    return () => {
      clearInterval(timer);
      this.stop();
    };
  }

  protected override merge(list: Page<Erasure>, newest: Page<Erasure>): Page<Erasure> {
    // Ids increase over time.
    return mergeNewest(list, newest, ({ id }) => id);
  }

  protected override read(part: Part, signal: AbortSignal): Promise<Page<Erasure>> {
    return ask(api.GET('/api/v1/erasures', { params: { query: part }, signal }));
  }
}
