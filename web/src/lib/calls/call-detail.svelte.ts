import { api, ask } from '$lib/api/client';
import type { Call, Live } from '$lib/live/live.svelte';
import { Soon } from '$lib/live/pace';
import type { HistoryEntry } from './timeline';

/** How long after its end a call may still change, because its record arrives late. In milliseconds. */
const SETTLES_AFTER = 15 * 60_000;

/** A call and its history, kept up to date. */
export class CallDetail {
  call = $state.raw<Call>();
  history = $state.raw<HistoryEntry[]>();
  /** Why it could not be loaded or reloaded. */
  failure = $state.raw<unknown>();

  readonly #soon = new Soon(() => void this.load());

  /** `known`: the call if it is already loaded; only its history is fetched then. */
  constructor(
    readonly id: string,
    known: Call | undefined,
  ) {
    this.call = known;
  }

  /** Loads it and subscribes to the socket. Returns a function that unsubscribes. */
  start(live: Live): () => void {
    void this.load();
    const stop = live.on({
      call: ({ call }) => {
        if (call.id !== this.id) return;
        this.#put(call);
        this.#soon.ask();
      },
      callGone: ({ id, reason }) => id === this.id && reason === 'removed' && this.#soon.ask(),
      activity: ({ calls }) => calls && this.#mayChange && this.#soon.ask(),
      snapshot: () => this.#soon.ask(),
    });
    return () => {
      stop();
      this.#soon.cancel();
    };
  }

  async load() {
    const params = { path: { id: this.id } };
    try {
      const [call, { items }] = await Promise.all([
        ask(api.GET('/api/v1/calls/{id}', { params })),
        ask(api.GET('/api/v1/calls/{id}/history', { params })),
      ]);
      this.#put(call);
      this.history = items;
      this.failure = undefined;
    } catch (error) {
      this.failure = error;
    }
  }

  /** Ignores answers that are older than what the socket has already delivered. */
  #put(call: Call) {
    if (!this.call || this.call.version <= call.version) this.call = call;
  }

  get #mayChange(): boolean {
    const ended = this.call?.endedAt;
    return !ended || Date.now() - Date.parse(ended) < SETTLES_AFTER;
  }
}
