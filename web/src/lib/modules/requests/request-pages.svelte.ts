import { createContext } from 'svelte';
import type { ReplayAll } from './replay-all.svelte';
import { RequestList, type RequestStatus } from './request-list.svelte';

/**
 * State that outlives the list's page while a module's requests are viewed: users return to the same place after
 * opening a request, and a replay of all failed ones continues.
 */
export class RequestPages {
  /** The replay of all failed requests, once started. */
  replaying = $state.raw<ReplayAll>();
  /** The list that was opened last. */
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
