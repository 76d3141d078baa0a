import { api, ask, type Schemas } from '$lib/api/client';

export type Client = Schemas['Client'];
export type ClientKind = Schemas['ClientKind'];
export type Comment = Schemas['Comment'];
export type Duplicate = Schemas['Duplicate'];
export type Phone = Schemas['Phone'];

export function createClient(body: Schemas['CreateClient']): Promise<Client> {
  return ask(api.POST('/api/v1/clients', { body }));
}

export function changeClient(id: string, body: Schemas['UpdateClient']): Promise<Client> {
  return ask(api.PATCH('/api/v1/clients/{id}', { params: { path: { id } }, body }));
}

export function readClient(id: string): Promise<Client> {
  return ask(api.GET('/api/v1/clients/{id}', { params: { path: { id } } }));
}

export function archiveClient(id: string): Promise<unknown> {
  return ask(api.DELETE('/api/v1/clients/{id}', { params: { path: { id } } }));
}
