import { createContext } from 'svelte';
import { api, ask } from '$lib/api/client';
import { PagedList, type Part } from '$lib/api/paged-list.svelte';
import { change, mergeNewest, type Page } from '$lib/api/pages';
import type { Call, Live } from '$lib/live/live.svelte';
import { NO_FILTERS, queryOf, searchOf, type Filters } from './filters';

/**
 * The calls that fit the filters. The list outlives its page, so that whoever looked at one call comes back to where they
 * were.
 */
export class CallList extends PagedList<Call> {
  filters = $state.raw<Filters>(NO_FILTERS);
  /** Whether the last change put calls on top: then whoever has scrolled must stay where they are. */
  grewOnTop = $state(false);

  /** Follows the socket until the function that it gives is called. */
  start(live: Live): () => void {
    const stop = live.on({
      call: ({ call }) => {
        const before = this.page;
        this.page = change(before, call.id, () => call);
        // Whether a new call fits the filters, or a changed one still does, is for the server to say.
        if (this.page === before || searchOf(this.filters)) this.refreshSoon();
      },
      activity: ({ calls }) => calls && this.refreshSoon(),
      // The connection was lost and is back.
      snapshot: () => this.refreshSoon(),
    });
    return () => {
      stop();
      this.stop();
    };
  }

  /** Shows the calls that fit; the previous ones stay in sight until those come. */
  async show(filters: Filters) {
    if (this.wasRead && searchOf(filters) === searchOf(this.filters)) return;
    this.filters = filters;
    await this.load();
  }

  /** Down to the last call that still goes on. */
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
