import type { Schemas } from '$lib/api/client';

type Setting = Schemas['Setting'];
export type SettingState = Schemas['SettingState'];

/** What a form's control holds. A secret's: undefined leaves it as it is, null takes it away. */
export type Input = string | boolean | null | undefined;

/** Declared settings that nobody has given a value yet. */
export function unset(settings: readonly Setting[]): SettingState[] {
  return settings.map((setting) => ({
    ...setting,
    isSet: false,
    isSealed: false,
    value: setting.type === 'secret' ? undefined : setting.default,
  }));
}

/** What the form's controls hold before anybody touches them. */
export function inputsOf(states: readonly SettingState[]): Record<string, Input> {
  return Object.fromEntries(states.map((state) => [state.name, inputOf(state)]));
}

/** Whether a control never shows the value that is set: a secret's, also where the setting is declared otherwise since. */
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
      // The default is picked like any other choice; there is no field to leave empty.
      return String(value ?? '');
    default:
      return isSet ? String(value ?? '') : '';
  }
}

/** The values to send, by name: only what differs from what is set. Null takes a value back. */
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
  // What is not a number goes as it is, for the server's sentence about it.
  return type === 'number' && Number.isFinite(Number(text)) ? Number(text) : text;
}
