import { error } from '@sveltejs/kit';
import { m } from '$lib/paraglide/messages';
import type { User } from './session.svelte';

/** Ends the loading of a page that is for administrators. (The server guards the data; this is for the reader.) */
export function requireAdmin(user: User) {
  if (user.role !== 'admin') error(403, m.error_not_admin());
}
