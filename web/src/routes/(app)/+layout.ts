import { redirect } from '@sveltejs/kit';
import { api, ask } from '$lib/api/client';
import { Problem } from '$lib/api/problem';

export async function load({ fetch, url }) {
  try {
    return { user: await ask(api.GET('/api/v1/me', { fetch })) };
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'notSignedIn') throw error;
  }
  const { open } = await ask(api.GET('/api/v1/setup', { fetch }));
  redirect(307, open ? '/setup' : `/sign-in?next=${encodeURIComponent(url.pathname + url.search)}`);
}
