import { api as typed, type Schemas } from '$lib/api/client';

// Until the server's description has them.

interface Answer {
  data?: never;
  error?: unknown;
  response: Response;
}
type Ask = (path: string, init?: object) => Promise<Answer>;

export const api = typed as unknown as Record<'GET' | 'POST' | 'PATCH' | 'DELETE', Ask>;

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
    client: { name: string; kind: Schemas['ClientKind']; phones: string[]; emails: string[]; company: string | null };
    problem: string | null;
    duplicateOf: Schemas['NamedClient'] | null;
  }[];
  good: number;
  bad: number;
  duplicates: number;
}
