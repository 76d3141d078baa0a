/** State that this browser remembers. All its tabs agree. */
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
      // A browser that stores nothing still remembers until the page is closed.
    }
  }

  /** Follows the other tabs until the function that it gives is called. */
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
