import type { Page } from '@playwright/test';
import type { Server } from './server.ts';

interface Call {
  id: string;
  client?: { id: string; name: string };
}

/** The card of the only call on the page. */
export const card = (page: Page) => page.getByRole('article', { name: /^Call with/ });

/** The card of a number being dialled. */
export const dial = (page: Page) => page.getByRole('article', { name: /^Calling/ });

export const calls = async (server: Server, search = '') =>
  (await server.api<{ items: Call[] }>('GET', `/calls${search}`)).items;

export const client = (server: Server, name: string, number: string) =>
  server.api<{ id: string }>('POST', '/clients', { kind: 'contact', name, phones: [{ number }] });

/** Makes a missed call. */
export async function missed(server: Server, from: string, to: string | string[] = '101'): Promise<void> {
  const before = (await calls(server, '?missed=true&limit=200')).length;
  const id = await server.pbx.ring({ to, from });
  await server.pbx.hangUp(id);
  while ((await calls(server, '?missed=true&limit=200')).length === before) continue;
}

/** Changes the demo module's script, to simulate different provider behaviour. */
export async function changeScript(server: Server, change: (source: string) => string): Promise<void> {
  const { items } = await server.api<{ items: { id: string }[] }>('GET', '/modules');
  const path = `/modules/${items[0]?.id}/script`;
  const { source } = await server.api<{ source: string }>('GET', path);
  await server.api('PUT', path, { source: change(source) });
}
