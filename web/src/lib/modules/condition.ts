import { m } from '$lib/paraglide/messages';
import type { Module } from './module.svelte';

/** A module's condition, worst first. */
type Condition = 'scriptError' | 'unfinished' | 'settingsMissing' | 'off' | 'failing' | 'silent' | 'working';

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

export function conditionOf(module: Module): Condition {
  if (module.scriptError) return 'scriptError';
  if (module.webhookUrl == null) return 'unfinished';
  if (missingSettings(module).length > 0) return 'settingsMissing';
  if (!module.enabled) return 'off';
  if (module.health.lastRequestStatus === 'failed') return 'failing';
  return module.health.lastRequestAt ? 'working' : 'silent';
}

/** Labels of required settings that are missing. */
export function missingSettings({ settings }: Pick<Module, 'settings'>): string[] {
  return settings
    .filter(({ required, isSet, value }) => required && !isSet && value == null)
    .map((setting) => setting.label);
}
