import { operatorName } from '$lib/call-card/words';
import { country, phone } from '$lib/format';
import type { Call } from '$lib/live/live.svelte';
import { m } from '$lib/paraglide/messages';
import type { HistoryEntry } from './timeline';

type Tone = 'neutral' | 'accent' | 'ok' | 'warn' | 'danger';
type Direction = NonNullable<Call['direction']>;
type Disposition = Call['disposition'];

/** Who is at the other end, for a title. */
export function titleOf(call: Call): string {
  return call.client?.name || (call.direction === 'internal' ? m.calls_internal() : phone(call.clientNumber));
}

/** The caller's name and country, as far as they are known. */
export function aboutCaller(call: Call): string {
  return [call.callerName, country(call.clientNumber?.country)].filter(Boolean).join(' · ');
}

/** Everybody it rang at or who had it. */
export function operatorsOf(call: Call): string {
  return call.operators.map(operatorName).join(', ');
}

/** Those who talked, or talk; where nobody did, all it rang at. */
export function whoHadIt({ operators, answeredAt }: Call): Call['operators'] {
  const had = operators.filter(({ state }) => ['talking', 'held', 'left', 'ended'].includes(state));
  return answeredAt && had.length > 0 ? had : operators;
}

export function directionWord(direction: Direction): string {
  const words = { in: m.calls_direction_in, out: m.calls_direction_out, internal: m.calls_direction_internal };
  return words[direction]();
}

/** How a call came out, or where it stands. */
export function outcomeOf(call: Call): { text: string; tone: Tone } {
  switch (call.state) {
    case 'ringing':
      return { text: call.direction === 'out' ? m.calls_dialling() : m.calls_ringing(), tone: 'accent' };
    case 'talking':
      return { text: m.calls_talking(), tone: 'ok' };
    case 'held':
      return { text: m.calls_held(), tone: 'warn' };
    case 'ended':
      return ended(call);
  }
}

function ended({ disposition, missed, resolved }: Call): { text: string; tone: Tone } {
  if (!missed) return { text: dispositionWord(disposition), tone: TONES[disposition] };
  const tone = resolved ? 'neutral' : 'danger';
  if (disposition === 'voicemail') return { text: m.calls_voicemail(), tone };
  return { text: disposition === 'busy' ? m.calls_missed_busy() : m.calls_missed(), tone };
}

/** How a missed call was dealt with: "Resolved by Ann". */
export function resolvedWord({ how, by }: NonNullable<Call['resolved']>): string {
  const words = { talk: m.calls_resolved_talk, hand: m.calls_resolved_hand, time: m.calls_resolved_time };
  return by ? m.calls_resolved_by({ how: words[how](), who: by.name }) : words[how]();
}

const TONES: Record<Disposition, Tone> = {
  answered: 'ok',
  noAnswer: 'warn',
  busy: 'warn',
  cancelled: 'neutral',
  failed: 'danger',
  voicemail: 'accent',
  unknown: 'neutral',
};

export function dispositionWord(disposition: Disposition): string {
  const words = {
    answered: m.calls_answered,
    noAnswer: m.calls_no_answer,
    busy: m.calls_busy,
    cancelled: m.calls_cancelled,
    failed: m.calls_failed,
    voicemail: m.calls_voicemail,
    unknown: m.calls_ended,
  };
  return words[disposition]();
}

/** What a call is, or was, to one operator. */
export function operatorStateWord(call: Call, state: Call['operators'][number]['state']): string {
  switch (state) {
    case 'ringing':
      return call.direction === 'out' ? m.calls_operator_dials() : m.calls_operator_ringing();
    case 'talking':
      return m.calls_operator_talking();
    case 'held':
      return m.calls_operator_held();
    case 'left':
      return call.state === 'ended' ? m.calls_operator_left() : m.calls_operator_left_ringing();
    case 'answeredElsewhere':
      return m.calls_operator_elsewhere();
    case 'missed':
      return m.calls_operator_missed();
    case 'ended':
      return call.disposition === 'answered' ? m.calls_operator_ended() : m.calls_operator_dialled();
  }
}

/** What happened, of one entry of a call's history. */
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
