import type { Addition } from '$lib/clients/client-draft.svelte';

declare global {
  namespace App {
    interface PageState {
      /** Fields typed into the form for a new client, to be added to an existing client's form. */
      addition?: Addition;
    }
  }
}
