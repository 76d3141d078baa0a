/**
 * Runs `work` when asked, never twice at once: asked while it runs, it runs once more afterwards. So what comes faster
 * than it can be fetched is fetched as fast as can be, and the last answer is never older than the last question.
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

/** Changes that come this close together, in milliseconds, are read together. */
const PAUSE = 250;

/** Runs `work` a little after it was asked for, once for everything that asked meanwhile. */
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
