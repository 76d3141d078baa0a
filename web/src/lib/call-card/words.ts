import type { Schemas } from '$lib/api/client';
import { phone } from '$lib/format';
import type { Call } from '$lib/live/live.svelte';
import { m } from '$lib/paraglide/messages';
import type { Card } from './cards.svelte';

type Operator = Schemas['ApiOperator'];

/** "Reception (101)", or the extension alone. */
export function operatorName({ name, extension }: { name?: string | null; extension: string }): string {
  return name ? m.card_operator({ name, extension }) : extension;
}

/** Who is at the other end: the client, or their number; the colleague of an internal call. */
export function otherParty(call: Call, userId: string): string {
  if (call.direction !== 'internal') return call.client?.name || phone(call.clientNumber);
  const colleague = call.operators.find((operator) => operator.userId !== userId);
  return colleague ? operatorName(colleague) : m.unknown_number();
}

/** What the call is to this operator, in a few words. */
export function headline({ call, gone }: Card): string {
  if (gone) {
    const by = gone.by && operatorName(gone.by);
    switch (gone.reason) {
      case 'answeredElsewhere':
        return by ? m.card_answered_by({ who: by }) : m.card_answered_elsewhere();
      case 'left':
        return by ? m.card_passed_to({ who: by }) : m.card_passed_on();
      case 'missed':
        return m.card_missed();
      default:
        return m.card_ended();
    }
  }
  if (call.state === 'held') return m.card_held();
  if (call.state === 'talking') return m.card_talking();
  if (call.direction === 'out') return m.card_dialling();
  return call.direction === 'internal' ? m.card_ringing_internal() : m.card_ringing();
}

/** Colleagues at whom the call rings too, or who talk in it. */
export function others(call: Call, userId: string): { ringing: Operator[]; talking: Operator[] } {
  const colleagues = call.operators.filter((operator) => operator.userId !== userId);
  return {
    ringing: colleagues.filter(({ state }) => state === 'ringing'),
    talking: colleagues.filter(({ state }) => state === 'talking' || state === 'held'),
  };
}
