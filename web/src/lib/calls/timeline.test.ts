import { describe, expect, test } from 'vitest';
import type { Call } from '$lib/live/live.svelte';
import { marksOf, timelineOf, type HistoryEntry } from './timeline';

const time = (second: number) => new Date(Date.UTC(2026, 10, 24, 9, 0, second)).toISOString();
const operator = (extension: string) => ({ extension, name: `Operator ${extension}` });
const event = (kind: HistoryEntry['kind'], second: number, extension?: string, more: Partial<HistoryEntry> = {}) => ({
  kind,
  at: time(second),
  disposition: 'unknown' as const,
  operator: extension ? operator(extension) : null,
  ...more,
});

interface Story {
  operators: string[];
  /** Who talked and when; without `to`, they are still talking. */
  talked?: { extension?: string; from: number; to?: number }[];
  history: HistoryEntry[];
  ended?: number;
}

/** Each operator's row, in seconds since the start of the call. */
function rows({ operators, talked = [], history, ended }: Story, now = 60): Record<string, string[]> {
  const call: Call = {
    id: 'call',
    version: 1,
    moduleId: 'module',
    state: ended === undefined ? 'talking' : 'ended',
    disposition: 'unknown',
    operators: operators.map((extension) => ({ ...operator(extension), state: 'ended' })),
    startedAt: time(0),
    endedAt: ended === undefined ? null : time(ended),
    segments: talked.map(({ extension, from, to }) => ({
      extension,
      from: time(from),
      to: to === undefined ? null : time(to),
    })),
    recording: { available: false },
    missed: false,
    candidates: [],
    actions: [],
  };
  const { rows } = timelineOf(call, history, Date.parse(time(now)));
  const second = (at: number) => (at - Date.parse(time(0))) / 1000;
  return Object.fromEntries(
    rows.map(({ extension = '?', bars }) => [
      extension,
      bars.map(({ kind, from, to }) => `${kind} ${second(from)}-${second(to)}`),
    ]),
  );
}

describe('the timeline of a call', () => {
  test('shows ringing, talk and hold of one operator', () => {
    const history = [
      event('start', 0, '101'),
      event('answer', 5, '101'),
      event('hold', 10, '101'),
      event('unhold', 14, '101'),
      event('end', 20),
    ];
    expect(rows({ operators: ['101'], talked: [{ extension: '101', from: 5, to: 20 }], history, ended: 20 })).toEqual({
      '101': ['talking 5-20', 'ringing 0-5', 'held 10-14'],
    });
  });

  test('stops ringing for the others when one answers', () => {
    const history = [event('start', 0, '101'), event('start', 1, '102'), event('answer', 4, '102'), event('end', 9)];
    const story = { operators: ['101', '102'], talked: [{ extension: '102', from: 4, to: 9 }], history, ended: 9 };
    expect(rows(story)).toEqual({ '101': ['ringing 0-4'], '102': ['talking 4-9', 'ringing 1-4'] });
  });

  test('follows a call that is transferred while on hold', () => {
    const history = [
      event('start', 0, '101'),
      event('answer', 2, '101'),
      event('hold', 6, '101'),
      event('redirect', 8, '101', { redirectTo: operator('102') }),
      event('answer', 11, '102'),
      event('end', 15),
    ];
    const talked = [
      { extension: '101', from: 2, to: 8 },
      { extension: '102', from: 11, to: 15 },
    ];
    expect(rows({ operators: ['101', '102'], talked, history, ended: 15 })).toEqual({
      '101': ['talking 2-8', 'ringing 0-2', 'held 6-8'],
      '102': ['talking 11-15', 'ringing 8-11'],
    });
  });

  test('rings until a missed call ends, and keeps growing until then', () => {
    const history = [event('start', 0, '101')];
    expect(rows({ operators: ['101'], history: [...history, event('end', 7)], ended: 7 })).toEqual({
      '101': ['ringing 0-7'],
    });
    expect(rows({ operators: ['101'], history }, 3)).toEqual({ '101': ['ringing 0-3'] });
  });

  test('stops ringing for the operator whose leg ended', () => {
    const history = [event('start', 0, '101'), event('start', 0, '102'), event('end', 3, '101', { legId: 'a' })];
    expect(rows({ operators: ['101', '102'], history }, 8)).toEqual({
      '101': ['ringing 0-3'],
      '102': ['ringing 0-8'],
    });
  });

  test('does not ring again for a late start event', () => {
    const history = [event('answer', 2, '101'), event('start', 4, '101')];
    expect(rows({ operators: ['101'], talked: [{ extension: '101', from: 2 }], history }, 6)).toEqual({
      '101': ['talking 2-6'],
    });
  });

  test('has a row for an unknown operator', () => {
    const history = [event('start', 0, '101'), event('answer', 3), event('end', 9)];
    expect(rows({ operators: ['101'], talked: [{ from: 3, to: 9 }], history, ended: 9 })).toEqual({
      '101': ['ringing 0-3'],
      '?': ['talking 3-9'],
    });
  });

  test('is never zero-width', () => {
    const { from, to } = timelineOf(
      {
        id: 'call',
        version: 1,
        moduleId: 'module',
        state: 'ended',
        disposition: 'busy',
        operators: [],
        startedAt: time(0),
        endedAt: time(0),
        segments: [],
        recording: { available: false },
        missed: true,
        candidates: [],
        actions: [],
      },
      [],
      0,
    );
    expect(to - from).toBe(1000);
  });
});

test('marks are few and round', () => {
  expect(marksOf(4)).toEqual([0, 1, 2, 3, 4]);
  expect(marksOf(47)).toEqual([0, 10, 20, 30, 40]);
  expect(marksOf(200)).toEqual([0, 60, 120, 180]);
  expect(marksOf(100_000)).toHaveLength(6);
});
