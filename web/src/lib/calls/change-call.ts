import { api, ask, type Schemas } from '$lib/api/client';
import type { Call } from '$lib/live/live.svelte';

/** Changes what operators say about a call: its client, its outcome. */
export function changeCall(id: string, body: Schemas['UpdateCall']): Promise<Call> {
  return ask(api.PATCH('/api/v1/calls/{id}', { params: { path: { id } }, body }));
}
