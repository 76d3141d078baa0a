import { api, ask, type Schemas } from '$lib/api/client';

export type Target = Schemas['ImportTarget'];
type DuplicateRule = Schemas['DuplicateRule'];
type Import = Schemas['Import'];

/** How often a running import's progress is fetched, in milliseconds. */
const PAUSE = 700;

export const STEPS = ['file', 'columns', 'preview', 'report'] as const;
export type Step = (typeof STEPS)[number];

/** One import of a file, from choosing it to the report. */
export class ImportRun {
  now = $state.raw<Import>();
  /** The target field of each column; empty for none. */
  mapping = $state<(Target | '')[]>([]);
  preview = $state.raw<Schemas['ImportPreview']>();
  duplicates = $state<DuplicateRule>('skip');
  busy = $state(false);
  failure = $state.raw<unknown>();

  #timer: ReturnType<typeof setTimeout> | undefined;

  get step(): Step {
    if (!this.now) return 'file';
    if (this.now.state !== 'uploaded') return 'report';
    return this.preview ? 'preview' : 'columns';
  }

  /** Opens an import that was started before the page was loaded. */
  open(id: string) {
    return this.#try(async () => this.#begin(await this.#read(id)));
  }

  upload(file: File) {
    return this.#try(async () => {
      const headers = { 'content-type': 'text/csv' };
      // Sent as is, not as JSON.
      const bodySerializer = () => file;
      this.#begin(await ask(api.POST('/api/v1/clients/imports', { body: '', bodySerializer, headers })));
    });
  }

  look() {
    return this.#try(async () => {
      const body = { mapping: this.#mapping };
      this.preview = await ask(api.POST('/api/v1/clients/imports/{id}/preview', { params: this.#params, body }));
    });
  }

  start() {
    return this.#try(async () => {
      const body = { mapping: this.#mapping, duplicates: this.duplicates };
      this.now = await ask(api.POST('/api/v1/clients/imports/{id}/start', { params: this.#params, body }));
      this.#follow();
    });
  }

  cancel() {
    return this.#try(async () => {
      await ask(api.DELETE('/api/v1/clients/imports/{id}', { params: this.#params }));
      if (this.now?.state === 'running') this.now = await this.#read(this.now.id);
      else this.again();
    });
  }

  /** Starts over with another file. */
  again() {
    this.stop();
    this.now = this.preview = this.failure = undefined;
  }

  stop() {
    clearTimeout(this.#timer);
  }

  get #params() {
    return { path: { id: this.now?.id ?? '' } };
  }

  get #mapping(): (Target | null)[] {
    return this.mapping.map((target) => target || null);
  }

  #begin(begun: Import) {
    this.now = begun;
    this.mapping = begun.columns.map(({ suggested }) => suggested ?? '');
    if (begun.state === 'running') this.#follow();
  }

  #follow() {
    this.#timer = setTimeout(() => {
      const { id } = this.now ?? {};
      if (!id) return;
      void this.#try(async () => {
        this.now = await this.#read(id);
      }).then(() => this.now?.state === 'running' && this.#follow());
    }, PAUSE);
  }

  #read(id: string): Promise<Import> {
    return ask(api.GET('/api/v1/clients/imports/{id}', { params: { path: { id } } }));
  }

  async #try(work: () => Promise<void>) {
    this.busy = true;
    this.failure = undefined;
    try {
      await work();
    } catch (error) {
      this.failure = error;
    } finally {
      this.busy = false;
    }
  }
}
