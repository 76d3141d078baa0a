import type WaveSurfer from 'wavesurfer.js';
import { api, ask } from '$lib/api/client';

export const SPEEDS = ['0.75', '1', '1.25', '1.5', '2'] as const;

/** The recording came, but the browser cannot do anything with it. */
export class Unplayable extends Error {}

/**
 * A recording with its waveform. It is fetched whole, once: the waveform needs all of it, the provider is asked for it only
 * once, and it can be played and wound where the provider tells neither its length nor parts of it.
 */
export class Recording {
  state = $state<'loading' | 'ready' | 'failed'>('loading');
  failure = $state.raw<unknown>();
  isPlaying = $state(false);
  /** Seconds. */
  time = $state(0);
  length = $state(0);
  speed = $state<(typeof SPEEDS)[number]>('1');
  /** Whether the provider's own link can be opened in a browser. */
  isAtProvider = $state(true);
  /** Where the browser keeps the file, once it is there. */
  file = $state<string>();

  #wave: WaveSurfer | undefined;
  #abort = new AbortController();

  constructor(private readonly callId: string) {}

  /** Fetches it and draws into that element. */
  async load(container: HTMLElement) {
    this.#clear();
    const { signal } = (this.#abort = new AbortController());
    this.state = 'loading';
    try {
      const [{ default: WaveSurfer }, blob] = await Promise.all([import('wavesurfer.js'), this.#fetch(signal)]);
      if (signal.aborted) return;
      this.file = URL.createObjectURL(blob);
      this.#wave = this.#draw(WaveSurfer, container);
      this.#wave.on('error', (cause) => !signal.aborted && this.#fail(new Unplayable('', { cause })));
      this.#wave.on('ready', (length) => {
        this.length = length;
        this.#wave?.setPlaybackRate(Number(this.speed));
        this.state = 'ready';
      });
      // Whether that works, one of the two events says.
      this.#wave.loadBlob(blob).catch(() => {});
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  /** Plays, or stops for a moment. */
  toggle() {
    this.#wave?.playPause().catch((cause) => this.#fail(new Unplayable('', { cause })));
  }

  wind(seconds: number) {
    const time = Math.min(Math.max(seconds, 0), this.length);
    this.#wave?.setTime(time);
    this.time = time;
  }

  setSpeed(speed: (typeof SPEEDS)[number]) {
    this.speed = speed;
    this.#wave?.setPlaybackRate(Number(speed));
  }

  /** Draws in the colours of the theme, which may have changed. */
  repaint() {
    this.#wave?.setOptions(colours());
  }

  destroy() {
    this.#clear();
  }

  async #fetch(signal: AbortSignal): Promise<Blob> {
    const params = { path: { id: this.callId }, query: { proxy: 1 } };
    const answer = api.GET('/api/v1/calls/{id}/recording', { params, parseAs: 'blob', signal });
    const blob = await ask(answer);
    this.isAtProvider = (await answer).response.headers.get('x-recording-link') !== 'none';
    return blob as unknown as Blob;
  }

  #draw(Wave: typeof WaveSurfer, container: HTMLElement): WaveSurfer {
    const bars = { height: 56, barWidth: 2, barGap: 2, barRadius: 2, barMinHeight: 2, cursorWidth: 2 };
    // Winding is the range field's work, which has a keyboard.
    const wave = Wave.create({ container, ...bars, normalize: true, interact: false, ...colours() });
    wave.on('timeupdate', (time) => (this.time = time));
    wave.on('play', () => (this.isPlaying = true));
    wave.on('pause', () => (this.isPlaying = false));
    wave.on('finish', () => (this.isPlaying = false));
    return wave;
  }

  #fail(error: unknown) {
    this.failure = error;
    this.state = 'failed';
    this.isPlaying = false;
  }

  #clear() {
    this.#abort.abort();
    this.#wave?.destroy();
    this.#wave = undefined;
    if (this.file) URL.revokeObjectURL(this.file);
    this.file = undefined;
    this.time = this.length = 0;
    this.isPlaying = false;
  }
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  return { waveColor: colour('--line-strong'), progressColor: colour('--accent'), cursorColor: colour('--accent') };
}
