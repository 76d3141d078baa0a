import type { Schemas } from '$lib/api/client';
import type { Call } from '$lib/live/live.svelte';

export type HistoryEntry = Schemas['HistoryEntry'];

/** A time span, in milliseconds since 1970. */
export interface Bar {
  kind: 'ringing' | 'talking' | 'held';
  from: number;
  to: number;
}

/** One operator's part in a call; without a number if the provider did not say who it was. */
export interface Row {
  extension: string | undefined;
  name: string | undefined;
  bars: Bar[];
}

interface Timeline {
  from: number;
  to: number;
  rows: Row[];
}

/** Whose phones rang and who talked when. Talk times come from the call; ringing and holds from its history. */
export function timelineOf(call: Call, history: HistoryEntry[], now: number): Timeline {
  const end = call.endedAt ? Date.parse(call.endedAt) : now;
  const talks = call.segments.map(({ extension, from, to }) => ({
    extension: extension ?? undefined,
    bar: { kind: 'talking', from: Date.parse(from), to: to ? Date.parse(to) : end } as const,
  }));
  const rings = ringsAndHolds(history, talks, end);

  const barsOf = (extension: string | undefined) =>
    [...talks, ...rings].filter((stretch) => stretch.extension === extension).map(({ bar }) => bar);
  const rows: Row[] = call.operators.map(({ extension, name }) => ({
    extension,
    name: name ?? undefined,
    bars: barsOf(extension),
  }));
  const unknown = barsOf(undefined);
  if (unknown.length > 0) rows.push({ extension: undefined, name: undefined, bars: unknown });

  const times = rows.flatMap(({ bars }) => bars.flatMap(({ from, to }) => [from, to]));
  const from = Math.min(Date.parse(call.startedAt), ...times);
  // Even a call that ended immediately is one second wide.
  return { from, to: Math.max(end, from + 1000, ...times), rows };
}

interface Stretch {
  extension: string | undefined;
  bar: Bar;
}

function ringsAndHolds(history: HistoryEntry[], talks: Stretch[], end: number): Stretch[] {
  const closed: Stretch[] = [];
  let open: Stretch[] = [];

  const begin = (kind: 'ringing' | 'held', extension: string | undefined, at: number) => {
    if (open.some((stretch) => stretch.extension === extension)) return;
    open.push({ extension, bar: { kind, from: at, to: end } });
  };
  const finish = (at: number, concerns: (stretch: Stretch) => boolean = () => true) => {
    for (const stretch of open.filter(concerns)) closed.push({ ...stretch, bar: { ...stretch.bar, to: at } });
    open = open.filter((stretch) => !concerns(stretch));
  };
  const talksAt = (at: number) => talks.filter(({ bar }) => bar.from <= at && at < bar.to);

  for (const { kind, at: time, operator, redirectTo, legId } of history) {
    const at = Math.min(Date.parse(time), end);
    const extension = operator?.extension;
    switch (kind) {
      case 'start':
        // A late start event must not make a phone ring again that is already in the call.
        if (extension && !talksAt(at).some((talk) => talk.extension === extension)) begin('ringing', extension, at);
        break;
      case 'redirect':
        finish(at, (stretch) => !extension || stretch.extension === extension);
        if (redirectTo) begin('ringing', redirectTo.extension, at);
        break;
      case 'answer':
        finish(at);
        break;
      case 'hold':
        begin('held', extension ?? talksAt(at)[0]?.extension, at);
        break;
      case 'unhold':
        finish(at, ({ bar }) => bar.kind === 'held');
        break;
      case 'end':
        finish(at, (stretch) => !legId || stretch.extension === extension);
        break;
      case 'timedOut':
        finish(at);
        break;
    }
  }
  finish(end);
  return closed;
}

/** Possible distances between the timeline's marks, in seconds. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400];

/** The marks of a timeline of that length, in seconds from 0; few enough to be legible. */
export function marksOf(seconds: number): number[] {
  const step = STEPS.find((step) => seconds / step <= 6) ?? Math.ceil(seconds / 6);
  return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, index) => index * step);
}
