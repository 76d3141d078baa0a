import { api, ask } from '$lib/api/client';
import type { Provider } from './module.svelte';

/** The built-in modules to start from. */
export class Providers {
  all = $state.raw<Provider[]>();
  failure = $state.raw<unknown>();

  readonly load = async () => {
    this.failure = undefined;
    try {
      this.all = (await ask(api.GET('/api/v1/providers'))).items;
    } catch (error) {
      this.failure = error;
    }
  };
}
