import { describe, expect, test } from 'vitest';
import type { Call } from '$lib/live/live.svelte';
import { differenceOf } from './call-diff';

const ringing: Call = {
  id: 'call-1',
  version: 1,
  moduleId: 'module-1',
  direction: 'in',
  state: 'ringing',
  disposition: 'unknown',
  clientNumber: {
    raw: '02079460001',
    e164: '+442079460001',
    formatted: '+44 20 7946 0001',
    hidden: false,
    withheld: false,
  },
  operators: [{ userId: 'sales', name: 'Sales', extension: '102', state: 'ringing' }],
  startedAt: '2026-11-24T09:00:00.000Z',
  segments: [],
  recording: { available: false },
  missed: false,
  candidates: [],
  actions: [],
};
const ended: Call = {
  ...ringing,
  state: 'ended',
  disposition: 'answered',
  operators: [{ userId: 'sales', name: 'Sales', extension: '102', state: 'ended' }],
  answeredAt: '2026-11-24T09:00:05.000Z',
  endedAt: '2026-11-24T09:01:10.000Z',
  talkSeconds: 65,
  segments: [{ userId: 'sales', extension: '102', from: '2026-11-24T09:00:05.000Z', to: '2026-11-24T09:01:10.000Z' }],
  recording: { available: true },
};
const differ = (before: Call | null, after: Call | null) => differenceOf({ callId: 'call-1', before, after });
const fields = (before: Call | null, after: Call | null) => differ(before, after).changes.map(({ field }) => field);

describe('what a replay does to a call', () => {
  test('names what changes, before and after, and nothing else', () => {
    const { kind, changes } = differ(ringing, ended);
    expect(kind).toBe('changed');
    expect(changes).toContainEqual({ field: 'Result', before: 'Ringing', after: 'Answered' });
    expect(changes).toContainEqual({ field: 'Talk time', before: undefined, after: '1:05' });
    expect(changes).toContainEqual({ field: 'Recording', before: undefined, after: 'Yes' });
    expect(changes).toContainEqual({ field: 'Sales (102)', before: 'Ringing', after: 'Talked to the end' });
    expect(changes.map(({ field }) => field)).not.toContain("Client's number");
    expect(changes.map(({ field }) => field)).not.toContain('Started');
  });

  test('shows a time that changed by less than a second', () => {
    const later = { ...ringing, startedAt: '2026-11-24T09:00:00.250Z' };
    expect(fields(ringing, later)).toEqual(['Started']);
    expect(differ(ringing, later).changes[0]?.after).toContain('.250');
  });

  test('shows changed talk times', () => {
    const shorter = { ...ended, segments: ended.segments.map((one) => ({ ...one, to: '2026-11-24T09:00:30.000Z' })) };
    expect(fields(ended, shorter)).toEqual(['Talk time of Sales (102)']);
  });

  test('an operator who no longer takes part is removed', () => {
    expect(differ(ringing, { ...ringing, operators: [] }).changes).toEqual([
      { field: 'Sales (102)', before: 'Ringing', after: undefined },
    ]);
  });

  test('a created call has only its known fields', () => {
    const { kind, changes } = differ(null, ringing);
    expect(kind).toBe('created');
    expect(changes.every(({ before, after }) => !before && after)).toBe(true);
    expect(changes.map(({ field }) => field)).toEqual([
      'Result',
      'Direction',
      "Client's number",
      'Started',
      'Sales (102)',
    ]);
  });

  test("an operator without a name comes after the call's own fields", () => {
    const nameless = { ...ringing, operators: [{ extension: '103', state: 'ringing' as const }] };
    expect(fields(null, nameless).at(-1)).toBe('103');
  });

  test('a call that nothing else reports is removed', () => {
    expect(differ(ringing, null).kind).toBe('removed');
  });

  test('a call that looks the same afterwards is distinguished from one that changes', () => {
    expect(differ(ended, { ...ended })).toEqual({ callId: 'call-1', kind: 'same', changes: [] });
  });
});
