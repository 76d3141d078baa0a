import { error } from '@sveltejs/kit';
import { m } from '$lib/paraglide/messages';
import type { User } from './session.svelte';

/** Stops loading a page that is for administrators only. The server protects the data; this only explains the refusal. */
export function requireAdmin(user: User) {
  if (user.role !== 'admin') error(403, m.error_not_admin());
}
