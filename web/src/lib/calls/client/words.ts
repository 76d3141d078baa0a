import type { Schemas } from '$lib/api/client';
import { kindWord } from '$lib/clients/client-name';
import { m } from '$lib/paraglide/messages';

/** What else is known of a client in a line: kind, company, whose it is. */
export function aboutClient({ kind, company, responsible }: Schemas['ClientSummary']): string {
  const whose = responsible && m.client_responsible({ who: responsible.name });
  return [kindWord(kind), company?.name, whose].filter(Boolean).join(' · ');
}
