import { Remembered } from '$lib/remembered.svelte';

export type Corner = 'bottom-right' | 'bottom-left' | 'top-right' | 'top-left';

interface Kept {
  corner: Corner;
  minimised: string[];
  /** Calls that the operator muted: providers report no such event. */
  muted: string[];
}

const KEY = 'hookswitch.cards';
const DEFAULTS: Kept = { corner: 'bottom-right', minimised: [], muted: [] };

/** What a browser remembers of the cards: it outlives a refresh, and all tabs agree. */
export class CardMemory {
  #kept = new Remembered<Kept>(KEY, DEFAULTS);
  #dismissals: BroadcastChannel | undefined;

  /** Follows the other tabs until the function that it gives is called. */
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
