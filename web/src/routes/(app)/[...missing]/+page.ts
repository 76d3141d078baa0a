import { error } from '@sveltejs/kit';

/** Any other address: within the app, so that a call shows there too. */
export function load() {
  error(404);
}
