import { api, ask } from '$lib/api/client';

export async function load({ fetch }) {
  return await ask(api.GET('/api/v1/setup', { fetch }));
}
