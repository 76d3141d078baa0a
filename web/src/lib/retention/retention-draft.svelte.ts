import { api, ask, type Schemas } from '$lib/api/client';

export type Kept = keyof Schemas['Retention'];
export type State = Schemas['RetentionState'];
export type Due = Partial<Schemas['Removed']>;

/** What is kept for a time, in the order of the page, and the name of its count. */
export const KINDS = [
  ['callsDays', 'calls'],
  ['recordingsDays', 'recordings'],
  ['commentsDays', 'comments'],
  ['requestsDays', 'requests'],
  ['moduleLogDays', 'logLines'],
  ['auditDays', 'auditEntries'],
] as const satisfies readonly (readonly [Kept, keyof Due])[];

/** Choices, in days. */
const DAYS = [7, 14, 30, 60, 90, 180, 365, 730, 1095, 1825, 3650];

/** How long things are kept, before it is saved. */
export class RetentionDraft {
  /** Days; empty for ever. */
  days = $state<Record<Kept, string>>({
    callsDays: '',
    recordingsDays: '',
    commentsDays: '',
    requestsDays: '',
    moduleLogDays: '',
    auditDays: '',
  });
  saved: State;

  constructor(saved: State) {
    this.saved = $state.raw(saved);
    this.#reset(saved);
  }

  /** Another one is offered where it was set over the API, or in the server's settings. */
  choices(kept: Kept): number[] {
    const set = this.saved.keep[kept];
    return [...new Set([...DAYS, ...(set ? [set] : [])])].toSorted((a, b) => a - b);
  }

  /** What to change; the server leaves the rest. */
  get changes(): Schemas['UpdateRetention'] {
    const changed = KINDS.flatMap(([kept]) => {
      const days = this.days[kept] ? Number(this.days[kept]) : null;
      return days === (this.saved.keep[kept] ?? null) ? [] : [[kept, days] as const];
    });
    return Object.fromEntries(changed);
  }

  get isDirty(): boolean {
    return Object.keys(this.changes).length > 0;
  }

  /** What the next run would delete of the kinds that are to be kept for less time than now. */
  async due(): Promise<Due | undefined> {
    const { keep } = this.saved;
    const shorter = KINDS.filter(([kept]) => {
      const days = this.changes[kept];
      return typeof days === 'number' && days < (keep[kept] ?? Infinity);
    });
    if (shorter.length === 0) return undefined;
    const due = await ask(api.POST('/api/v1/retention/preview', { body: this.changes }));
    const counted = shorter.filter(([, name]) => (due[name] ?? 0) > 0);
    return counted.length > 0 ? Object.fromEntries(counted.map(([, name]) => [name, due[name]])) : undefined;
  }

  async save() {
    this.saved = await ask(api.PATCH('/api/v1/retention', { body: this.changes }));
    this.#reset(this.saved);
  }

  #reset({ keep }: State) {
    for (const [kept] of KINDS) this.days[kept] = keep[kept] ? String(keep[kept]) : '';
  }
}
