import type { Live } from '$lib/live/live.svelte';

/**
 * Calls `refresh` whenever that module, or any, has new requests or log lines, and after each connect, since what
 * happened without a connection is not reported later. Gives the function that ends it.
 */
export function onModuleActivity(live: Live, id: string | undefined, refresh: () => void): () => void {
  return live.on({
    activity: ({ modules }) => {
      if (id === undefined ? modules.length > 0 : modules.includes(id)) refresh();
    },
    snapshot: refresh,
  });
}
