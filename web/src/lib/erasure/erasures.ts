import { api, ask, type Schemas } from '$lib/api/client';
import { count } from '$lib/format';
import { m } from '$lib/paraglide/messages';

export type Erasure = Schemas['Erasure'];
type WouldErase = Schemas['WouldErase'];

/** The client or call to erase. */
export type Subject = { clientId: string; version: number } | { callId: string };

/** Previews what would be erased with it. */
export function wouldErase(subject: Subject): Promise<WouldErase> {
  return 'callId' in subject
    ? ask(api.GET('/api/v1/calls/{id}/erase', { params: { path: { id: subject.callId } } }))
    : ask(api.GET('/api/v1/clients/{id}/erase', { params: { path: { id: subject.clientId } } }));
}

export function erase(subject: Subject): Promise<Erasure> {
  if ('callId' in subject) {
    return ask(api.POST('/api/v1/calls/{id}/erase', { params: { path: { id: subject.callId } } }));
  }
  const { clientId, version } = subject;
  return ask(api.POST('/api/v1/clients/{id}/erase', { params: { path: { id: clientId } }, body: { version } }));
}

type Word = (inputs: { count: number; number: string }) => string;

const WORDS = {
  clients: m.erasure_clients,
  calls: m.erasure_calls,
  recordings: m.erasure_recordings,
  comments: m.erasure_comments,
  requests: m.erasure_requests,
  logLines: m.erasure_log_lines,
  storedValues: m.erasure_stored_values,
  auditEntries: m.erasure_audit_entries,
} satisfies Record<string, Word>;

/** The server does not count beyond this number. */
export const MOST = 10_000;

/** "12 calls, 3 comments": the non-zero counts. `most`: the number at which counting stopped. */
export function countsInWords(counts: Partial<Record<keyof typeof WORDS, number>>, most = Infinity): string[] {
  return (Object.keys(WORDS) as (keyof typeof WORDS)[]).flatMap((name) => {
    const counted = counts[name] ?? 0;
    if (counted === 0) return [];
    const number = counted >= most ? m.erasure_at_least({ number: count(counted) }) : count(counted);
    return [WORDS[name]({ count: counted, number })];
  });
}
