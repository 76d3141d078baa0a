import { api, ask, type Schemas } from '$lib/api/client';

type Settings = Schemas['AppSettings'];

/** Options for closing unresolved missed calls, in hours. */
const HOURS = [24, 48, 72, 168, 336, 720];

/** Unsaved team settings. */
export class SettingsDraft {
  visibility = $state<Schemas['ClientVisibility']>('all');
  masks = $state(false);
  /** Hours; empty for never. */
  closeAfter = $state('');
  dialSeconds = $state<number | null>(null);
  #saved: Settings;

  constructor(saved: Settings) {
    this.#saved = $state.raw(saved);
    this.#reset(saved);
  }

  /** The options, plus a value set through the API. */
  get hours(): number[] {
    const set = this.#saved.missedCloseAfterHours;
    return [...new Set([...HOURS, ...(set ? [set] : [])])].toSorted((a, b) => a - b);
  }

  /** The changed values; the server keeps the others. */
  get changes(): Schemas['UpdateSettings'] {
    const before = this.#saved;
    const closeAfter = this.closeAfter ? Number(this.closeAfter) : null;
    return {
      ...(this.visibility !== before.clientVisibility && { clientVisibility: this.visibility }),
      ...(this.masks !== before.maskNumbers && { maskNumbers: this.masks }),
      ...(closeAfter !== (before.missedCloseAfterHours ?? null) && { missedCloseAfterHours: closeAfter }),
      ...(this.dialSeconds !== before.dialSeconds && { dialSeconds: this.dialSeconds }),
    };
  }

  get isDirty(): boolean {
    return Object.keys(this.changes).length > 0;
  }

  async save() {
    this.#saved = await ask(api.PATCH('/api/v1/settings', { body: this.changes }));
    this.#reset(this.#saved);
  }

  #reset({ clientVisibility, maskNumbers, missedCloseAfterHours, dialSeconds }: Settings) {
    this.visibility = clientVisibility ?? 'all';
    this.masks = maskNumbers ?? false;
    this.closeAfter = missedCloseAfterHours ? String(missedCloseAfterHours) : '';
    this.dialSeconds = dialSeconds ?? null;
  }
}
