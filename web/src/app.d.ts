import type { Addition } from '$lib/clients/client-draft.svelte';

declare global {
  namespace App {
    interface PageState {
      /** What the form of an existing client is to take over from the form of a new one. */
      addition?: Addition;
    }
  }
}
