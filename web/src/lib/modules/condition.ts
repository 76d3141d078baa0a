import type { Module } from './module.svelte';

/** How a module is doing, the worst first. */
export type Condition = 'scriptError' | 'unfinished' | 'settingsMissing' | 'off' | 'failing' | 'silent' | 'working';

export function conditionOf(module: Module): Condition {
  if (module.scriptError) return 'scriptError';
  if (module.webhookUrl == null) return 'unfinished';
  if (missingSettings(module).length > 0) return 'settingsMissing';
  if (!module.enabled) return 'off';
  if (module.health.lastRequestStatus === 'failed') return 'failing';
  return module.health.lastRequestAt ? 'working' : 'silent';
}

/** The labels of settings without which the module does not work. */
export function missingSettings({ settings }: Pick<Module, 'settings'>): string[] {
  return settings
    .filter(({ required, isSet, value }) => required && !isSet && value == null)
    .map((setting) => setting.label);
}
