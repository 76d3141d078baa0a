import createClient from 'openapi-fetch';
import type { components, paths } from './schema';
import { Problem } from './problem';

export type Schemas = components['schemas'];

/** Called when the server reports that the session has ended. */
let onSignedOut = () => {};

export function whenSignedOut(callback: () => void) {
  onSignedOut = callback;
}

/** The API client, typed by `openapi.json`. Prefer {@link ask}, which throws on failure. */
export const api = createClient<paths>({ baseUrl: '/' });

/** Returns the API's answer, or throws a {@link Problem}. */
export async function ask<T>(request: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  let answer;
  try {
    answer = await request;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new Problem({ status: 0, code: 'unreachable', detail: '' });
  }
  const { data, error, response } = answer;
  if (response.ok) return data as T;
  const problem = Problem.of(response, error);
  if (problem.code === 'notSignedIn') onSignedOut();
  throw problem;
}
