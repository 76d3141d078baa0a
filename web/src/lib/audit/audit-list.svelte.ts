import { api, ask, type Schemas } from '$lib/api/client';
import { PagedList, type Part } from '$lib/api/paged-list.svelte';
import { mergeNewest, type Page } from '$lib/api/pages';
import type { paths } from '$lib/api/schema';
import type { Live } from '$lib/live/live.svelte';

export type AuditEntry = Schemas['AuditEntry'];
export type AuditFilters = Pick<
  NonNullable<paths['/api/v1/audit']['get']['parameters']['query']>,
  'clientId' | 'userId' | 'action'
>;

/** The audit trail, newest first. */
export class AuditList extends PagedList<AuditEntry> {
  #filters: AuditFilters = {};

  /** Reloads as clients change. Returns a function that stops it. */
  start(live: Live): () => void {
    const stop = live.on({ clients: () => this.refreshSoon() });
    return () => {
      stop();
      this.stop();
    };
  }

  async show(filters: AuditFilters) {
    this.#filters = filters;
    await this.load();
  }

  protected override merge(list: Page<AuditEntry>, newest: Page<AuditEntry>): Page<AuditEntry> {
    // Ids increase over time.
    return mergeNewest(list, newest, ({ id }) => id);
  }

  protected override read(part: Part, signal: AbortSignal): Promise<Page<AuditEntry>> {
    return ask(api.GET('/api/v1/audit', { params: { query: { ...this.#filters, ...part } }, signal }));
  }
}
