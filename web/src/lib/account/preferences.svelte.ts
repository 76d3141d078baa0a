export type Theme = 'system' | 'light' | 'dark';

interface Kept {
  theme: Theme;
  /** Whether a call rings in this browser. */
  ringTone: boolean;
  /** Whether a call shows a desktop notification; null: nobody has been asked yet. */
  notifications: boolean | null;
  /** Whether the panel of the simulated PBX is open. */
  tryIt: boolean;
}

/** The inline script of app.html reads it too. */
const KEY = 'hookswitch.preferences';
const DEFAULTS: Kept = { theme: 'system', ringTone: true, notifications: null, tryIt: false };

/**
 * How this browser is to look and to ring. Kept in the browser, not in the account: the laptop at the desk rings, the
 * tablet at home does not. All tabs of a browser agree.
 */
export class Preferences {
  #kept = $state<Kept>(read());

  constructor() {
    $effect(() => {
      const again = (event: StorageEvent) => {
        if (event.key === KEY) this.#kept = read();
      };
      window.addEventListener('storage', again);
      return () => window.removeEventListener('storage', again);
    });
    $effect(() => {
      const dark = matchMedia('(prefers-color-scheme: dark)');
      const apply = () => document.documentElement.classList.toggle('dark', this.isDark(dark.matches));
      apply();
      dark.addEventListener('change', apply);
      return () => dark.removeEventListener('change', apply);
    });
  }

  isDark(systemIsDark: boolean): boolean {
    return this.theme === 'dark' || (this.theme === 'system' && systemIsDark);
  }

  get theme() {
    return this.#kept.theme;
  }
  set theme(theme) {
    this.#keep({ theme });
  }

  get ringTone() {
    return this.#kept.ringTone;
  }
  set ringTone(ringTone) {
    this.#keep({ ringTone });
  }

  get notifications() {
    return this.#kept.notifications;
  }
  set notifications(notifications) {
    this.#keep({ notifications });
  }

  get tryIt() {
    return this.#kept.tryIt;
  }
  set tryIt(tryIt) {
    this.#keep({ tryIt });
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

function read(): Kept {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Kept>) };
  } catch {
    return DEFAULTS;
  }
}
