import { createContext } from 'svelte';
import { api, ask, type Schemas } from '$lib/api/client';

/** The outcomes that operators can choose for a call. */
export class OutcomeLists {
  all = $state.raw<Schemas['OutcomeList'][]>([]);

  async load() {
    this.all = (await ask(api.GET('/api/v1/outcome-lists'))).items;
  }

  /** The list for a module's calls: the one that names it, otherwise the one for all modules. */
  of(moduleId: string): Schemas['OutcomeList'] | undefined {
    return (
      this.all.find(({ moduleIds }) => moduleIds.includes(moduleId)) ??
      this.all.find(({ moduleIds }) => moduleIds.length === 0)
    );
  }

  /** All outcomes, with the list's name if there are several lists. */
  get options(): { value: string; label: string }[] {
    const isOne = this.all.length === 1;
    return this.all.flatMap(({ name, codes }) =>
      codes.map(({ id, label }) => ({ value: id, label: isOne ? label : `${name}: ${label}` })),
    );
  }
}

export const [getOutcomeLists, setOutcomeLists] = createContext<OutcomeLists>();
