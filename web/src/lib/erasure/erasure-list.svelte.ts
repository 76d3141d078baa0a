import { api, ask } from '$lib/api/client';
import { PagedList, type Part } from '$lib/api/paged-list.svelte';
import { mergeNewest, type Page } from '$lib/api/pages';
import type { Erasure } from './erasures';

/** How often it is asked how far those are that go on. */
const LOOK = 2000;

/** Erasures, latest first. */
export class ErasureList extends PagedList<Erasure> {
  /** Reads it, and on as long as something goes on, until the function that it gives is called. */
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
    // Ids grow with time.
    return mergeNewest(list, newest, ({ id }) => id);
  }

  protected override read(part: Part, signal: AbortSignal): Promise<Page<Erasure>> {
    return ask(api.GET('/api/v1/erasures', { params: { query: part }, signal }));
  }
}
