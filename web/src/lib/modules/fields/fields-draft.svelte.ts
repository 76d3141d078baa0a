import type { Module } from '../module.svelte';
import { inputOf, settingOf, type FieldInput } from './fields';

/** Unsaved field declarations of a module's settings form. */
export class FieldsDraft {
  inputs = $state<FieldInput[]>([]);
  #saved = $state.raw('');
  #keys = 0;

  constructor(module: Module) {
    this.reset(module);
  }

  reset({ settings }: Module) {
    this.inputs = settings.map((setting) => inputOf(setting, this.#keys++));
    this.#saved = JSON.stringify(this.settings);
  }

  get settings() {
    return this.inputs.map(settingOf);
  }

  get isDirty(): boolean {
    return JSON.stringify(this.settings) !== this.#saved;
  }

  add() {
    this.inputs.push(inputOf({ name: '', label: '', type: 'text' }, this.#keys++));
  }

  remove(input: FieldInput) {
    this.inputs = this.inputs.filter(({ key }) => key !== input.key);
  }

  /** Moves a field up (-1) or down (1) by one place. */
  move(index: number, by: -1 | 1) {
    const [moved] = this.inputs.splice(index, 1);
    if (moved) this.inputs.splice(index + by, 0, moved);
  }
}
