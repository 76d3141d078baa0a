import { m } from '$lib/paraglide/messages';
import { kindWord } from './client-name';
import type { Client } from './clients';

interface Value {
  text: string;
  /** Whether the merged client keeps it. */
  stays: boolean;
}

interface PreviewRow {
  title: string;
  into: Value[];
  from: Value[];
}

/** What is kept of two clients when the second is merged into the first. */
export function previewOf(into: Client, from: Client): PreviewRow[] {
  const one = (title: string, of: (client: Client) => string | undefined | null): PreviewRow => {
    const [kept, other] = [of(into), of(from)];
    return {
      title,
      into: kept ? [{ text: kept, stays: true }] : [],
      from: other ? [{ text: other, stays: !kept || kept === other }] : [],
    };
  };
  const all = (title: string, of: (client: Client) => string[]): PreviewRow => ({
    title,
    into: of(into).map((text) => ({ text, stays: true })),
    from: of(from).map((text) => ({ text, stays: true })),
  });
  return [
    one(m.clients_name(), ({ name }) => name),
    one(m.clients_column_kind(), ({ kind }) => kindWord(kind)),
    one(m.clients_company(), ({ company }) => company?.name),
    one(m.clients_responsible(), ({ responsible }) => responsible?.name),
    all(m.clients_phones(), ({ phones }) => phones.map(({ formatted }) => formatted)),
    all(m.clients_emails(), ({ emails }) => emails),
    all(m.clients_tags(), ({ tags }) => tags),
    all(m.clients_notes(), ({ notes }) => (notes ? [notes] : [])),
  ].filter(({ into, from }) => into.length > 0 || from.length > 0);
}
