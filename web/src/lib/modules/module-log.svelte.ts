import { api, ask, type Schemas } from '$lib/api/client';
import type { Part } from '$lib/api/paged-list.svelte';
import type { Page } from '$lib/api/pages';
import { PausableList } from '$lib/api/pausable-list.svelte';
import { m } from '$lib/paraglide/messages';

export type LogLine = Schemas['LogLine'];
export type Level = Schemas['Level'];

export const LEVELS: Record<Level, { text: () => string; tone: 'neutral' | 'accent' | 'warn' | 'danger' }> = {
  debug: { text: m.modules_level_debug, tone: 'neutral' },
  info: { text: m.modules_level_info, tone: 'accent' },
  warn: { text: m.modules_level_warn, tone: 'warn' },
  error: { text: m.modules_level_error, tone: 'danger' },
};

/** A module's live log, from a minimum level up. */
export class ModuleLog extends PausableList<LogLine> {
  constructor(
    private readonly moduleId: string,
    readonly level: Level,
  ) {
    super();
  }

  protected override read(part: Part, signal: AbortSignal): Promise<Page<LogLine>> {
    const params = { path: { id: this.moduleId }, query: { level: this.level, ...part } };
    return ask(api.GET('/api/v1/modules/{id}/log', { params, signal }));
  }
}
