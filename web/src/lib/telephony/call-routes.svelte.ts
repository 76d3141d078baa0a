import { api, ask, type Schemas } from '$lib/api/client';

/** The modules through which the user can call out, the default one first. */
export class CallRoutes {
  all = $state.raw<Schemas['CallRoute'][]>([]);

  async load() {
    this.all = (await ask(api.GET('/api/v1/call-routes'))).items;
  }
}
