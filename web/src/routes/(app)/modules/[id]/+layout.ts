import { api, ask } from '$lib/api/client';
import { load as loadOrNotFound } from '$lib/api/load';
import type { Module } from '$lib/modules/module.svelte';

export async function load({ fetch, params: { id } }) {
  const [module, providers] = await Promise.all([
    loadOrNotFound(api.GET('/api/v1/modules/{id}', { params: { path: { id } }, fetch })),
    ask(api.GET('/api/v1/providers', { fetch })),
  ]);
  return { module: module as Module, providers: providers.items };
}
