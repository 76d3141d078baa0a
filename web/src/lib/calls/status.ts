import type { Call } from '$lib/live/live.svelte';
import { m } from '$lib/paraglide/messages';

type Tone = 'neutral' | 'accent' | 'ok' | 'warn' | 'danger';
type Direction = NonNullable<Call['direction']>;
type Disposition = Call['disposition'];

export function directionWord(direction: Direction): string {
  const words = { in: m.calls_direction_in, out: m.calls_direction_out, internal: m.calls_direction_internal };
  return words[direction]();
}

/** The call's result, or its current state. */
export function statusOf(call: Call): { text: string; tone: Tone } {
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

/** How a missed call was resolved: "Resolved by Ann". */
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

/** The call's state for one operator. */
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
