interface Person {
  id: string;
  name: string;
}

/** The mention being typed at the caret: the position of its @, and the text after it. */
export function mentionBefore(text: string, caret: number): { from: number; typed: string } | undefined {
  const before = text.slice(0, caret);
  // Names may contain spaces, but an @ within a word is an e-mail address.
  const typed = /(?:^|[\s(])@([^@\n]{0,40})$/.exec(before)?.[1];
  return typed === undefined ? undefined : { from: caret - typed.length - 1, typed };
}

/** People whose name, or one of whose names, starts with the typed text. */
export function peopleFor<P extends Person>(people: P[], typed: string): P[] {
  const needle = typed.toLowerCase();
  return people.filter(({ name }) => {
    const whole = name.toLowerCase();
    return whole.startsWith(needle) || whole.split(/\s+/).some((word) => word.startsWith(needle));
  });
}

/** The people mentioned in a text. */
export function mentionedIn<P extends Person>(people: P[], text: string): P[] {
  const names = new Set(partsOf(text, people).flatMap(({ mention }) => mention ?? []));
  return people.filter(({ name }) => names.has(name));
}

export interface Part {
  text: string;
  /** The name, if this part is a mention. */
  mention?: string;
}

/** Splits a text into mentions and the text between them. */
export function partsOf(text: string, people: Person[]): Part[] {
  if (people.length === 0) return [{ text }];
  // Longest first: "@Ann Lee" is not "@Ann" followed by text.
  const names = people
    .map(({ name }) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .sort((a, b) => b.length - a.length);
  const pattern = new RegExp(`(@(?:${names.join('|')}))(?![\\p{L}\\p{N}])`, 'u');
  return text
    .split(pattern)
    .map((part, index) => (index % 2 === 0 ? { text: part } : { text: part, mention: part.slice(1) }))
    .filter((part) => part.text !== '');
}
