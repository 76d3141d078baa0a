import { messageOf } from '$lib/api/problem';

/** Turns an error thrown while loading into the error page's message. */
export function handleError({ error, status }: { error: unknown; status: number }) {
  if (status !== 404) console.error(error);
  return { message: messageOf(error) };
}
