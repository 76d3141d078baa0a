import { Remembered } from '$lib/remembered.svelte';

export type Theme = 'system' | 'light' | 'dark';

interface Kept {
  theme: Theme;
  /** Whether calls ring in this browser. */
  ringTone: boolean;
  /** Whether calls show a desktop notification; null while the user has not been asked. */
  notifications: boolean | null;
  /** Whether the panel of the simulated PBX is open. */
  tryIt: boolean;
}

/** Also read by the inline script in app.html. */
const KEY = 'hookswitch.preferences';
const DEFAULTS: Kept = { theme: 'system', ringTone: true, notifications: null, tryIt: false };

/**
 * Appearance and ring settings. Stored in the browser, not in the account: the laptop at the desk rings, the
 * tablet at home does not. Shared by all tabs of the browser.
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
