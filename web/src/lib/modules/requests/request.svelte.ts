import { api, ask, type Schemas } from '$lib/api/client';
import { allPages } from '$lib/api/pages';
import { oneAtATime } from '$lib/live/pace';
import type { RequestDetail } from './raw';
import { replay, type Replayed } from './replay';

/** One webhook request, its outcome, and what a replay would do. */
export class RequestState {
  detail = $state.raw<RequestDetail>();
  failure = $state.raw<unknown>();
  /** The script's console output for this request. */
  log = $state.raw<Schemas['LogLine'][]>([]);
  /** The result of the last replay or dry run. */
  replayed = $state.raw<Replayed>();

  constructor(
    readonly moduleId: string,
    readonly id: string,
  ) {}

  readonly refresh = oneAtATime(async () => {
    try {
      [this.detail, this.log] = await Promise.all([this.#detail(), this.#log()]);
      this.failure = undefined;
    } catch (error) {
      this.failure = error;
    }
  });

  async replay(dryRun: boolean) {
    this.replayed = await replay(this.moduleId, this.id, dryRun);
    if (!dryRun) this.refresh();
  }

  async #detail() {
    const path = { id: this.moduleId, requestId: this.id };
    const detail = await ask(api.GET('/api/v1/modules/{id}/requests/{requestId}', { params: { path } }));
    return detail as RequestDetail;
  }

  async #log() {
    const lines = await allPages((part) => {
      const params = { path: { id: this.moduleId }, query: { requestId: this.id, ...part } };
      return ask(api.GET('/api/v1/modules/{id}/log', { params }));
    });
    // Oldest first, unlike in the module's log.
    return lines.reverse();
  }
}
