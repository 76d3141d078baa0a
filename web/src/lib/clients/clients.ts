import { ask } from '$lib/api/client';
import { api, type Client, type ClientKind } from './api-draft';

export type {
  Client,
  ClientKind,
  ClientSummary,
  Comment,
  Duplicate,
  Duplicates,
  Merge,
  NamedClient,
  NamedUser,
  Phone,
} from './api-draft';

interface Fields {
  name?: string;
  kind?: ClientKind;
  companyId?: string | null;
  responsibleId?: string | null;
  phones?: ({ label?: string; number: string } | { label?: string; position: number })[];
  emails?: string[];
  tags?: string[];
  notes?: string | null;
}

export function createClient(body: Fields & { kind: ClientKind; callId?: string }): Promise<Client> {
  return ask<Client>(api.POST('/api/v1/clients', { body }));
}

export function changeClient(id: string, body: Fields & { version: number; archived?: boolean }): Promise<Client> {
  return ask<Client>(api.PATCH('/api/v1/clients/{id}', { params: { path: { id } }, body }));
}

export function readClient(id: string, signal?: AbortSignal): Promise<Client> {
  return ask<Client>(api.GET('/api/v1/clients/{id}', { params: { path: { id } }, signal }));
}

export function archiveClient(id: string): Promise<unknown> {
  return ask(api.DELETE('/api/v1/clients/{id}', { params: { path: { id } } }));
}
