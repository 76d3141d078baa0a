import { m } from '$lib/paraglide/messages';
import type { Condition } from './condition';

import type { Module, Provider } from './module.svelte';
import type { Kind } from './fields/fields';
import type { Level } from './module-log.svelte';

/** What a module was made from. */
export function providerName({ provider }: Pick<Module, 'provider'>, providers: readonly Provider[]): string {
  if (!provider) return m.modules_own();
  return providers.find(({ code }) => code === provider)?.name ?? provider;
}

export const CONDITIONS: Record<
  Condition,
  { text: () => string; tone: 'neutral' | 'ok' | 'warn' | 'danger' | 'accent' }
> = {
  scriptError: { text: m.modules_condition_script_error, tone: 'danger' },
  unfinished: { text: m.modules_condition_unfinished, tone: 'warn' },
  settingsMissing: { text: m.modules_condition_settings_missing, tone: 'warn' },
  off: { text: m.modules_condition_off, tone: 'neutral' },
  failing: { text: m.modules_condition_failing, tone: 'danger' },
  silent: { text: m.modules_condition_silent, tone: 'accent' },
  working: { text: m.modules_condition_working, tone: 'ok' },
};

export const LEVEL_WORDS: Record<Level, { text: () => string; tone: 'neutral' | 'accent' | 'warn' | 'danger' }> = {
  debug: { text: m.modules_level_debug, tone: 'neutral' },
  info: { text: m.modules_level_info, tone: 'accent' },
  warn: { text: m.modules_level_warn, tone: 'warn' },
  error: { text: m.modules_level_error, tone: 'danger' },
};

export const KINDS: Record<Kind, () => string> = {
  text: m.modules_kind_text,
  secret: m.modules_kind_secret,
  number: m.modules_kind_number,
  boolean: m.modules_kind_boolean,
  url: m.modules_kind_url,
  select: m.modules_kind_select,
};
