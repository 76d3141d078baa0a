import type { Call } from '$lib/live/live.svelte';
import { m } from '$lib/paraglide/messages';
import { operatorName } from './people';
import type { HistoryEntry } from './timeline';

/** Describes one entry of a call's history. */
export function eventWord(call: Call, { kind, operator, redirectTo, legId }: HistoryEntry): string {
  const who = operator && operatorName(operator);
  switch (kind) {
    case 'start':
      if (!who) return m.calls_history_begun();
      return call.direction === 'out' ? m.calls_history_dialled({ who }) : m.calls_history_rang({ who });
    case 'redirect':
      if (!redirectTo) return m.calls_history_passed_on();
      if (!who) return m.calls_history_passed({ who: operatorName(redirectTo) });
      return m.calls_history_passed_by({ by: who, who: operatorName(redirectTo) });
    case 'answer':
      return who && call.direction !== 'out' ? m.calls_history_answered_by({ who }) : m.calls_history_answered();
    case 'hold':
      return who ? m.calls_history_held_by({ who }) : m.calls_history_held();
    case 'unhold':
      return who ? m.calls_history_resumed_by({ who }) : m.calls_history_resumed();
    case 'record':
      return m.calls_history_record();
    case 'timedOut':
      return m.calls_history_timed_out();
    case 'end':
      if (!legId) return m.calls_history_ended();
      return who ? m.calls_history_leg_ended({ who }) : m.calls_history_part_ended();
  }
}
