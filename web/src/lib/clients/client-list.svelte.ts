import { createContext } from 'svelte';
import { api, ask } from '$lib/api/client';
import { PagedList, type Part } from '$lib/api/paged-list.svelte';
import { mergeOrdered, type Page } from '$lib/api/pages';
import type { Live } from '$lib/live/live.svelte';
import type { Client } from './clients';
import { NO_FILTERS, queryOf, searchOf, type Filters } from './filters';

/**
 * The clients that match the filters, by name. The list outlives its page, so that users return to the same place after
 * viewing a client.
 */
export class ClientList extends PagedList<Client> {
  filters = $state.raw<Filters>(NO_FILTERS);

  /** Subscribes to the socket. Returns a function that unsubscribes. */
  start(live: Live): () => void {
    const again = () => this.refreshSoon();
    const stop = live.on({ clients: again, snapshot: again });
    return () => {
      stop();
      this.stop();
    };
  }

  /** Loads the matching clients; the previous ones stay visible until then. */
  async show(filters: Filters) {
    if (this.wasRead && searchOf(filters) === searchOf(this.filters)) return;
    this.filters = filters;
    await this.load();
  }

  protected override merge(list: Page<Client>, beginning: Page<Client>): Page<Client> {
    return mergeOrdered(list, beginning);
  }

  protected override read(part: Part, signal: AbortSignal): Promise<Page<Client>> {
    const query = { ...queryOf(this.filters), ...part };
    return ask(api.GET('/api/v1/clients', { params: { query }, signal }));
  }
}

export const [getClientList, setClientList] = createContext<ClientList>();
