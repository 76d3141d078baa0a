import { createContext } from 'svelte';
import { api, ask, type Schemas } from '$lib/api/client';

/** A module as administrators see it; its pages are theirs. What the API gives is taken for one (`as Module`). */
export type Module = Schemas['Module'] & Required<Schemas['ModuleAdmin']>;
export type Provider = Schemas['Provider'];

/** The module whose pages are open. */
export class ModuleState {
  readonly id: string;
  /** Gone: what was not saved need not be asked about. */
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

  /** What the server answered to a change. */
  set module(module) {
    this.#changes += 1;
    this.#module = module;
  }

  /** Whether the required functions are there, and with them the webhook URL. */
  get isComplete(): boolean {
    return this.module.webhookUrl != null;
  }

  async reload() {
    const changes = this.#changes;
    const module = (await ask(api.GET('/api/v1/modules/{id}', { params: { path: { id: this.id } } }))) as Module;
    // What was read before a change was made must not hide the change.
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
