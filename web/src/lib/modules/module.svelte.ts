import { createContext } from 'svelte';
import { api, ask, type Schemas } from '$lib/api/client';

/** A module as administrators see it. API answers are cast to it (`as Module`), since its pages are for administrators only. */
export type Module = Schemas['Module'] & Required<Schemas['ModuleAdmin']>;
export type Provider = Schemas['Provider'];

/** The module whose pages are open. */
export class ModuleState {
  readonly id: string;
  /** Set once deleted: unsaved changes no longer matter. */
  isDeleted = $state(false);
  #module: Module;
  #changes = 0;

  constructor(module: Module) {
    this.id = module.id;
    this.#module = $state.raw(module);
  }

  get module(): Module {
    return this.#module;
  }

  /** Applies the server's answer to a change. */
  set module(module) {
    this.#changes += 1;
    this.#module = module;
  }

  /** Whether all required functions exist, and with them the webhook URL. */
  get isComplete(): boolean {
    return this.module.webhookUrl != null;
  }

  async reload() {
    const changes = this.#changes;
    const module = (await ask(api.GET('/api/v1/modules/{id}', { params: { path: { id: this.id } } }))) as Module;
    // An answer from before a change must not overwrite the change.
    if (changes === this.#changes) this.#module = module;
  }

  async update(changes: Schemas['UpdateModule']) {
    this.module = await updateModule(this.id, changes);
  }

  async delete() {
    await ask(api.DELETE('/api/v1/modules/{id}', { params: { path: { id: this.id } } }));
    this.isDeleted = true;
  }
}

export const [getModuleState, setModuleState] = createContext<ModuleState>();

export async function updateModule(id: string, changes: Schemas['UpdateModule']): Promise<Module> {
  return (await ask(api.PATCH('/api/v1/modules/{id}', { params: { path: { id } }, body: changes }))) as Module;
}
