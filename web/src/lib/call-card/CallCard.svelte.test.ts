// @vitest-environment jsdom
import { cleanup, render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { createRawSnippet } from 'svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Schemas } from '$lib/api/client';
import type { Call, Live } from '$lib/live/live.svelte';
import CallCard from './CallCard.svelte';
import { Cards, type Card } from './cards.svelte';

afterEach(cleanup);

const { posted, context } = vi.hoisted(() => ({
  posted: [] as string[],
  context: { value: {} as Partial<Schemas['CallContext']> },
}));

vi.mock('$lib/api/client', () => ({
  api: { GET: () => 'context', POST: (path: string) => path },
  ask: async (request: string) => {
    if (request === 'context') return { lastCalls: [], ...context.value };
    posted.push(request.split('/').at(-1) ?? '');
    throw new Error('The provider did not answer.');
  },
}));
vi.mock('$lib/context', () => ({
  getLive: () => ({ on: () => () => {} }),
  getSession: () => ({ user: { id: 'me', numbers: [{ number: '101' }] } }),
  getDialling: () => ({}),
  getCallRoutes: () => ({ all: [] }),
}));

beforeEach(() => {
  posted.length = 0;
  context.value = {};
  localStorage.clear();
  document.body.innerHTML = '<main id="content"></main>';
});

const BASE: Call = {
  id: 'call',
  version: 1,
  moduleId: 'module',
  direction: 'in',
  state: 'ringing',
  disposition: 'unknown',
  operators: [
    { userId: 'me', name: 'Me', extension: '101', state: 'ringing' },
    { userId: 'ann', name: 'Ann Lee', extension: '102', state: 'ringing' },
  ],
  clientNumber: { raw: '+442079460123', e164: '+442079460123', formatted: '+44 20 7946 0123' } as Call['clientNumber'],
  startedAt: new Date().toISOString(),
  segments: [],
  recording: { available: false },
  missed: false,
  candidates: [],
  actions: ['accept', 'hangup'],
};
const talked: Partial<Call> = { state: 'ended', answeredAt: BASE.startedAt, talkSeconds: 65, actions: [] };

function open(call: Partial<Call> = {}, gone?: Card['gone']) {
  const cards = new Cards({ on: () => () => {} } as unknown as Live, 'me');
  cards.all = [{ call: { ...BASE, ...call }, gone, failure: undefined, busy: undefined }];
  const [card] = cards.all;
  const grip = createRawSnippet(() => ({ render: () => '<span></span>' }));
  const { container } = render(CallCard, {
    card: card as Card,
    cards,
    colleagues: { all: [] } as never,
    userId: 'me',
    grip,
  });
  const article = screen.getByRole('article');
  return { article, cards, container, card: within(article) };
}

test('ringing: who is calling, whose phones also ring, and the actions', () => {
  const { article, card } = open();
  expect(article.getAttribute('aria-label')).toBe('Call with +44 20 7946 0123');
  expect(article.dataset.state).toBe('ringing');
  expect(article.textContent).toContain('Incoming call');
  expect(article.textContent).toContain('Also ringing: Ann Lee (102)');
  expect(card.getByRole('button', { name: 'Answer' })).toBeTruthy();
  expect(card.getByRole('button', { name: 'Decline' })).toBeTruthy();
});

test('a button that fails says why, on the card', async () => {
  const { card } = open();
  await userEvent.click(card.getByRole('button', { name: 'Answer' }));
  expect(posted).toEqual(['accept']);
  expect((await card.findByRole('alert')).textContent).toContain('The provider did not answer.');
});

test('in a call and on hold it offers what the provider can do', () => {
  const { article, card } = open({ state: 'held', actions: ['hangup', 'resume', 'dtmf'] });
  expect(article.textContent).toContain('On hold');
  expect(card.getByRole('button', { name: 'End' })).toBeTruthy();
  expect(card.getByRole('button', { name: 'Resume' })).toBeTruthy();
  expect(card.queryByRole('button', { name: 'Hold' })).toBeNull();
});

test('minimised it keeps only what cannot wait', async () => {
  const { card } = open({ state: 'talking', actions: ['hangup', 'hold'] });
  await userEvent.click(card.getByRole('button', { name: 'Minimise' }));
  expect(card.queryByRole('button', { name: 'Hold' })).toBeNull();
  expect(card.queryByLabelText('Comment')).toBeNull();
  expect(card.getByRole('button', { name: 'End' })).toBeTruthy();
  expect(card.getByRole('button', { name: 'Expand' }).getAttribute('aria-expanded')).toBe('false');
});

test('missed: it says so and can be closed', async () => {
  const { article, card, cards } = open({ state: 'ended', missed: true, actions: [] }, { reason: 'missed' });
  expect(article.textContent).toContain('Missed call');
  await userEvent.click(card.getByRole('button', { name: 'Close' }));
  expect(cards.all).toEqual([]);
});

test('a colleague has it: nothing is left to do here', () => {
  const by = { name: 'Ann Lee', extension: '102' };
  const { article, card } = open({ state: 'talking' }, { reason: 'answeredElsewhere', by });
  expect(article.textContent).toContain('Answered by Ann Lee (102)');
  expect(card.queryByRole('group')).toBeNull();
  expect(card.queryByLabelText('Comment')).toBeNull();
});

test('over: it leaves by itself', () => {
  const { article, container } = open(talked, { reason: 'ended' });
  expect(article.textContent).toContain('Call ended');
  expect(article.textContent).toContain('1:05');
  expect(container.querySelector('.leaving')).toBeTruthy();
});

test('over, without the outcome that is required: it stays until there is one', async () => {
  context.value = {
    outcomeList: { id: 'list', name: 'Sales', required: true, moduleIds: [], codes: [{ id: 'sold', label: 'Sold' }] },
  } as never;
  const { article, card, container } = open(talked, { reason: 'ended' });
  await vi.waitFor(() => expect(article.textContent).toContain('Choose an outcome before you close the call.'));
  expect(card.getByRole<HTMLButtonElement>('button', { name: 'Close' }).disabled).toBe(true);
  expect(container.querySelector('.leaving')).toBeNull();
});
