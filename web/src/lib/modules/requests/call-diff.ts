import { operatorName } from '$lib/calls/people';
import { directionWord, operatorStateWord, statusOf } from '$lib/calls/status';
import type { Schemas } from '$lib/api/client';
import { clock, phone, preciseDateTime, preciseTime } from '$lib/format';
import type { Call } from '$lib/live/live.svelte';
import { m } from '$lib/paraglide/messages';

type CallDiff = Schemas['CallDiff'];

/** One change that a replay makes to a call, in words. An undefined side means no value. */
export interface Change {
  field: string;
  before: string | undefined;
  after: string | undefined;
}

/** What a replay does to a call. */
export interface Difference {
  callId: string;
  kind: 'created' | 'removed' | 'changed' | 'same';
  changes: Change[];
}

/** A map, because an object would sort numeric keys (extensions) first. */
type Words = Map<string, string | undefined>;

export function differenceOf({ callId, before, after }: CallDiff): Difference {
  const [old, fresh] = [wordsOf(before), wordsOf(after)];
  const changes = [...new Set([...fresh.keys(), ...old.keys()])]
    .map((field) => ({ field, before: old.get(field), after: fresh.get(field) }))
    .filter((change) => change.before !== change.after);
  const kind = !before ? 'created' : !after ? 'removed' : changes.length > 0 ? 'changed' : 'same';
  return { callId, kind, changes };
}

/** A call's fields, with display names and values. */
function wordsOf(call: Call | null | undefined): Words {
  if (!call) return new Map();
  return new Map([
    [m.calls_fact_result(), statusOf(call).text],
    [m.calls_fact_direction(), call.direction ? directionWord(call.direction) : undefined],
    [m.requests_field_number(), call.clientNumber ? phone(call.clientNumber) : undefined],
    [m.requests_field_caller(), call.callerName ?? undefined],
    [m.calls_fact_line(), call.line ?? undefined],
    [m.calls_fact_started(), moment(call.startedAt)],
    [m.calls_fact_answered(), moment(call.answeredAt)],
    [m.calls_fact_ended(), moment(call.endedAt)],
    [m.calls_fact_talk(), call.talkSeconds == null ? undefined : clock(call.talkSeconds)],
    [m.requests_field_recording(), call.recording.available ? m.yes() : undefined],
    [m.requests_field_missed(), call.missed ? m.yes() : undefined],
    ...operatorsOf(call),
    ...segmentsOf(call),
  ]);
}

function operatorsOf(call: Call): Words {
  return new Map(call.operators.map((operator) => [operatorName(operator), operatorStateWord(call, operator.state)]));
}

/** Talk times by operator. */
function segmentsOf(call: Call): Words {
  const words: Words = new Map();
  for (const { extension, from, to } of call.segments) {
    const operator = call.operators.find((operator) => operator.extension === extension);
    const who = operator ? operatorName(operator) : (extension ?? m.requests_field_unknown_operator());
    const field = m.requests_field_talk({ who });
    const stretch = m.requests_field_stretch({ from: preciseTime(from), to: to ? preciseTime(to) : '…' });
    words.set(field, [words.get(field), stretch].filter(Boolean).join(', '));
  }
  return words;
}

/** To the millisecond, because a replay may shift a time by less than a second. */
function moment(at: string | null | undefined): string | undefined {
  return at ? preciseDateTime(at) : undefined;
}
