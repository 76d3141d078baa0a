import { m } from '$lib/paraglide/messages';
import type { MissedCaller } from './missed-list.svelte';

/** Who is to call back. */
export function assignedTo({ assigned, assignees }: MissedCaller, userId: string): string {
  if (assigned === 'everybody') return m.missed_for_everybody();
  const names = assignees.map(({ id, name }) => (id === userId ? m.missed_you() : name));
  const who = names.join(', ');
  return assigned === 'responsible' ? m.missed_for_responsible({ who }) : m.missed_for({ who });
}
