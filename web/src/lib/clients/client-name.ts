import type { Schemas } from '$lib/api/client';
import { m } from '$lib/paraglide/messages';
import type { ClientKind } from './clients';

/** A client's display name; one created from a missed call has no name yet. */
export function clientName({ name }: { name: string }): string {
  return name || m.clients_unknown();
}

export function kindWord(kind: ClientKind): string {
  const words = { contact: m.clients_contact, company: m.clients_company, lead: m.clients_lead };
  return words[kind]();
}

export const KINDS = ['contact', 'company', 'lead'] as const satisfies readonly ClientKind[];

/** A client's kind, company and responsible user in one line. */
export function aboutClient({ kind, company, responsible }: Schemas['ClientSummary']): string {
  const responsibleFor = responsible && m.client_responsible({ who: responsible.name });
  return [kindWord(kind), company?.name, responsibleFor].filter(Boolean).join(' · ');
}
