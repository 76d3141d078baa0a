import { api, ask, type Schemas } from '$lib/api/client';
import { Problem, type Diagnostic } from '$lib/api/problem';
import type { Module } from '../module.svelte';

export type Version = Schemas['Script'];

/** A module's script while it is being edited. */
export class ScriptState {
  readonly moduleId: string;
  text = $state('');
  /** Newest first, without their source. */
  versions = $state.raw<Version[]>([]);
  /** Why the last save was refused. */
  refused = $state.raw<Diagnostic[]>([]);

  #saved = $state('');
  /** The version that `text` is based on; 0 before the first one. */
  #base = $state(0);

  constructor(moduleId: string) {
    this.moduleId = moduleId;
  }

  get isDirty(): boolean {
    return this.text !== this.#saved;
  }

  get base(): Version | undefined {
    return this.versions.find(({ version }) => version === this.#base);
  }

  async load() {
    await this.loadVersions();
    const newest = this.versions[0];
    this.#use(newest?.version ?? 0, newest ? await this.source(newest.version) : '');
  }

  async loadVersions() {
    const path = { id: this.moduleId };
    this.versions = (await ask(api.GET('/api/v1/modules/{id}/script/versions', { params: { path } }))).items;
  }

  async source(version: number): Promise<string> {
    const path = { id: this.moduleId, version };
    const script = await ask(api.GET('/api/v1/modules/{id}/script/versions/{version}', { params: { path } }));
    return script.source ?? '';
  }

  /** Saves the text. Returns the module and the versions that others saved in the meantime, which this one replaces. */
  async save(): Promise<{ module: Module; overtaken: Version[] }> {
    const [source, base] = [this.text, this.#base];
    const params = { path: { id: this.moduleId } };
    try {
      const module = (await ask(api.PUT('/api/v1/modules/{id}/script', { params, body: { source } }))) as Module;
      await this.#savedAs(module, source);
      return { module, overtaken: this.versions.filter(({ version }) => version > base && version < this.#base) };
    } catch (error) {
      this.refused = error instanceof Problem ? error.diagnostics : [];
      throw error;
    }
  }

  /** Restores an older version as the newest one. */
  async restore(version: number): Promise<Module> {
    const source = await this.source(version);
    const params = { path: { id: this.moduleId, version } };
    const restored = await ask(api.POST('/api/v1/modules/{id}/script/versions/{version}/restore', { params }));
    const module = restored as Module;
    this.text = source;
    await this.#savedAs(module, source);
    return module;
  }

  async #savedAs(module: Module, source: string) {
    this.refused = [];
    // Text typed while saving is not saved yet.
    this.#saved = source;
    this.#base = module.scriptVersion ?? this.#base;
    await this.loadVersions();
  }

  #use(version: number, source: string) {
    this.#base = version;
    this.#saved = source;
    this.text = source;
  }
}
