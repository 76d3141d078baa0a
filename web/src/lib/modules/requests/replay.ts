import { api, ask, type Schemas } from '$lib/api/client';

export type Replayed = Schemas['Replayed'];

/** Runs the module's current script on a stored request again. With `dryRun`, only reports what would change. */
export function replay(moduleId: string, requestId: string, dryRun: boolean): Promise<Replayed> {
  const params = { path: { id: moduleId, requestId } };
  return ask(api.POST('/api/v1/modules/{id}/requests/{requestId}/replay', { params, body: { dryRun } }));
}
