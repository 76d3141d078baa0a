import { operatorName } from '$lib/call-card/words';
import { country, phone } from '$lib/format';
import type { Call } from '$lib/live/live.svelte';
import { m } from '$lib/paraglide/messages';

export type Tone = 'neutral' | 'accent' | 'ok' | 'warn' | 'danger';
export type Direction = NonNullable<Call['direction']>;

/** Who is at the other end, for a title. */
export function titleOf(call: Call): string {
  return call.direction === 'internal' ? m.calls_internal() : phone(call.clientNumber);
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

function ended({ disposition, missed }: Call): { text: string; tone: Tone } {
  if (missed && disposition !== 'voicemail') {
    return { text: disposition === 'busy' ? m.calls_missed_busy() : m.calls_missed(), tone: 'danger' };
  }
  switch (disposition) {
    case 'answered':
      return { text: m.calls_answered(), tone: 'ok' };
    case 'noAnswer':
      return { text: m.calls_no_answer(), tone: 'warn' };
    case 'busy':
      return { text: m.calls_busy(), tone: 'warn' };
    case 'cancelled':
      return { text: m.calls_cancelled(), tone: 'neutral' };
    case 'failed':
      return { text: m.calls_failed(), tone: 'danger' };
    case 'voicemail':
      return { text: m.calls_voicemail(), tone: missed ? 'danger' : 'accent' };
    case 'unknown':
      return { text: m.calls_ended(), tone: 'neutral' };
  }
}
