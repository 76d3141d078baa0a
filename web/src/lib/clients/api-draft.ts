import { api as typed, type Schemas } from '$lib/api/client';
import type { Call as PlainCall } from '$lib/live/live.svelte';

// Until the server's description has them.

interface Answer {
  data?: unknown;
  error?: unknown;
  response: Response;
}
type Ask = (path: string, init?: object) => Promise<Answer & { data?: never }>;

export const api = typed as unknown as Record<'GET' | 'POST' | 'PATCH' | 'DELETE', Ask>;

type ClientKind = Schemas['ClientKind'];
type NamedUser = Schemas['NamedUser'];
type NamedClient = Schemas['NamedClient'];
export interface ClientSummary {
  id: string;
  kind: ClientKind;
  name: string;
  company: NamedClient | null;
  responsible: NamedUser | null;
}
export interface Comment {
  id: string;
  clientId: string;
  callId: string | null;
  author: NamedUser;
  text: string;
  mentions: NamedUser[];
  createdAt: string;
  editedAt: string | null;
  canEdit: boolean;
}
export type Call = PlainCall & {
  outcome?: { id: string; label: string } | null;
  resolved?: { at: string; how: 'talk' | 'hand' | 'time' } | null;
};
export type Activity =
  { type: 'call'; at: string; call: Call; comments: Comment[] } | { type: 'comment'; at: string; comment: Comment };
export interface Mention {
  comment: Comment;
  client: ClientSummary;
  seenAt: string | null;
}
export type Target =
  'kind' | 'name' | 'firstName' | 'lastName' | 'company' | 'phone' | 'email' | 'tags' | 'notes' | 'responsible';
export interface Import {
  id: string;
  state: 'uploaded' | 'running' | 'done' | 'cancelled';
  columns: { name: string; sample: string[]; suggested: Target | null }[];
  total: number;
  done: number;
  created: number;
  updated: number;
  skipped: number;
  rejected: number;
}
export interface ImportPreview {
  rows: {
    line: number;
    client: { name: string; kind: ClientKind; phones: string[]; emails: string[]; company: string | null };
    problem: string | null;
    duplicateOf: NamedClient | null;
  }[];
  good: number;
  bad: number;
  duplicates: number;
}
