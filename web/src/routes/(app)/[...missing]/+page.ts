import { error } from '@sveltejs/kit';

/** Handles unknown addresses inside the app, so that calls still show. */
export function load() {
  error(404);
}
