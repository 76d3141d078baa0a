import { api, ask } from '$lib/api/client';
import type { components } from '$lib/api/schema';
import { m } from '$lib/paraglide/messages';
import type { Module, Provider } from './module.svelte';

/** The templates for new modules. */
export class Providers {
  all = $state.raw<Provider[]>();
  /** Template folders on the server that cannot be used. */
  problems = $state.raw<components['schemas']['Providers']['problems']>([]);
  failure = $state.raw<unknown>();

  readonly load = async () => {
    this.failure = undefined;
    try {
      const { items, problems } = await ask(api.GET('/api/v1/providers'));
      this.all = items;
      this.problems = problems;
    } catch (error) {
      this.failure = error;
    }
  };
}

/** The name of the template a module was created from. */
export function providerName({ provider }: Pick<Module, 'provider'>, providers: readonly Provider[]): string {
  if (!provider) return m.modules_own();
  return providers.find(({ code }) => code === provider)?.name ?? provider;
}
