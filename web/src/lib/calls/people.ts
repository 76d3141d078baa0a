import type { Schemas } from '$lib/api/client';
import { country, phone } from '$lib/format';
import type { Call } from '$lib/live/live.svelte';
import { m } from '$lib/paraglide/messages';

type Operator = Schemas['ApiOperator'];

/** "Reception (101)", or the extension alone. */
export function operatorName({ name, extension }: { name?: string | null; extension: string }): string {
  return name ? m.card_operator({ name, extension }) : extension;
}

/** The other party, for a title. */
export function titleOf(call: Call): string {
  return call.client?.name || (call.direction === 'internal' ? m.calls_internal() : phone(call.clientNumber));
}

/** The caller's name and country, as far as known. */
export function aboutCaller(call: Call): string {
  return [call.callerName, country(call.clientNumber?.country)].filter(Boolean).join(' · ');
}

/** Everybody whose phone rang or who had the call. */
export function operatorsOf(call: Call): string {
  return call.operators.map(operatorName).join(', ');
}

/** Everybody who talked; if nobody did, everybody whose phone rang. */
export function whoHadIt({ operators, answeredAt }: Call): Call['operators'] {
  const had = operators.filter(({ state }) => ['talking', 'held', 'left', 'ended'].includes(state));
  return answeredAt && had.length > 0 ? had : operators;
}

/** The other party: the client or their number, or the colleague in an internal call. */
export function otherParty(call: Call, userId: string): string {
  if (call.direction !== 'internal') return call.client?.name || phone(call.clientNumber);
  const colleague = call.operators.find((operator) => operator.userId !== userId);
  return colleague ? operatorName(colleague) : m.unknown_number();
}

/** Colleagues whose phones also ring, or who are also in the call. */
export function others(call: Call, userId: string): { ringing: Operator[]; talking: Operator[] } {
  const colleagues = call.operators.filter((operator) => operator.userId !== userId);
  return {
    ringing: colleagues.filter(({ state }) => state === 'ringing'),
    talking: colleagues.filter(({ state }) => state === 'talking' || state === 'held'),
  };
}
