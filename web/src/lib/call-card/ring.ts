/** Two tones together, twice, then a pause: what a phone sounds like in many countries. Hertz and seconds. */
const TONES = [400, 450];
const BURSTS = [
  [0, 0.4],
  [0.6, 1.0],
] as const;
const PERIOD_MILLISECONDS = 3000;
const VOLUME = 0.12;
const LOCK = 'hookswitch.ring';

/** The ring tone. Of several tabs one rings. */
export class RingTone {
  #abort: AbortController | undefined;

  start() {
    if (this.#abort) return;
    const abort = new AbortController();
    this.#abort = abort;
    const { signal } = abort;
    // Browsers know locks on safe pages only (https or this machine); elsewhere each tab rings.
    if (!('locks' in navigator)) return void ringUntil(signal);
    navigator.locks
      .request(LOCK, { signal }, () => ringUntil(signal))
      .catch((error: unknown) => {
        // Stopped while another tab rang.
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
    // A page that nobody has clicked on yet may not make a sound.
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
  // Faded in and out: a tone cut off clicks.
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
