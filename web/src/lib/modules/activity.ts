import type { Live } from '$lib/live/live.svelte';

/**
 * Calls `refresh` whenever the module (or any module) has new requests or log lines, and after each connect, since
 * events missed while disconnected are not reported later. Returns a function that stops it.
 */
export function onModuleActivity(live: Live, id: string | undefined, refresh: () => void): () => void {
  return live.on({
    activity: ({ modules }) => {
      if (id === undefined ? modules.length > 0 : modules.includes(id)) refresh();
    },
    snapshot: refresh,
  });
}
