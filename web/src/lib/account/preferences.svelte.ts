import { Remembered } from '$lib/remembered.svelte';

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
  #kept = new Remembered<Kept>(KEY, DEFAULTS);

  constructor() {
    $effect(() => this.#kept.start());
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
    return this.#kept.now.theme;
  }
  set theme(theme) {
    this.#kept.change({ theme });
  }

  get ringTone() {
    return this.#kept.now.ringTone;
  }
  set ringTone(ringTone) {
    this.#kept.change({ ringTone });
  }

  get notifications() {
    return this.#kept.now.notifications;
  }
  set notifications(notifications) {
    this.#kept.change({ notifications });
  }

  get tryIt() {
    return this.#kept.now.tryIt;
  }
  set tryIt(tryIt) {
    this.#kept.change({ tryIt });
  }
}
