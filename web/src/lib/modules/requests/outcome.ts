import { operatorName } from '$lib/calls/people';
import type { Schemas } from '$lib/api/client';
import { m } from '$lib/paraglide/messages';

type Outcome = Schemas['RequestOutcome'];
type ShownCall = Outcome['calls'][number];
type ShownOperator = ShownCall['operators'][number];
export type Tone = 'info' | 'ok' | 'warn' | 'danger';

/** A sentence, and an optional link to act on it. */
export interface Sentence {
  text: string;
  link?: { href: string; text: string };
}

interface Explained {
  tone: Tone;
  title: string;
  /** A sentence about the request as a whole. */
  text?: Sentence;
  /** What happened on each operator's screen, by call. */
  calls: { callId: string; isNew: boolean; sentences: Sentence[] }[];
}

interface Processed {
  status: Schemas['RequestStatus'];
  outcome?: Outcome | null;
}

/** Explains why a call card did or did not appear after a request, and what to do about it. */
export function explain({ status, outcome }: Processed, moduleId: string): Explained {
  const script = { href: `/modules/${moduleId}/script`, text: m.requests_to_script() };
  if (status === 'new') return { tone: 'info', title: m.requests_outcome_new(), calls: [] };
  if (status === 'failed' || outcome?.code === 'failed') {
    return {
      tone: 'danger',
      title: m.requests_outcome_failed(),
      text: { text: m.requests_outcome_failed_fix() },
      calls: [],
    };
  }
  if (!outcome) return { tone: 'info', title: m.requests_outcome_unknown(), calls: [] };
  const calls = outcome.calls.map((call) => ({
    callId: call.callId,
    isNew: call.created,
    sentences: sentencesOf(call, moduleId),
  }));
  switch (outcome.code) {
    case 'shown':
      return { tone: 'ok', title: m.requests_outcome_shown(), calls };
    case 'closed':
      return { tone: 'ok', title: m.requests_outcome_closed(), calls };
    case 'notShown':
      return { tone: isAmiss(outcome) ? 'warn' : 'info', title: m.requests_outcome_not_shown(), calls };
    case 'noEvent':
      return {
        tone: 'info',
        title: m.requests_outcome_no_event(),
        text: { text: m.requests_outcome_no_event_fix(), link: script },
        calls,
      };
    case 'erased':
      return {
        tone: 'info',
        title: m.requests_outcome_erased(),
        text: { text: m.requests_outcome_erased_fix() },
        calls,
      };
    case 'unchanged':
      return { tone: 'info', title: m.requests_outcome_unchanged(), calls };
    case 'waiting':
      return {
        tone: 'warn',
        title: m.requests_outcome_waiting(),
        text: { text: m.requests_outcome_waiting_fix(), link: script },
        // The screens are not known yet.
        calls: calls.map((call) => ({ ...call, sentences: [] })),
      };
  }
}

/** Whether something must be fixed for the next call to be seen. */
function isAmiss({ calls }: Outcome): boolean {
  return calls.some(
    ({ operators, state }) =>
      state &&
      (operators.length === 0 || operators.some(({ result }) => result === 'nobodyBound' || result === 'noTab')),
  );
}

function sentencesOf(call: ShownCall, moduleId: string): Sentence[] {
  if (!call.state) return [{ text: m.requests_call_gone() }];
  if (call.operators.length === 0) return [{ text: m.requests_call_no_operator() }];
  return call.operators.map((operator) => sentenceOf(operator, call, moduleId));
}

function sentenceOf(operator: ShownOperator, { state }: ShownCall, moduleId: string): Sentence {
  const who = operatorName(operator);
  switch (operator.result) {
    case 'shown':
      return { text: m.requests_screen_shown({ who, tabs: operator.tabs }) };
    case 'noTab':
      return { text: m.requests_screen_no_tab({ who }) };
    case 'nobodyBound':
      return {
        text: m.requests_screen_nobody_bound({ extension: operator.extension }),
        link: { href: `/modules/${moduleId}/telephony/users`, text: m.requests_bind() },
      };
    case 'closed':
      return { text: state === 'ended' ? m.requests_screen_ended({ who }) : m.requests_screen_left({ who }) };
    case 'inactive':
      return { text: m.requests_screen_inactive({ who }) };
  }
}
