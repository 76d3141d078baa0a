import { Remembered } from '$lib/remembered.svelte';

export type Corner = 'bottom-right' | 'bottom-left' | 'top-right' | 'top-left';

interface Kept {
  corner: Corner;
  minimised: string[];
  /** Calls that the operator muted; providers do not report this. */
  muted: string[];
}

const KEY = 'hookswitch.cards';
const DEFAULTS: Kept = { corner: 'bottom-right', minimised: [], muted: [] };

/** Card state stored in the browser: it survives a refresh and is shared by all tabs. */
export class CardMemory {
  #kept = new Remembered<Kept>(KEY, DEFAULTS);
  #dismissals: BroadcastChannel | undefined;

  /** Synchronises with the other tabs. Returns a function that stops it. */
  start(onDismissed: (id: string) => void): () => void {
    const stop = this.#kept.start();
    const dismissals = new BroadcastChannel(KEY);
    dismissals.onmessage = ({ data }) => onDismissed(data as string);
    this.#dismissals = dismissals;
    return () => {
      stop();
      dismissals.close();
    };
  }

  dismiss(id: string) {
    this.#dismissals?.postMessage(id);
  }

  get corner() {
    return this.#kept.now.corner;
  }
  set corner(corner) {
    this.#kept.change({ corner });
  }

  isMinimised(id: string): boolean {
    return this.#kept.now.minimised.includes(id);
  }
  setMinimised(id: string, is: boolean) {
    this.#kept.change({ minimised: withOrWithout(this.#kept.now.minimised, id, is) });
  }

  isMuted(id: string): boolean {
    return this.#kept.now.muted.includes(id);
  }
  setMuted(id: string, is: boolean) {
    this.#kept.change({ muted: withOrWithout(this.#kept.now.muted, id, is) });
  }

  forgetAllBut(ids: string[]) {
    const { minimised, muted } = this.#kept.now;
    const isThere = (id: string) => ids.includes(id);
    if (minimised.every(isThere) && muted.every(isThere)) return;
    this.#kept.change({ minimised: minimised.filter(isThere), muted: muted.filter(isThere) });
  }
}

function withOrWithout(list: string[], id: string, is: boolean): string[] {
  const others = list.filter((other) => other !== id);
  return is ? [...others, id] : others;
}
