import { createContext } from 'svelte';
import { api, ask, type Schemas } from '$lib/api/client';

/** The outcomes that operators can choose for a call. */
export class OutcomeLists {
  all = $state.raw<Schemas['OutcomeList'][]>([]);

  async load() {
    this.all = (await ask(api.GET('/api/v1/outcome-lists'))).items;
  }

  /** The list for calls of a module: one that names it, else one for all. */
  of(moduleId: string): Schemas['OutcomeList'] | undefined {
    return (
      this.all.find(({ moduleIds }) => moduleIds.includes(moduleId)) ??
      this.all.find(({ moduleIds }) => moduleIds.length === 0)
    );
  }

  /** Every outcome; with the list's name where there are several. */
  get options(): { value: string; label: string }[] {
    const isOne = this.all.length === 1;
    return this.all.flatMap(({ name, codes }) =>
      codes.map(({ id, label }) => ({ value: id, label: isOne ? label : `${name}: ${label}` })),
    );
  }
}

export const [getOutcomeLists, setOutcomeLists] = createContext<OutcomeLists>();
