import { describe, expect, test } from 'vitest';
import { curlOf, parametersOf, readable, type RequestDetail } from './raw';

const request: RequestDetail = {
  id: 'request-1',
  receivedAt: '2026-11-24T09:00:00Z',
  method: 'POST',
  path: '/',
  status: 'processed',
  warnings: [],
  calls: [],
  erased: false,
  query: 'token={token}&event=ring&to=101',
  headers: { host: 'pbx.example', 'content-type': 'application/json', 'content-length': '9', 'x-empty': '' },
  body: '{"a":1}',
  steps: [],
};
const WEBHOOK = 'https://calls.example/webhooks/module-1?token=s3+cret';

test('query parameters are shown without the token', () => {
  expect(parametersOf(request)).toEqual([
    ['event', 'ring'],
    ['to', '101'],
  ]);
});

describe('a body', () => {
  test('of JSON is formatted', () => {
    expect(readable(request)).toEqual({ kind: 'json', text: '{\n  "a": 1\n}' });
  });

  test('of a form is a list of fields', () => {
    const form = { ...request, headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' } };
    expect(readable({ ...form, body: 'caller=%2B44+20&to=101&to=102' })).toEqual({
      kind: 'form',
      fields: [
        ['caller', '+44 20'],
        ['to', '101'],
        ['to', '102'],
      ],
    });
  });

  test('of anything else is shown raw', () => {
    expect(readable({ ...request, body: '<call/>' })).toBeUndefined();
    expect(readable({ ...request, body: null })).toBeUndefined();
  });
});

describe('the command that sends it again', () => {
  test('goes to the webhook with its token, without headers of the connection', () => {
    expect(curlOf(request, WEBHOOK)).toBe(
      [
        "curl -X POST \\\n  -H 'content-type: application/json' \\\n  -H 'x-empty;'",
        '--data-raw \'{"a":1}\'',
        "'https://calls.example/webhooks/module-1?token=s3%20cret&event=ring&to=101'",
      ].join(' \\\n  '),
    );
  });

  test('keeps the path suffix, and quotes in the body', () => {
    const command = curlOf({ ...request, path: '/events/1', body: "it's" }, WEBHOOK);
    expect(command).toContain('/webhooks/module-1/events/1?token=');
    expect(command).toContain(`--data-raw 'it'\\''s'`);
  });

  test('has the token in the path if the request had it there, and no hidden values', () => {
    const headers = { authorization: '•••••' };
    expect(curlOf({ ...request, path: '/events/', query: '', headers, body: null }, WEBHOOK)).toBe(
      "curl -X POST \\\n  'https://calls.example/webhooks/module-1/s3%20cret/events/'",
    );
    expect(curlOf({ ...request, path: '', query: 'a=1', body: null }, WEBHOOK)).toContain("/s3%20cret?a=1'");
  });

  test('sends bytes that are not text', () => {
    const command = curlOf({ ...request, body: null, bodyBase64: '/wA=' }, WEBHOOK);
    expect(command.startsWith("printf %s '/wA=' | base64 -d | curl -X POST")).toBe(true);
    expect(command).toContain('--data-binary @-');
  });
});
