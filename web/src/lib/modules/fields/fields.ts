import type { Schemas } from '$lib/api/client';
import { m } from '$lib/paraglide/messages';

type Setting = Schemas['Setting'];
export type Kind = Schemas['SettingKind'];

export const KINDS: Record<Kind, () => string> = {
  text: m.modules_kind_text,
  secret: m.modules_kind_secret,
  number: m.modules_kind_number,
  boolean: m.modules_kind_boolean,
  url: m.modules_kind_url,
  select: m.modules_kind_select,
};

/** A declared setting as edited in a form: all values are strings, and properties of other types are kept. */
export interface FieldInput {
  /** Stable identity while everything else changes. */
  key: number;
  name: string;
  label: string;
  type: Kind;
  required: boolean;
  help: string;
  default: string;
  options: { value: string; label: string }[];
}

export function inputOf(setting: Setting, key: number): FieldInput {
  return {
    key,
    name: setting.name,
    label: setting.label,
    type: setting.type,
    required: setting.required ?? false,
    help: setting.help ?? '',
    default: setting.default == null ? '' : String(setting.default),
    options: (setting.options ?? []).map(({ value, label }) => ({ value, label })),
  };
}

/** The resulting declaration, without properties of other types. */
export function settingOf(input: FieldInput): Setting {
  const { name, label, type, required, help } = input;
  const fallback = defaultOf(input);
  return {
    name: name.trim(),
    label: label.trim() || name.trim(),
    type,
    required,
    ...(help.trim() && { help: help.trim() }),
    ...(fallback !== undefined && { default: fallback }),
    ...(type === 'select' && { options: input.options.map(({ value, label }) => ({ value, label: label || value })) }),
  };
}

function defaultOf({ type, default: text }: FieldInput): unknown {
  if (type === 'secret' || text.trim() === '') return undefined;
  switch (type) {
    case 'boolean':
      return text === 'true';
    case 'number':
      // Invalid numbers are sent as is, so that the server reports the error.
      return Number.isFinite(Number(text)) ? Number(text) : text;
    default:
      return text.trim();
  }
}
