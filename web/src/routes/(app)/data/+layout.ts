import { requireAdmin } from '$lib/account/require-admin';

export async function load({ parent }) {
  requireAdmin((await parent()).user);
}
