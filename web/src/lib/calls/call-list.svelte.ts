import { createContext } from 'svelte';
import { api, ask } from '$lib/api/client';
import { PagedList, type Part } from '$lib/api/paged-list.svelte';
import { change, mergeNewest, type Page } from '$lib/api/pages';
import type { Call, Live } from '$lib/live/live.svelte';
import { NO_FILTERS, queryOf, searchOf, type Filters } from './filters';

/**
 * The calls that match the filters. The list outlives its page, so that users return to the same place after viewing
 * a call.
 */
export class CallList extends PagedList<Call> {
  filters = $state.raw<Filters>(NO_FILTERS);
  /** Whether the last change added calls at the top; the scroll position must then be kept. */
  grewOnTop = $state(false);

  /** Subscribes to the socket. Returns a function that unsubscribes. */
  start(live: Live): () => void {
    const stop = live.on({
      call: ({ call }) => {
        const before = this.page;
        this.page = change(before, call.id, () => call);
        // Only the server can tell whether a new or changed call matches the filters.
        if (this.page === before || searchOf(this.filters)) this.refreshSoon();
      },
      activity: ({ calls }) => calls && this.refreshSoon(),
      // The connection has been restored.
      snapshot: () => this.refreshSoon(),
    });
    return () => {
      stop();
      this.stop();
    };
  }

  /** Loads the matching calls; the previous ones stay visible until then. */
  async show(filters: Filters) {
    if (this.wasRead && searchOf(filters) === searchOf(this.filters)) return;
    this.filters = filters;
    await this.load();
  }

  /** Up to the last call that is still in progress. */
  protected override get changeable(): number {
    return this.page.items.findLastIndex(({ state }) => state !== 'ended') + 1;
  }

  protected override merge(list: Page<Call>, newest: Page<Call>): Page<Call> {
    return mergeNewest(list, newest, ({ startedAt }) => Date.parse(startedAt));
  }

  protected override set(page: Page<Call>) {
    const [first] = this.page.items;
    this.grewOnTop = first !== undefined && page.items.findIndex(({ id }) => id === first.id) > 0;
    super.set(page);
  }

  protected override read(part: Part, signal: AbortSignal): Promise<Page<Call>> {
    const query = { ...queryOf(this.filters), ...part };
    return ask(api.GET('/api/v1/calls', { params: { query }, signal }));
  }
}

export const [getCallList, setCallList] = createContext<CallList>();
