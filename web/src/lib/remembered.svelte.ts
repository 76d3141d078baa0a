/** State stored in the browser and shared by all its tabs. */
export class Remembered<T extends object> {
  #now: T;

  constructor(
    private readonly key: string,
    private readonly defaults: T,
  ) {
    this.#now = $state.raw(this.#read());
  }

  get now(): T {
    return this.#now;
  }

  change(changes: Partial<T>) {
    this.#now = { ...this.#now, ...changes };
    try {
      localStorage.setItem(this.key, JSON.stringify(this.#now));
    } catch {
      // Without storage, the state lasts until the page is closed.
    }
  }

  /** Synchronises with the other tabs. Returns a function that stops it. */
  start(): () => void {
    const again = (event: StorageEvent) => {
      if (event.key === this.key) this.#now = this.#read();
    };
    window.addEventListener('storage', again);
    return () => window.removeEventListener('storage', again);
  }

  #read(): T {
    try {
      return { ...this.defaults, ...(JSON.parse(localStorage.getItem(this.key) ?? '{}') as Partial<T>) };
    } catch {
      return this.defaults;
    }
  }
}
