import { api, ask, type Schemas } from '$lib/api/client';
import { oneAtATime } from '$lib/live/one-at-a-time';
import { withNewest, type Lines } from './log-lines';

export type Level = Schemas['Level'];
export const LEVELS: readonly Level[] = ['debug', 'info', 'warn', 'error'];

/** A module's log of one level and worse, newest first, as it grows. */
export class ModuleLog {
  lines = $state.raw<Lines>();
  failure = $state.raw<unknown>();
  isLoadingMore = $state(false);
  /** Newer lines than those shown are there. */
  hasNewer = $state(false);
  #paused = false;

  constructor(
    private readonly moduleId: string,
    readonly level: Level,
  ) {}

  readonly refresh = oneAtATime(async () => {
    try {
      const newest = await this.#page();
      if (this.#paused && this.lines) {
        this.hasNewer = (newest.items[0]?.id ?? 0) > (this.lines.items[0]?.id ?? 0);
      } else {
        this.lines = this.lines ? withNewest(this.lines, newest) : newest;
        this.hasNewer = false;
      }
      this.failure = undefined;
    } catch (error) {
      this.failure = error;
    }
  });

  /** While somebody reads further down, new lines wait: nothing may move away under their eyes. */
  pause(paused: boolean) {
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (!paused && this.hasNewer) this.refresh();
  }

  async more() {
    if (!this.lines?.nextCursor || this.isLoadingMore) return;
    this.isLoadingMore = true;
    try {
      const before = this.lines;
      const { items, nextCursor } = await this.#page(before.nextCursor ?? undefined);
      // Unless a newer page has taken the place of all.
      if (this.lines.nextCursor === before.nextCursor) {
        this.lines = { items: [...this.lines.items, ...items], nextCursor };
      }
      this.failure = undefined;
    } catch (error) {
      this.failure = error;
    } finally {
      this.isLoadingMore = false;
    }
  }

  async #page(cursor?: string): Promise<Lines> {
    const params = { path: { id: this.moduleId }, query: { level: this.level, limit: 100, cursor } };
    const { items, nextCursor = null } = await ask(api.GET('/api/v1/modules/{id}/log', { params }));
    return { items, nextCursor };
  }
}
