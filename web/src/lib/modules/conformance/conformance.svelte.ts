import { api, ask, type Schemas } from '$lib/api/client';
import { Problem } from '$lib/api/problem';

type Conformance = Schemas['Conformance'];

/** The results of running a module's scenarios. */
export class ConformanceState {
  made = $state.raw<Conformance>();
  /** Why there is nothing to run. */
  missing = $state('');
  failure = $state.raw<unknown>();
  isRunning = $state(false);

  constructor(readonly moduleId: string) {}

  async run() {
    this.isRunning = true;
    this.failure = undefined;
    this.missing = '';
    try {
      const params = { path: { id: this.moduleId } };
      this.made = await ask(api.GET('/api/v1/modules/{id}/conformance', { params }));
    } catch (error) {
      if (error instanceof Problem && error.code === 'noScenarios') this.missing = error.message;
      else this.failure = error;
    } finally {
      this.isRunning = false;
    }
  }
}
