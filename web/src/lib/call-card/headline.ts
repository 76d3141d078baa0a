import { operatorName } from '$lib/calls/people';
import { m } from '$lib/paraglide/messages';
import type { Card } from './cards.svelte';

/** A short description of the call from this operator's point of view. */
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
