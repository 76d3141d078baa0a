import { createContext } from 'svelte';
import { api, ask, type Schemas } from '$lib/api/client';

type Module = Schemas['Module'];

/** The modules' names by id. Deleted modules are missing. */
export class ModuleNames {
  all = $state.raw<Module[]>([]);

  async load() {
    this.all = (await ask(api.GET('/api/v1/modules'))).items;
  }

  of(id: string): string | undefined {
    return this.all.find((module) => module.id === id)?.name;
  }
}

export const [getModuleNames, setModuleNames] = createContext<ModuleNames>();
