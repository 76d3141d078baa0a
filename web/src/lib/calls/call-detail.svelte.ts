import { api, ask } from '$lib/api/client';
import type { Call, Live } from '$lib/live/live.svelte';
import { Soon } from '$lib/live/pace';
import type { HistoryEntry } from './timeline';

/** How long after its end a call may still change by itself: its record comes late. */
const SETTLES_AFTER = 15 * 60_000;

/** One call and what happened to it, kept true while it goes on. */
export class CallDetail {
  call = $state.raw<Call>();
  history = $state.raw<HistoryEntry[]>();
  /** Why it could not be read, or not again. */
  failure = $state.raw<unknown>();

  readonly #soon = new Soon(() => void this.load());

  /** `known`: the call where it was shown before; its history is still to be read. */
  constructor(
    readonly id: string,
    known: Call | undefined,
  ) {
    this.call = known;
  }

  /** Reads it, and follows the socket until the function that it gives is called. */
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

  /** An answer that was overtaken by the socket is older than what is shown. */
  #put(call: Call) {
    if (!this.call || this.call.version <= call.version) this.call = call;
  }

  get #mayChange(): boolean {
    const ended = this.call?.endedAt;
    return !ended || Date.now() - Date.parse(ended) < SETTLES_AFTER;
  }
}
