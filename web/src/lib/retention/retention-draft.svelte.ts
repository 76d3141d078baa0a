import { api, ask, type Schemas } from '$lib/api/client';

export type Kept = keyof Schemas['Retention'];
export type State = Schemas['RetentionState'];
export type Due = Partial<Schemas['Removed']>;

/** The kinds of data with a retention period, in page order, and the names of their counts. */
export const KINDS = [
  ['callsDays', 'calls'],
  ['recordingsDays', 'recordings'],
  ['commentsDays', 'comments'],
  ['requestsDays', 'requests'],
  ['moduleLogDays', 'logLines'],
  ['auditDays', 'auditEntries'],
] as const satisfies readonly (readonly [Kept, keyof Due])[];

/** Options, in days. */
const DAYS = [7, 14, 30, 60, 90, 180, 365, 730, 1095, 1825, 3650];

/** Unsaved retention periods. */
export class RetentionDraft {
  /** Days; empty for no limit. */
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

  /** The options, plus a value set through the API or in the server's configuration. */
  choices(kept: Kept): number[] {
    const set = this.saved.keep[kept];
    return [...new Set([...DAYS, ...(set ? [set] : [])])].toSorted((a, b) => a - b);
  }

  /** The changed values; the server keeps the others. */
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

  /** What the next run would delete because of shortened periods. */
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
