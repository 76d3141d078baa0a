import { api, ask } from '$lib/api/client';
import type { Call, Live } from '$lib/live/live.svelte';
import { Soon } from '$lib/live/pace';
import { readClient, type Client } from './clients';

/** How many people a company's page shows; the list shows all. */
const PEOPLE = 10;
/** How many missed calls are searched for unresolved ones. */
const MISSED = 20;

/** A client and its related data, kept up to date. */
export class ClientDetail {
  client = $state.raw<Client>();
  /** People at a company; one more than is shown, to know whether there are more. */
  #people = $state.raw<Client[]>([]);
  /** Unresolved missed calls, newest first. */
  missed = $state.raw<Call[]>([]);
  /** Why it could not be loaded or reloaded. */
  failure = $state.raw<unknown>();

  readonly #soon = new Soon(() => void this.load());

  constructor(readonly id: string) {}

  get people(): Client[] {
    return this.#people.slice(0, PEOPLE);
  }

  get hasMorePeople(): boolean {
    return this.#people.length > PEOPLE;
  }

  /** Loads it and subscribes to the socket. Returns a function that unsubscribes. */
  start(live: Live): () => void {
    void this.load();
    const stop = live.on({
      clients: ({ ids }) => {
        const concerned = [this.id, ...this.#people.map(({ id }) => id)];
        if (ids.length === 0 || concerned.some((id) => ids.includes(id))) this.#soon.ask();
      },
      snapshot: () => this.#soon.ask(),
    });
    return () => {
      stop();
      this.#soon.cancel();
    };
  }

  async load() {
    try {
      const client = await readClient(this.id);
      const [people, missed] = await Promise.all([this.#readPeople(client), this.#readMissed(client)]);
      [this.client, this.#people, this.missed] = [client, people, missed];
      this.failure = undefined;
    } catch (error) {
      this.failure = error;
    }
  }

  async #readPeople({ kind, id }: Client): Promise<Client[]> {
    if (kind !== 'company') return [];
    const params = { query: { companyId: id, limit: PEOPLE + 1 } };
    return (await ask(api.GET('/api/v1/clients', { params }))).items;
  }

  async #readMissed({ id }: Client): Promise<Call[]> {
    const params = { query: { clientId: id, missed: true, limit: MISSED } };
    const { items } = await ask(api.GET('/api/v1/calls', { params }));
    return items.filter(({ resolved }) => !resolved);
  }
}
