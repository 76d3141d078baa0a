export type Corner = 'bottom-right' | 'bottom-left' | 'top-right' | 'top-left';

interface Kept {
  corner: Corner;
  minimised: string[];
  /** Calls whose operator muted themselves: providers report no such event. */
  muted: string[];
}

const KEY = 'hookswitch.cards';
const DEFAULTS: Kept = { corner: 'bottom-right', minimised: [], muted: [] };

/** What a browser remembers of the cards: it outlives a refresh, and all tabs agree. */
export class CardMemory {
  #kept = $state<Kept>(read());
  #dismissals: BroadcastChannel | undefined;

  /** Follows the other tabs until the function that it gives is called. */
  start(onDismissed: (id: string) => void): () => void {
    const again = (event: StorageEvent) => {
      if (event.key === KEY) this.#kept = read();
    };
    window.addEventListener('storage', again);
    const dismissals = new BroadcastChannel(KEY);
    dismissals.onmessage = ({ data }) => onDismissed(data as string);
    this.#dismissals = dismissals;
    return () => {
      window.removeEventListener('storage', again);
      dismissals.close();
    };
  }

  dismiss(id: string) {
    this.#dismissals?.postMessage(id);
  }

  get corner() {
    return this.#kept.corner;
  }
  set corner(corner) {
    this.#keep({ corner });
  }

  isMinimised(id: string): boolean {
    return this.#kept.minimised.includes(id);
  }
  setMinimised(id: string, is: boolean) {
    this.#keep({ minimised: withOrWithout(this.#kept.minimised, id, is) });
  }

  isMuted(id: string): boolean {
    return this.#kept.muted.includes(id);
  }
  setMuted(id: string, is: boolean) {
    this.#keep({ muted: withOrWithout(this.#kept.muted, id, is) });
  }

  forgetAllBut(ids: string[]) {
    const { minimised, muted } = this.#kept;
    const isThere = (id: string) => ids.includes(id);
    if (minimised.every(isThere) && muted.every(isThere)) return;
    this.#keep({ minimised: minimised.filter(isThere), muted: muted.filter(isThere) });
  }

  #keep(change: Partial<Kept>) {
    this.#kept = { ...this.#kept, ...change };
    try {
      localStorage.setItem(KEY, JSON.stringify(this.#kept));
    } catch {
      // A browser that keeps nothing still does as told until the page is closed.
    }
  }
}

function withOrWithout(list: string[], id: string, is: boolean): string[] {
  const others = list.filter((other) => other !== id);
  return is ? [...others, id] : others;
}

function read(): Kept {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Kept>) };
  } catch {
    return DEFAULTS;
  }
}
