import { describe, expect, test } from 'vitest';
import type { Schemas } from '$lib/api/client';
import { explain } from './outcome';

type Outcome = Schemas['RequestOutcome'];
type Call = Outcome['calls'][number];
type Operator = Call['operators'][number];

const sales: Operator = { extension: '102', userId: 'sales', name: 'Sales', tabs: 2, result: 'shown' };
const call = (operators: Operator[], state: Call['state'] = 'ringing'): Call => ({
  callId: 'call-1',
  created: true,
  state,
  operators,
});
const processed = (code: Outcome['code'], calls: Call[] = []) =>
  explain({ status: 'processed', outcome: { code, calls } }, 'module-1');
const sentences = (code: Outcome['code'], ...calls: Call[]) =>
  processed(code, calls).calls.flatMap(({ sentences }) => sentences);

describe('why a call card appeared', () => {
  test('says on whose screen and in how many tabs', () => {
    const explained = processed('shown', [call([sales])]);
    expect(explained.tone).toBe('ok');
    expect(explained.calls).toEqual([
      { callId: 'call-1', isNew: true, sentences: [{ text: 'Shown to Sales (102) in 2 tabs.' }] },
    ]);
    expect(sentences('shown', call([{ ...sales, tabs: 1 }]))).toEqual([{ text: 'Shown to Sales (102) in one tab.' }]);
  });
});

describe('why no call card appeared', () => {
  test('an unassigned extension links to where it is assigned', () => {
    const explained = processed('notShown', [call([{ extension: '103', tabs: 0, result: 'nobodyBound' }])]);
    expect(explained.tone).toBe('warn');
    expect(explained.calls[0]?.sentences).toEqual([
      {
        text: 'Extension 103 is not assigned to anyone, so nobody could see the call there.',
        link: { href: '/modules/module-1/telephony/users', text: 'Assign it under Telephony settings' },
      },
    ]);
  });

  test('an operator without an open tab is named', () => {
    expect(sentences('notShown', call([{ ...sales, tabs: 0, result: 'noTab' }]))[0]?.text).toContain(
      'Sales (102) had no tab open.',
    );
  });

  test('an event without an operator says what the script has to return', () => {
    expect(sentences('notShown', call([]))[0]?.text).toContain('names no operator');
  });

  test('a call that was already over needs no fix', () => {
    expect(processed('notShown', [call([{ ...sales, result: 'inactive' }], 'ended')]).tone).toBe('info');
  });

  test('a closed card says whether the call ended or somebody else has it', () => {
    const closed = { ...sales, result: 'closed' } as const;
    expect(sentences('closed', call([closed], 'ended'))[0]?.text).toBe(
      'The call ended and its card closed for Sales (102).',
    );
    expect(sentences('closed', call([closed], 'talking'))[0]?.text).toBe(
      'The card closed for Sales (102): someone else has the call now.',
    );
  });

  test('no event, a repeated one and a call without numbers are told apart', () => {
    const titles = (['noEvent', 'unchanged', 'waiting'] as const).map((code) => processed(code).title);
    expect(titles).toEqual([
      'No call card: the script reported no event.',
      'Nothing new: everything in it was already known. Providers often send an event twice.',
      'No call card yet: it is not known who is calling whom.',
    ]);
    expect(processed('waiting').text?.link?.href).toBe('/modules/module-1/script');
  });

  test('a replay that left nothing of a call says so', () => {
    expect(sentences('notShown', call([sales], null))).toEqual([
      { text: 'The call is gone: no other request reported it.' },
    ]);
  });

  test('a failure says that nothing is lost', () => {
    for (const outcome of [undefined, { code: 'failed' as const, calls: [] }]) {
      expect(explain({ status: 'failed', outcome }, 'module-1').text?.text).toContain('nothing is lost');
    }
  });

  test('requests from before reasons were kept, and those that still wait, are not guessed at', () => {
    expect(explain({ status: 'processed', outcome: null }, 'module-1').title).toContain('before the server recorded');
    expect(explain({ status: 'new' }, 'module-1').title).toBe('It is waiting to be processed.');
  });
});
