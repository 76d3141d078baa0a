import { api, ask } from '$lib/api/client';
import { allPages } from '$lib/api/pages';
import { Problem } from '$lib/api/problem';
import { replay } from './replay';
import type { WebhookRequest } from './request-list.svelte';

/** Most failing requests to list. */
const LISTED = 50;

interface StillFailing {
  id: string;
  receivedAt: string;
  message: string;
}

/** Replays all failed requests of a module one at a time, oldest first, so that calls are reported in order. */
export class ReplayAll {
  phase = $state<'reading' | 'running' | 'stopped' | 'done'>('reading');
  total = $state(0);
  done = $state(0);
  repaired = $state(0);
  failing = $state(0);
  /** The first requests that still fail. */
  stillFailing = $state.raw<StillFailing[]>([]);
  /** The error that stopped the run. */
  failure = $state.raw<unknown>();

  #left: WebhookRequest[] | undefined;
  #isStopping = $state(false);

  constructor(private readonly moduleId: string) {}

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Starts, or continues where it stopped. */
  async run() {
    this.failure = undefined;
    this.#isStopping = false;
    try {
      if (!this.#left) {
        this.phase = 'reading';
        this.#left = await this.#failed();
        this.total = this.#left.length;
      }
      this.phase = 'running';
      await this.#replay(this.#left);
    } catch (error) {
      this.failure = error;
    }
    this.phase = this.#left?.length === 0 ? 'done' : 'stopped';
  }

  /** Stops after the current request. */
  stop() {
    this.#isStopping = true;
  }

  /** `left`: the remaining requests, newest first, so that the oldest is taken from the end. */
  async #replay(left: WebhookRequest[]) {
    for (let request = left.at(-1); request && !this.#isStopping; request = left.at(-1)) {
      await this.#one(request);
      left.pop();
      this.done += 1;
    }
  }

  async #one({ id, receivedAt }: WebhookRequest) {
    try {
      const { success, error } = await replay(this.moduleId, id, false);
      if (success) {
        this.repaired += 1;
      } else {
        this.failing += 1;
        const known = { id, receivedAt, message: error?.message ?? '' };
        if (this.failing <= LISTED) this.stillFailing = [...this.stillFailing, known];
      }
    } catch (error) {
      // Deleted by retention in the meantime.
      if (!(error instanceof Problem) || error.status !== 404) throw error;
    }
  }

  #failed(): Promise<WebhookRequest[]> {
    return allPages((part) => {
      const params = { path: { id: this.moduleId }, query: { status: 'failed' as const, ...part } };
      return ask(api.GET('/api/v1/modules/{id}/requests', { params }));
    });
  }
}
