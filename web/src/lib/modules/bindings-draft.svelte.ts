import { api, ask, type Schemas } from '$lib/api/client';
import { allPages } from '$lib/api/pages';
import { suggest, type Suggestion } from './suggest';

type Binding = Schemas['Binding'];
type User = Schemas['User'];

/** A provider's user, or an assigned one that the provider no longer lists. */
export interface Row {
  id: string;
  name: string;
  email?: string | null;
  isGone: boolean;
}

/** Unsaved assignments of the provider's users to the server's users. */
export class BindingsDraft {
  rows = $state.raw<Row[]>();
  users = $state.raw<User[]>([]);
  failure = $state.raw<unknown>();
  /** The chosen user by member; empty for none. */
  chosen = $state<Record<string, string>>({});
  #saved = $state.raw<Record<string, string>>({});

  constructor(private readonly moduleId: string) {}

  readonly load = async () => {
    this.rows = undefined;
    this.failure = undefined;
    const params = { path: { id: this.moduleId } };
    try {
      const [members, bindings, users] = await Promise.all([
        ask(api.GET('/api/v1/modules/{id}/members', { params })),
        ask(api.GET('/api/v1/modules/{id}/bindings', { params })),
        allPages((query) => ask(api.GET('/api/v1/users', { params: { query } }))),
      ]);
      this.users = users;
      this.rows = rowsOf(members.items, bindings);
      this.#keep(bindings);
    } catch (error) {
      this.failure = error;
    }
  };

  #keep(bindings: readonly Binding[]) {
    this.#saved = Object.fromEntries(bindings.map(({ memberId, userId }) => [memberId, userId]));
    this.chosen = { ...this.#saved };
  }

  get isDirty(): boolean {
    return (this.rows ?? []).some(({ id }) => (this.chosen[id] ?? '') !== (this.#saved[id] ?? ''));
  }

  isMatched(row: Row): boolean {
    return Boolean(this.chosen[row.id]);
  }

  /** Suggestions for members without a user. */
  get suggestions(): Map<string, Suggestion> {
    const open = (this.rows ?? []).filter((row) => !this.isMatched(row));
    const active = this.users.filter((user) => user.active);
    return suggest(open, active, new Set(Object.values(this.chosen)));
  }

  acceptSuggestions() {
    for (const [member, { userId }] of this.suggestions) this.chosen[member] = userId;
  }

  async save() {
    const rows = this.rows ?? [];
    const body = rows.flatMap(({ id, name }) => {
      const userId = this.chosen[id];
      return userId ? [{ memberId: id, memberName: name, userId }] : [];
    });
    const params = { path: { id: this.moduleId } };
    this.#keep(await ask(api.PUT('/api/v1/modules/{id}/bindings', { params, body })));
    // A member that is gone and no longer assigned is dropped.
    this.rows = rows.filter((row) => !row.isGone || this.isMatched(row));
  }
}

function rowsOf(members: readonly Schemas['Member'][], bindings: readonly Binding[]): Row[] {
  const listed = new Set(members.map(({ id }) => id));
  const gone = bindings.filter(({ memberId }) => !listed.has(memberId));
  return [
    ...members.map((member) => ({ ...member, isGone: false })),
    ...gone.map(({ memberId, memberName }) => ({ id: memberId, name: memberName ?? '', isGone: true })),
  ];
}
