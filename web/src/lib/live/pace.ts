/**
 * Runs `work` on request, never concurrently: if requested while running, it runs once more afterwards. Bursts are thus
 * fetched as fast as possible, and the last answer is never older than the last request.
 */
export function oneAtATime(work: () => Promise<void>): () => void {
  let running = false;
  let again = false;
  return async function run() {
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      do {
        again = false;
        await work();
      } while (again);
    } finally {
      running = false;
    }
  };
}

/** Changes within this many milliseconds are fetched together. */
const PAUSE = 250;

/** Runs `work` shortly after it was requested, once for all requests made in the meantime. */
export class Soon {
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly work: () => void) {}

  ask() {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.work();
    }, PAUSE);
  }

  cancel() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
