import { api, ask } from '$lib/api/client';
import type { components } from '$lib/api/schema';
import { m } from '$lib/paraglide/messages';
import type { Module, Provider } from './module.svelte';

/** The modules to start from. */
export class Providers {
  all = $state.raw<Provider[]>();
  /** Folders of the server's that cannot be used. */
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

/** What a module was made from. */
export function providerName({ provider }: Pick<Module, 'provider'>, providers: readonly Provider[]): string {
  if (!provider) return m.modules_own();
  return providers.find(({ code }) => code === provider)?.name ?? provider;
}
