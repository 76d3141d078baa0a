import { toast } from 'svelte-sonner';
import { goto } from '$app/navigation';
import { api, ask } from '$lib/api/client';
import { messageOf } from '$lib/api/problem';
import { m } from '$lib/paraglide/messages';
import { clientName } from './client-name';
import { archiveClient, changeClient, readClient, type Client } from './clients';

// Changes that can be undone: each shows a toast with a button for that.

const UNDO_MILLISECONDS = 10_000;

function done(text: string, undo: () => Promise<void>) {
  const onClick = () => void undo().catch((error) => toast.error(messageOf(error)));
  toast.success(text, { duration: UNDO_MILLISECONDS, action: { label: m.undo(), onClick } });
}

export async function archive(client: Client) {
  await archiveClient(client.id);
  done(m.clients_archived_now({ name: clientName(client) }), () => restore(client.id));
}

/** Restores from the archive, whatever has changed since. */
export async function restore(id: string) {
  const { version } = await readClient(id);
  const client = await changeClient(id, { version, archived: false });
  toast.success(m.clients_restored({ name: clientName(client) }));
}

/** Merges `from` into `into`. */
export async function mergeClients(into: Client, from: Client): Promise<Client> {
  const params = { path: { id: into.id } };
  const merged = await ask(api.POST('/api/v1/clients/{id}/merge', { params, body: { fromId: from.id } }));
  const merge = merged.merges.reduce((last, merge) => (merge.mergedAt > last.mergedAt ? merge : last));
  done(m.clients_merged({ name: clientName(from) }), () => undoMerge(merge.id));
  return merged;
}

export async function undoMerge(id: string) {
  const client = await ask(api.POST('/api/v1/merges/{id}/undo', { params: { path: { id } } }));
  toast.success(m.clients_merge_undone({ name: clientName(client) }));
  await goto(`/clients/${client.id}`);
}

/** Converts a lead to a contact of an existing company, a new one, or none. */
export async function convert(lead: Client, company: { id?: string; name: string } | null) {
  const params = { path: { id: lead.id } };
  const body = company?.id ? { companyId: company.id } : company ? { companyName: company.name } : {};
  const client = await ask(api.POST('/api/v1/clients/{id}/convert', { params, body }));
  toast.success(m.clients_converted({ name: clientName(client) }));
}
