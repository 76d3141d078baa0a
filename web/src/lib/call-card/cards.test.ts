import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Call, Live } from '$lib/live/live.svelte';
import { Cards } from './cards.svelte';

/** HTTP requests to the server; the test decides when they are answered. */
const { asked } = vi.hoisted(() => ({ asked: [] as { answer: (call: unknown) => void; fail: () => void }[] }));

vi.mock('$lib/api/client', () => ({
  api: { GET: () => undefined },
  ask: () =>
    new Promise((resolve, reject) => asked.push({ answer: resolve, fail: () => reject(new Error('unreachable')) })),
}));

const call = (version: number, more: Partial<Call> = {}): Call => ({
  id: 'call',
  version,
  moduleId: 'module',
  state: 'ringing',
  disposition: 'unknown',
  operators: [{ userId: 'me', name: 'Me', extension: '101', state: 'ringing' }],
  startedAt: '2026-11-24T09:00:00Z',
  segments: [],
  recording: { available: false },
  missed: false,
  candidates: [],
  actions: [],
  ...more,
});

function open() {
  let listeners: Record<string, (message: unknown) => void> = {};
  const on = (all: typeof listeners) => {
    listeners = all;
    return () => {};
  };
  const cards = new Cards({ on } as unknown as Live, 'me');
  cards.start();
  const say = (type: string, message: object) => listeners[type]?.(message);
  return { cards, say, shown: () => cards.find('call') };
}

describe('a call card', () => {
  beforeEach(() => {
    asked.length = 0;
    vi.stubGlobal('window', { addEventListener: () => {}, removeEventListener: () => {} });
  });

  test('does not revert to an older state', () => {
    const { say, shown } = open();
    say('call', { call: call(2, { comment: 'newer' }) });
    say('call', { call: call(1, { comment: 'older' }) });
    expect(shown()?.call.comment).toBe('newer');
  });

  test('stays if the call is back before the server has answered what became of it', async () => {
    const { say, shown } = open();
    say('call', { call: call(1) });
    say('snapshot', { calls: [] });
    say('snapshot', { calls: [call(2)] });
    asked[0]?.fail();
    await Promise.resolve();
    await Promise.resolve();
    expect(shown()?.call.version).toBe(2);
  });

  test('is not closed by an answer that the socket has overtaken', async () => {
    const { say, shown } = open();
    say('call', { call: call(1) });
    say('snapshot', { calls: [] });
    say('call', { call: call(3) });
    asked[0]?.answer(call(2, { state: 'ended' }));
    await Promise.resolve();
    await Promise.resolve();
    expect(shown()).toMatchObject({ gone: undefined, call: { version: 3, state: 'ringing' } });
  });

  test('shows what failed, unless the call has moved on in the meantime', async () => {
    const { cards, say, shown } = open();
    say('call', { call: call(1) });
    const card = shown();
    if (!card) throw new Error('no card');
    const refused = () => Promise.reject(new Error('refused'));
    await cards.press(card, 'accept', refused);
    expect(shown()?.failure).toBeTruthy();
    const late = cards.press(card, 'accept', async () => {
      say('call', { call: call(2, { state: 'talking' }) });
      await refused();
    });
    expect(await late).toBe(false);
    expect(shown()?.failure).toBeUndefined();
  });
});
