import type { Preferences } from '$lib/account/preferences.svelte';
import { Problem } from '$lib/api/problem';
import type { Live } from '$lib/live/live.svelte';
import { Soon } from '$lib/live/pace';
import { demoState, type DemoState, playScene, type Scene } from './api';

/** The simulated PBX, where the server runs one, and its panel. */
export class Demo {
  /** What its telephones do; nothing where there is no simulated PBX. */
  now = $state.raw<DemoState>();

  /** What opened the panel: the focus goes back to it. */
  #opener: HTMLElement | undefined;
  #live: Live;
  #preferences: Preferences;
  readonly #soon = new Soon(() => void this.#load());

  constructor(live: Live, preferences: Preferences) {
    this.#live = live;
    this.#preferences = preferences;
  }

  /** Looks whether there is a simulated PBX, and again whenever calls change, until the function that it gives is called. */
  start(): () => void {
    void this.#load();
    const again = () => this.open && this.#soon.ask();
    const stop = this.#live.on({ snapshot: again, call: again, callGone: again, missed: again, activity: again });
    return () => {
      stop();
      this.#soon.cancel();
    };
  }

  get open(): boolean {
    return this.#preferences.tryIt;
  }

  show(opener: HTMLElement) {
    this.#opener = opener;
    this.#preferences.tryIt = true;
    this.#soon.ask();
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
      this.now = await playScene(scene);
    } catch (error) {
      // A call may have changed meanwhile.
      this.#soon.ask();
      throw error;
    }
  }

  async #load() {
    try {
      this.now = await demoState();
    } catch (error) {
      // A lost connection is reported elsewhere; what was known is shown until it is back.
      if (error instanceof Problem && error.status === 404) this.now = undefined;
    }
  }
}
