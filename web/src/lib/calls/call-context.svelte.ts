import { untrack } from 'svelte';
import { api, ask, type Schemas } from '$lib/api/client';
import { oneAtATime } from '$lib/live/pace';
import type { Call, Live } from '$lib/live/live.svelte';

/**
 * What is useful during a call: its client's history and the possible outcomes. Internal calls have neither.
 */
export class CallContext {
  value = $state.raw<Schemas['CallContext']>();
  failure = $state.raw<unknown>();
  #id: string;

  constructor(call: () => Call, live: Live) {
    this.#id = untrack(call).id;
    const clientId = $derived(call().client?.id);
    const isInternal = $derived(call().direction === 'internal');
    const isOver = $derived(call().state === 'ended');
    $effect(() => {
      // Another client has another history, and an ended conversation resolves missed calls.
      void [clientId, isOver];
      if (!isInternal) this.load();
    });
    $effect(() =>
      live.on({
        clients: ({ ids }) => {
          if (clientId && (ids.length === 0 || ids.includes(clientId))) this.load();
        },
      }),
    );
  }

  readonly load = oneAtATime(async () => {
    try {
      this.value = await ask(api.GET('/api/v1/calls/{id}/context', { params: { path: { id: this.#id } } }));
      this.failure = undefined;
    } catch (error) {
      this.failure = error;
    }
  });
}
