import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A fake provider API on loopback, sufficient for a first call. */
export interface FakeProvider {
  url: string;
  /** The webhook request that reports a client's call ringing at extension 101. */
  ringing: (client: string) => { suffix: string; headers: Record<string, string>; body: string };
  close: () => Promise<void>;
}

type Answer = { status?: number; body: unknown };

async function serve(
  answer: (request: IncomingMessage, body: string) => Answer,
): Promise<Omit<FakeProvider, 'ringing'>> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { status = 200, body } = answer(request, Buffer.concat(parts).toString());
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { url: `http://127.0.0.1:${port}`, close };
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

/** Zadarma: https://zadarma.com/en/support/api/ */
export async function zadarma(key: string, secret: string): Promise<FakeProvider> {
  const hmac = (text: string) => {
    const hex = createHmac('sha1', secret).update(text).digest('hex');
    return Buffer.from(hex).toString('base64');
  };
  const server = await serve((request, body) => {
    const url = new URL(request.url ?? '/', 'http://fake');
    const parameters = request.method === 'POST' ? body : url.search.slice(1);
    const md5 = createHash('md5').update(parameters).digest('hex');
    if (request.headers.authorization !== `${key}:${hmac(url.pathname + parameters + md5)}`)
      return { status: 401, body: { status: 'error', message: 'Not authorized' } };
    const answers: Record<string, object> = {
      '/v1/info/balance/': { balance: 10.34, currency: 'USD' },
      '/v1/info/timezone/': { unixtime: 1772460000, datetime: '2026-03-02 14:00:00', timezone: 'UTC+0' },
      '/v1/pbx/internal/': { pbx_id: 1234, numbers: [101, 102] },
      '/v1/pbx/internal/101/info/': { pbx_id: 1234, number: 101, name: 'Reception' },
      '/v1/pbx/internal/102/info/': { pbx_id: 1234, number: 102, name: 'Sales' },
    };
    return { body: { status: 'success', ...answers[url.pathname] } };
  });
  const ringing = (client: string) => {
    const call = { caller_id: client, called_did: '442079460000', call_start: '2026-03-02 14:00:00' };
    const fields = { event: 'NOTIFY_INTERNAL', pbx_call_id: 'in_1', ...call, internal: '101' };
    const signature = hmac(call.caller_id + call.called_did + call.call_start);
    return { suffix: '', headers: { ...FORM, signature }, body: new URLSearchParams(fields).toString() };
  };
  return { ...server, ringing };
}

/** Mango Office: https://www.mango-office.ru/support/integratsiya-api/ */
export async function mango(key: string, salt: string): Promise<FakeProvider> {
  const sign = (json: string) =>
    createHash('sha256')
      .update(key + json + salt)
      .digest('hex');
  const employee = (name: string, extension: string) => ({ general: { name }, telephony: { extension } });
  const server = await serve((request, body) => {
    const form = new URLSearchParams(body);
    if (form.get('sign') !== sign(form.get('json') ?? '')) return { body: { result: 3102 } };
    const answers: Record<string, object> = {
      '/account/balance': { result: 1000, balance: 1520.5, currency: 'RUB' },
      '/config/users/request': { users: [employee('Reception', '101'), employee('Sales', '102')] },
    };
    return { body: answers[request.url ?? ''] ?? { result: 1000 } };
  });
  const ringing = (client: string) => {
    const json = JSON.stringify({
      entry_id: 'NTAwOTQxMTAyMg==',
      call_id: 'MToxMDAwNjA4NTo1MDA6MQ==',
      timestamp: Math.floor(Date.now() / 1000),
      seq: 1,
      call_state: 'Appeared',
      location: 'abonent',
      from: { number: client },
      to: { extension: '101', number: 'sip:reception@example.mangosip.ru', line_number: '74951234567' },
    });
    const body = new URLSearchParams({ vpbx_api_key: key, sign: sign(json), json });
    return { suffix: '/events/call', headers: FORM, body: body.toString() };
  };
  return { ...server, ringing };
}
