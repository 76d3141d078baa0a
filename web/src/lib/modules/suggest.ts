export interface Member {
  id: string;
  name: string;
  email?: string | null;
}

export interface Person {
  id: string;
  name: string;
  email?: string | null;
}

export interface Suggestion {
  userId: string;
  because: 'email' | 'name';
}

/**
 * Suggests users for the provider's members: those with the same e-mail, otherwise the same name. Ambiguous
 * matches, and people suggested elsewhere or already `taken`, are skipped.
 */
export function suggest(
  members: readonly Member[],
  people: readonly Person[],
  taken: ReadonlySet<string> = new Set(),
): Map<string, Suggestion> {
  const found = new Map<string, Suggestion>();
  const used = new Set(taken);
  const pass = (because: Suggestion['because'], keyOf: (of: Member | Person) => string) => {
    const open = members.filter((member) => !found.has(member.id));
    const free = people.filter((person) => !used.has(person.id));
    for (const member of open) {
      const key = keyOf(member);
      const same = free.filter((person) => key !== '' && keyOf(person) === key);
      const rivals = open.filter((other) => keyOf(other) === key);
      const [person] = same;
      if (!person || same.length > 1 || rivals.length > 1) continue;
      found.set(member.id, { userId: person.id, because });
      used.add(person.id);
    }
  };
  pass('email', ({ email }) => (email ?? '').trim().toLowerCase());
  pass('name', ({ name }) => plainName(name));
  return found;
}

/** "Müller, Jürgen" and "jurgen muller" are one name. */
function plainName(name: string): string {
  return name
    .normalize('NFD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .split(/[^\p{Letter}\p{Number}]+/u)
    .filter(Boolean)
    .sort()
    .join(' ');
}
