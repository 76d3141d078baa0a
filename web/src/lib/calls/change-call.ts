import { api, ask, type Schemas } from '$lib/api/client';
import type { Call } from '$lib/live/live.svelte';

/** Changes the details that operators set on a call: its client and its outcome. */
export function changeCall(id: string, body: Schemas['UpdateCall']): Promise<Call> {
  return ask(api.PATCH('/api/v1/calls/{id}', { params: { path: { id } }, body }));
}
