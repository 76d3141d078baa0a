import { toast } from 'svelte-sonner';
import { api, ask } from '$lib/api/client';
import { m } from '$lib/paraglide/messages';

/** Calls a number as the signed-in operator. The call page appears when the provider reports the call. */
export async function callNumber(phone: string): Promise<void> {
  const making = await ask(api.POST('/api/v1/calls', { body: { phone } }));
  toast.success(m.dialling({ number: making.phoneFormatted, extension: making.extension }));
}
