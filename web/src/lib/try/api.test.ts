import { afterEach, expect, test, vi } from 'vitest';
import { Problem } from '$lib/api/problem';
import { demoState, playScene } from './api';

afterEach(() => vi.unstubAllGlobals());

function serverAnswers(status: number, body: unknown) {
  const fetched = vi.fn(() => Promise.resolve(Response.json(body, { status })));
  vi.stubGlobal('fetch', fetched);
  return fetched;
}

test('a scene is played, and the state after it comes back', async () => {
  const state = { extension: '101', scenes: ['answerOnPhone'], calls: [] };
  const fetched = serverAnswers(200, state);
  expect(await playScene('ringMe')).toEqual(state);
  expect(fetched).toHaveBeenCalledWith('/demo/scenes/ringMe', { method: 'POST' });
});

test('a server without a simulated PBX gives a problem', async () => {
  serverAnswers(404, { code: 'notFound', detail: 'There is no such route.' });
  const problem = await demoState().catch((error: unknown) => error);
  expect(problem).toBeInstanceOf(Problem);
  expect(problem).toMatchObject({ status: 404, code: 'notFound' });
});
