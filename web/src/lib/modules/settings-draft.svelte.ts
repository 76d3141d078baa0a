import type { Module } from './module.svelte';
import { changesOf, inputsOf, unset, type Input, type SettingState } from './settings';
import type { Provider } from './module.svelte';

type Base = Pick<Module, 'name' | 'defaultCountry' | 'numbers' | 'dialsExtensions'> & { settings: SettingState[] };

/** A module form's values, and how they differ from the saved ones. */
export class SettingsDraft {
  name = $state('');
  country = $state('');
  numbers = $state<Module['numbers']>('both');
  dialsExtensions = $state(false);
  inputs = $state<Record<string, Input>>({});
  #base: Base;

  constructor(base: Base) {
    this.#base = $state.raw(base);
    this.reset(base);
  }

  /** For a new module of that provider, or a custom one. */
  static new(provider: Provider | undefined): SettingsDraft {
    return new SettingsDraft({
      name: provider?.name ?? '',
      defaultCountry: provider?.defaultCountry,
      numbers: provider?.numbers ?? 'both',
      dialsExtensions: provider?.dialsExtensions ?? false,
      settings: unset(provider?.settings ?? []),
    });
  }

  reset(base: Base) {
    this.#base = base;
    this.name = base.name;
    this.country = base.defaultCountry ?? '';
    this.numbers = base.numbers;
    this.dialsExtensions = base.dialsExtensions;
    this.inputs = inputsOf(base.settings);
  }

  get settings(): SettingState[] {
    return this.#base.settings;
  }

  /** The changed properties of the module itself. */
  get changes(): Partial<Pick<Module, 'name' | 'defaultCountry' | 'numbers' | 'dialsExtensions'>> {
    const { name, defaultCountry, numbers, dialsExtensions } = this.#base;
    return {
      ...(this.name.trim() !== name && { name: this.name.trim() }),
      ...(this.country !== (defaultCountry ?? '') && { defaultCountry: this.country || null }),
      ...(this.numbers !== numbers && { numbers: this.numbers }),
      ...(this.dialsExtensions !== dialsExtensions && { dialsExtensions: this.dialsExtensions }),
    };
  }

  /** The changed setting values. */
  get values(): Record<string, unknown> {
    return changesOf(this.#base.settings, this.inputs);
  }

  get isDirty(): boolean {
    return hasAny(this.changes) || hasAny(this.values);
  }
}

export function hasAny(object: object): boolean {
  return Object.keys(object).length > 0;
}
