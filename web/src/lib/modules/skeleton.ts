import script from '../../../../crates/server/src/cli/module/template/module.ts?raw';
import type { Schemas } from '$lib/api/client';
import { m } from '$lib/paraglide/messages';

/** The start of a custom module: the script that `hookswitch module new` writes, and the settings it reads. */
export function skeleton(): { script: string; settings: Schemas['Setting'][] } {
  const settings: Schemas['Setting'][] = [
    { name: 'apiUrl', label: m.modules_skeleton_url(), type: 'url', required: true },
    { name: 'apiKey', label: m.modules_skeleton_key(), type: 'secret', required: true },
  ];
  return { script, settings };
}
