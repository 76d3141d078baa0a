import { api, ask } from '$lib/api/client';
import { oneAtATime } from '$lib/live/pace';
import type { Module, Provider } from './module.svelte';

/** The list of all modules. */
export class ModuleList {
  modules = $state.raw<Module[]>();
  providers = $state.raw<Provider[]>([]);
  failure = $state.raw<unknown>();
  /** When the list was loaded; the reference for "5 minutes ago". */
  now = $state(Date.now());

  readonly refresh = oneAtATime(async () => {
    try {
      if (this.providers.length === 0) this.providers = (await ask(api.GET('/api/v1/providers'))).items;
      this.modules = (await ask(api.GET('/api/v1/modules'))).items as Module[];
      this.now = Date.now();
      this.failure = undefined;
    } catch (error) {
      this.failure = error;
    }
  });

  put(changed: Module) {
    this.modules = this.modules?.map((module) => (module.id === changed.id ? changed : module));
  }
}
