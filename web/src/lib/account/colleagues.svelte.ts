import { api, ask, type Schemas } from '$lib/api/client';

export type Colleague = Schemas['Colleague'];

/** Names and numbers of everybody who works here, read once and again when somebody looks for one. */
export class Colleagues {
  all = $state<Colleague[]>([]);

  async load() {
    const everybody: Colleague[] = [];
    let cursor: string | undefined;
    do {
      const query = { limit: 200, cursor };
      const page = await ask(api.GET('/api/v1/colleagues', { params: { query } }));
      everybody.push(...page.items);
      cursor = page.nextCursor ?? undefined;
    } while (cursor);
    this.all = everybody;
  }

  nameOf(id: string): string | undefined {
    return this.all.find((colleague) => colleague.id === id)?.name;
  }
}
