/** Two simultaneous tones, twice, then a pause, as phones ring in many countries. In hertz and seconds. */
const TONES = [400, 450];
const BURSTS = [
  [0, 0.4],
  [0.6, 1.0],
] as const;
const PERIOD_MILLISECONDS = 3000;
const VOLUME = 0.12;
const LOCK = 'hookswitch.ring';

/** The ring tone. If several tabs are open, only one of them rings. */
export class RingTone {
  #abort: AbortController | undefined;

  start() {
    if (this.#abort) return;
    const abort = new AbortController();
    this.#abort = abort;
    const { signal } = abort;
    // Locks exist only in secure contexts (HTTPS or localhost); elsewhere every tab rings.
    if (!('locks' in navigator)) return void ringUntil(signal);
    navigator.locks
      .request(LOCK, { signal }, () => ringUntil(signal))
      .catch((error: unknown) => {
        // Aborted while waiting for another tab.
        if (!signal.aborted) throw error;
      });
  }

  stop() {
    this.#abort?.abort();
    this.#abort = undefined;
  }
}

async function ringUntil(signal: AbortSignal) {
  const context = new AudioContext();
  const ring = () => {
    // Browsers block sound until the user has interacted with the page.
    if (context.state === 'running') BURSTS.forEach(([from, to]) => burst(context, from, to));
    else void context.resume();
  };
  ring();
  const timer = setInterval(ring, PERIOD_MILLISECONDS);
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  clearInterval(timer);
  await context.close();
}

function burst(context: AudioContext, from: number, to: number) {
  const start = context.currentTime + from;
  const end = context.currentTime + to;
  const gain = context.createGain();
  // Fades in and out, because an abrupt start or end would click.
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(VOLUME, start + 0.02);
  gain.gain.setValueAtTime(VOLUME, end - 0.02);
  gain.gain.linearRampToValueAtTime(0, end);
  gain.connect(context.destination);
  for (const frequency of TONES) {
    const oscillator = new OscillatorNode(context, { frequency });
    oscillator.connect(gain);
    oscillator.start(start);
    oscillator.stop(end);
  }
}
