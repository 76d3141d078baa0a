import { api, ask, type Schemas } from '$lib/api/client';
import { allPages } from '$lib/api/pages';

export type Colleague = Schemas['Colleague'];

/** Names and numbers of all colleagues; loaded once, and again whenever somebody searches for one. */
export class Colleagues {
  all = $state<Colleague[]>([]);

  async load() {
    this.all = await allPages((query) => ask(api.GET('/api/v1/colleagues', { params: { query } })));
  }

  nameOf(id: string): string | undefined {
    return this.all.find((colleague) => colleague.id === id)?.name;
  }
}
