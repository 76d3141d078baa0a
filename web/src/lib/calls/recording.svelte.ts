import type WaveSurfer from 'wavesurfer.js';
import { api, ask } from '$lib/api/client';

export const SPEEDS = ['0.75', '1', '1.25', '1.5', '2'] as const;

/** The recording was loaded, but the browser cannot play it. */
export class Unplayable extends Error {}

/**
 * A recording with its waveform. The whole file is fetched once: the waveform needs all of it, the provider is asked only
 * once, and seeking works even if the provider supports neither lengths nor ranges.
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
  /** The object URL of the file, once loaded. */
  file = $state<string>();

  #wave: WaveSurfer | undefined;
  #abort = new AbortController();

  constructor(private readonly callId: string) {}

  /** Fetches the recording and draws its waveform into the container. */
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
      // Success or failure is reported by one of the two events.
      this.#wave.loadBlob(blob).catch(() => {});
    } catch (error) {
      if (!signal.aborted) this.#fail(error);
    }
  }

  /** Plays or pauses. */
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

  /** Redraws in the current theme's colours. */
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
    // Seeking is done by the range input, which supports the keyboard.
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
