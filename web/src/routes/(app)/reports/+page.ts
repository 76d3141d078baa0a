import { api, ask } from '$lib/api/client';

export async function load({ fetch }) {
  const { items } = await ask(api.GET('/api/v1/modules', { fetch }));
  return { modules: items };
}
