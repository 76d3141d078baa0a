import { error } from '@sveltejs/kit';
import { ask } from './client';
import { isMissing } from './problem';

/** {@link ask} for a page's main resource: a missing resource becomes a "page not found" error. */
export async function load<T>(request: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  try {
    return await ask(request);
  } catch (cause) {
    if (isMissing(cause)) error(404, cause.message);
    throw cause;
  }
}
