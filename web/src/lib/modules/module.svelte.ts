import { createContext } from 'svelte';
import { api, ask, type Schemas } from '$lib/api/client';

export type Module = Schemas['Module'];
export type Provider = Schemas['Provider'];

/** The module whose pages are open. */
export class ModuleState {
  module: Module;
  /** Gone: what was not saved need not be asked about. */
  isDeleted = $state(false);
  readonly id: string;

  constructor(module: Module) {
    this.id = module.id;
    this.module = $state(module);
  }

  /** Whether the required functions are there, and with them the webhook URL. */
  get isComplete(): boolean {
    return this.module.webhookUrl != null;
  }

  async reload() {
    this.module = await ask(api.GET('/api/v1/modules/{id}', { params: { path: { id: this.id } } }));
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
  return await ask(api.PATCH('/api/v1/modules/{id}', { params: { path: { id } }, body: changes }));
}
