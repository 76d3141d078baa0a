import { messageOf } from '$lib/api/problem';

/** What an error page says of something that was thrown while loading. */
export function handleError({ error, status }: { error: unknown; status: number }) {
  if (status !== 404) console.error(error);
  return { message: messageOf(error) };
}
