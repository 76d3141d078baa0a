import type { Schemas } from '$lib/api/client';

type Setting = Schemas['Setting'];
export type SettingState = Schemas['SettingState'];

/** The value of a form control. For a secret, undefined keeps the stored value and null removes it. */
export type Input = string | boolean | null | undefined;

/** Declared settings as they are before they have values. */
export function unset(settings: readonly Setting[]): SettingState[] {
  return settings.map((setting) => ({
    ...setting,
    isSet: false,
    isSealed: false,
    value: setting.type === 'secret' ? undefined : setting.default,
  }));
}

/** The initial values of the form's controls. */
export function inputsOf(states: readonly SettingState[]): Record<string, Input> {
  return Object.fromEntries(states.map((state) => [state.name, inputOf(state)]));
}

/** Whether a stored value is never shown: true for secrets, even if the setting has since been declared otherwise. */
export function isHidden({ type, isSealed }: SettingState): boolean {
  return type === 'secret' || (isSealed && type !== 'boolean' && type !== 'select');
}

function inputOf(state: SettingState): Input {
  const { type, isSet, value } = state;
  if (isHidden(state)) return isSet ? undefined : '';
  switch (type) {
    case 'boolean':
      return value === true;
    case 'select':
      // The default is one of the options; there is no field to leave empty.
      return String(value ?? '');
    default:
      return isSet ? String(value ?? '') : '';
  }
}

/** The values to send, by name: only changed ones. Null resets a value. */
export function changesOf(states: readonly SettingState[], inputs: Record<string, Input>): Record<string, unknown> {
  const changes: Record<string, unknown> = {};
  for (const state of states) {
    const input = inputs[state.name];
    if (input === inputOf(state) || (input === '' && !state.isSet)) continue;
    changes[state.name] = valueOf(state, input);
  }
  return changes;
}

function valueOf({ type }: SettingState, input: Input): unknown {
  if (typeof input !== 'string') return input;
  const text = type === 'number' || type === 'url' ? input.trim() : input;
  if (text === '') return null;
  // Invalid numbers are sent as is, so that the server reports the error.
  return type === 'number' && Number.isFinite(Number(text)) ? Number(text) : text;
}
