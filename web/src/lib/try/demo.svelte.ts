import type { Preferences } from '$lib/account/preferences.svelte';
import { api, ask, type Schemas } from '$lib/api/client';
import { Problem } from '$lib/api/problem';
import type { Live } from '$lib/live/live.svelte';

export type Scene = Schemas['Scene'];

/** Several messages follow one another when a call changes; what the PBX shows after the last of them is enough. */
const PAUSE_MILLISECONDS = 150;

/** The simulated PBX, where the server runs one, and its panel. */
export class Demo {
  /** What its telephones do; nothing where there is no simulated PBX. */
  now = $state.raw<Schemas['Demo']>();

  /** What opened the panel: the focus goes back to it. */
  #opener: HTMLElement | undefined;
  #live: Live;
  #preferences: Preferences;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(live: Live, preferences: Preferences) {
    this.#live = live;
    this.#preferences = preferences;
  }

  /** Looks whether there is a simulated PBX, and again whenever calls change, until the function that it gives is called. */
  start(): () => void {
    void this.#load();
    const types = ['snapshot', 'call', 'callGone', 'missed', 'activity'] as const;
    const stops = types.map((type) => this.#live.on(type, () => this.open && this.#loadSoon()));
    return () => {
      clearTimeout(this.#timer);
      for (const stop of stops) stop();
    };
  }

  get open(): boolean {
    return this.#preferences.tryIt;
  }

  show(opener: HTMLElement) {
    this.#opener = opener;
    this.#preferences.tryIt = true;
    this.#loadSoon();
  }

  close() {
    this.#preferences.tryIt = false;
    this.#opener?.focus();
    this.#opener = undefined;
  }

  /** The panel is there: whoever opened it by hand, and not by loading the page, goes on in it. */
  opened(panel: HTMLElement) {
    if (this.#opener) panel.focus();
  }

  async play(scene: Scene) {
    try {
      this.now = await ask(api.POST('/api/v1/demo/scenes/{scene}', { params: { path: { scene } } }));
    } catch (error) {
      // A call may have changed meanwhile.
      this.#loadSoon();
      throw error;
    }
  }

  #loadSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#load(), PAUSE_MILLISECONDS);
  }

  async #load() {
    try {
      this.now = await ask(api.GET('/api/v1/demo'));
    } catch (error) {
      // A connection that is lost is told elsewhere; what was known is shown until it is back.
      if (error instanceof Problem && error.status === 404) this.now = undefined;
    }
  }
}
