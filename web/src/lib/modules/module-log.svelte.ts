import { api, ask, type Schemas } from '$lib/api/client';
import { append, merge } from '$lib/api/newest-first';
import type { Page } from '$lib/api/pages';
import { oneAtATime } from '$lib/live/one-at-a-time';

export type LogLine = Schemas['LogLine'];
export type Level = Schemas['Level'];
export const LEVELS: readonly Level[] = ['debug', 'info', 'warn', 'error'];

/** Lines kept at once; a log that is watched all day must not fill the browser. */
const MOST = 2000;

/** A module's log of one level and worse, newest first, as it grows. */
export class ModuleLog {
  lines = $state.raw<Page<LogLine>>();
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
        const tooMany = (this.lines?.items.length ?? 0) > MOST;
        this.lines = this.lines && !tooMany ? merge(this.lines, newest, ({ id }) => id) : newest;
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
    const { lines } = this;
    if (!lines?.nextCursor || this.isLoadingMore) return;
    this.isLoadingMore = true;
    try {
      const next = await this.#page(lines.nextCursor);
      // Unless a newer page has taken the place of all.
      if (this.lines?.nextCursor === lines.nextCursor) this.lines = append(this.lines, next);
      this.failure = undefined;
    } catch (error) {
      this.failure = error;
    } finally {
      this.isLoadingMore = false;
    }
  }

  #page(cursor?: string): Promise<Page<LogLine>> {
    const params = { path: { id: this.moduleId }, query: { level: this.level, limit: 100, cursor } };
    return ask(api.GET('/api/v1/modules/{id}/log', { params }));
  }
}
