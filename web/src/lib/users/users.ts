import { api, ask, type Schemas } from '$lib/api/client';
import { allPages } from '$lib/api/pages';

export type User = Schemas['User'];
export type Show = 'all' | 'admins' | 'operators' | 'inactive';

/** A user's fields in the form. */
export interface UserDraft {
  name: string;
  login: string;
  email: string;
  role: User['role'];
}

/** Module names by id. */
export type ModuleNames = Map<string, string>;

export async function loadUsers(): Promise<User[]> {
  return allPages((query) => ask(api.GET('/api/v1/users', { params: { query } })));
}

export async function loadModuleNames(): Promise<ModuleNames> {
  const { items } = await ask(api.GET('/api/v1/modules'));
  return new Map(items.map(({ id, name }) => [id, name]));
}

export const emptyDraft = (): UserDraft => ({ name: '', login: '', email: '', role: 'operator' });

export function isEmpty({ name, login, email, role }: UserDraft): boolean {
  return [name, login, email].every((text) => text === '') && role === 'operator';
}

export function draftOf({ name, login, email, role }: User): UserDraft {
  return { name, login, email: email ?? '', role };
}

/** The fields that differ from the user; the server changes only those it is sent. */
export function changesOf(user: User, draft: UserDraft): Schemas['UpdateUser'] {
  const before = draftOf(user);
  const changes: Schemas['UpdateUser'] = {};
  if (draft.name.trim() !== before.name) changes.name = draft.name.trim();
  if (draft.login.trim() !== before.login) changes.login = draft.login.trim();
  if (draft.email.trim() !== before.email) changes.email = draft.email.trim() || null;
  if (draft.role !== before.role) changes.role = draft.role;
  return changes;
}

/** Users that match both filters; the typed text may occur in anything that the table shows. */
export function find(users: User[], typed: string, show: Show): User[] {
  const needle = typed.trim().toLowerCase();
  return users.filter((user) => {
    const { name, login, email, numbers } = user;
    const texts = [name, login, email ?? '', ...numbers.map(({ number }) => number)];
    return isShown(user, show) && texts.some((text) => text.toLowerCase().includes(needle));
  });
}

function isShown({ role, active }: User, show: Show): boolean {
  switch (show) {
    case 'all':
      return true;
    case 'admins':
      return active && role === 'admin';
    case 'operators':
      return active && role === 'operator';
    case 'inactive':
      return !active;
  }
}

/** 32 characters that are not mistaken for one another when read out or copied by hand. */
const SIGNS = 'abcdefghijkmnpqrstuvwxyz23456789';

/** A password of 80 random bits, grouped for reading out: "k3vq-8tzn-w6bh-m2xp". */
export function makePassword(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const signs = Array.from(bytes, (byte) => SIGNS[byte % SIGNS.length]).join('');
  return (signs.match(/.{4}/g) ?? []).join('-');
}
