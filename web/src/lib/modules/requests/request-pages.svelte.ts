import { createContext } from 'svelte';
import type { ReplayAll } from './replay-all.svelte';
import { RequestList, type RequestStatus } from './request-list.svelte';

/**
 * What outlives the list's page while a module's requests are looked at: whoever opened one request comes back to where
 * they were, and a replay of all that failed goes on meanwhile.
 */
export class RequestPages {
  /** The replay of all that failed, once it was asked for. */
  replaying = $state.raw<ReplayAll>();
  /** The list that was open last. */
  status = $state<RequestStatus>();

  readonly #lists = new Map<RequestStatus | undefined, RequestList>();

  constructor(readonly moduleId: string) {}

  get href(): string {
    return `/modules/${this.moduleId}/requests${this.status ? `?status=${this.status}` : ''}`;
  }

  list(status: RequestStatus | undefined): RequestList {
    let list = this.#lists.get(status);
    if (!list) {
      list = new RequestList(this.moduleId, status);
      this.#lists.set(status, list);
    }
    return list;
  }
}

export const [getRequestPages, setRequestPages] = createContext<RequestPages>();
