import { api, ask, type Schemas } from '$lib/api/client';
import type { Part } from '$lib/api/paged-list.svelte';
import type { Page } from '$lib/api/pages';
import { PausableList } from '$lib/api/pausable-list.svelte';

export type WebhookRequest = Schemas['WebhookRequest'];
export type RequestStatus = Schemas['RequestStatus'];

/** A module's live list of webhook requests. */
export class RequestList extends PausableList<WebhookRequest> {
  constructor(
    private readonly moduleId: string,
    readonly status: RequestStatus | undefined,
  ) {
    super();
  }

  protected override read(part: Part, signal: AbortSignal): Promise<Page<WebhookRequest>> {
    const params = { path: { id: this.moduleId }, query: { status: this.status, ...part } };
    return ask(api.GET('/api/v1/modules/{id}/requests', { params, signal }));
  }
}
