import { api, ask, type Schemas } from '$lib/api/client';
import { Problem } from '$lib/api/problem';

export type Tried = Schemas['Tried'];

/** Stands for a pasted sample instead of a stored request. */
export const SAMPLE = 'sample';

/** How many of the newest requests to offer. */
const OFFERED = 25;

const STARTER = {
  name: 'What it shows, as a sentence',
  request: { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' },
};

/** Runs the editor's text, saved or not, on a request. Has no side effects. */
export class RunState {
  /** The module's newest requests. */
  requests = $state.raw<Schemas['WebhookRequest'][]>([]);
  /** A request's id, or {@link SAMPLE}. */
  chosen = $state<string>(SAMPLE);
  sample = $state(JSON.stringify(STARTER, null, 2));
  tried = $state.raw<Tried>();
  /** The problem with the sample or with the script in the editor. */
  problem = $state('');
  failure = $state.raw<unknown>();

  constructor(readonly moduleId: string) {}

  async load() {
    this.failure = undefined;
    try {
      const params = { path: { id: this.moduleId }, query: { limit: OFFERED } };
      this.requests = (await ask(api.GET('/api/v1/modules/{id}/requests', { params }))).items;
      if (this.requests[0]) this.chosen = this.requests[0].id;
    } catch (error) {
      this.failure = error;
    }
  }

  async run(source: string) {
    this.problem = '';
    try {
      const on = this.chosen === SAMPLE ? { sample: JSON.parse(this.sample) } : { requestId: this.chosen };
      const params = { path: { id: this.moduleId } };
      this.tried = await ask(api.POST('/api/v1/modules/{id}/try', { params, body: { source, ...on } }));
    } catch (error) {
      this.tried = undefined;
      this.problem = problemOf(error);
      if (!this.problem) throw error;
    }
  }
}

/** The message, if the problem is about what was typed. */
function problemOf(error: unknown): string {
  if (error instanceof SyntaxError) return error.message;
  if (!(error instanceof Problem)) return '';
  const [first] = error.diagnostics;
  if (first) return `${first.line}:${first.column}: ${first.message}`;
  return error.status === 422 ? error.message : '';
}
