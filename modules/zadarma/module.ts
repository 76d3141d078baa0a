// Zadarma's cloud PBX: its call notifications (webhooks) and its API, version 1.
//
// The reference for both is https://zadarma.com/en/support/api/. Comments here cover only
// what is not documented there, and the reasons.

interface Settings { key?: string; secret?: string; timeZone?: string; apiUrl?: string }
const settings = Namespace.params.data as Settings;

// ---------------------------------------------------------------------------------------------------- notifications

/** Reads a field of a notification; missing ones are empty, as in the texts that Zadarma signs. */
type Fields = (name: string) => string;

const START = ['caller_id', 'called_did', 'call_start'];
const OUT = ['internal', 'destination', 'call_start'];

/** What the signature of each notification covers, which mostly excludes `pbx_call_id`, `duration` and `disposition`. */
const SIGNED: Record<string, string[] | undefined> = {
  NOTIFY_START: START,
  NOTIFY_IVR: START,
  NOTIFY_INTERNAL: START,
  NOTIFY_END: START,
  NOTIFY_ANSWER: ['caller_id', 'destination', 'call_start'],
  NOTIFY_OUT_START: OUT,
  NOTIFY_OUT_END: OUT,
  NOTIFY_RECORD: ['pbx_call_id', 'call_id_with_rec'],
};

export async function VoipParseWebhookRequest(request: FetchRequest): Promise<VoipWebhookParseResult> {
  const echo = request.query.zd_echo;
  if (echo !== undefined && request.method === 'GET') {
    // Before accepting an address, Zadarma checks that it echoes exactly this text. That request is not signed.
    const text = typeof echo === 'string' ? echo : echo[0] ?? '';
    return { response: new HttpResponse().status(200).header('content-type', 'text/plain').content(text) };
  }
  const form = formFields(request);
  const field: Fields = (name) => form.get(name) ?? '';
  const signed = SIGNED[field('event')];
  if (!signed) {
    return {}; // SMS, number lookup, speech recognition and the like: not calls
  }
  if (!await isSigned(signed.map(field).join(''), request.headers.signature)) {
    return { response: new HttpResponse().status(401).json({ error: 'The signature is missing or wrong.' }) };
  }
  // Without `response`, the answer is `{}`, which leaves the PBX's own scenario unchanged. (Fields in the answer to
  // NOTIFY_START and NOTIFY_IVR would change it.)
  return resultOf(field);
}

function resultOf(field: Fields): VoipWebhookParseResult {
  switch (field('event')) {
    case 'NOTIFY_START': // the line rings; no extension yet
    case 'NOTIFY_OUT_START':
      return { event: { ...event(field, VoipWebhookEvent.NotifyStart), occurredAt: beginning(field) } };
    case 'NOTIFY_INTERNAL': // an extension rings
      return { event: field('transfer_from') ? transferred(field) : event(field, VoipWebhookEvent.NotifyStart) };
    case 'NOTIFY_ANSWER':
      return { event: event(field, VoipWebhookEvent.NotifyAnswer) };
    case 'NOTIFY_END':
    case 'NOTIFY_OUT_END':
      return ended(field);
    case 'NOTIFY_RECORD':
      return recorded(field);
    default:
      return {}; // NOTIFY_IVR: what the caller pressed in a menu
  }
}

function event(field: Fields, kind: VoipWebhookEvent): VoipWebhookRequest {
  const disposition = DISPOSITIONS[field('disposition').toLowerCase()] ?? VoipCallDisposition.Unknown;
  return { event: kind, disposition, ...numbers(field) };
}

/**
 * `call_start` is in every event and is always the start of the call, so only in the first is it the time of the event. It
 * is the account's local time without a zone: without the setting, the time of arrival is used.
 */
function beginning(field: Fields): string | undefined {
  const begun = field('call_start');
  if (!begun || !settings.timeZone) {
    return undefined;
  }
  try {
    return zonedTime(begun, settings.timeZone).toISOString();
  } catch (error) {
    console.warn('A time could not be read:', error);
    return undefined;
  }
}

function transferred(field: Fields): VoipWebhookRequest {
  const from = { ...numbers(field), srcPhoneExt: field('transfer_from') };
  const disposition = VoipCallDisposition.Unknown;
  return { event: VoipWebhookEvent.NotifyRedirect, disposition, ...from, redirectTo: field('internal') };
}

function ended(field: Fields): VoipWebhookParseResult {
  const end = event(field, VoipWebhookEvent.NotifyEnd);
  if (end.disposition !== VoipCallDisposition.Answered) {
    return { event: end }; // `duration` may be above 0 here: it is no talk
  }
  const { event: _event, line: _line, ...record } = end;
  return { event: end, callRecord: { ...record, duration: Number(field('duration')) || 0 } };
}

/** Contains nothing about the call but its id. The length came with its end. */
function recorded(field: Fields): VoipWebhookParseResult {
  const callId = field('pbx_call_id');
  const call = { call_id_with_rec: field('call_id_with_rec'), pbx_call_id: callId };
  return callId ? { callRecord: { callId, call } } : {};
}

const DISPOSITIONS: Record<string, VoipCallDisposition | undefined> = {
  'answered': VoipCallDisposition.Answered,
  'busy': VoipCallDisposition.Busy,
  'cancel': VoipCallDisposition.Cancelled,
  'no answer': VoipCallDisposition.NoAnswer,
  'failed': VoipCallDisposition.Failed,
  'call failed': VoipCallDisposition.Failed,
  'no money': VoipCallDisposition.Failed,
  'no money, no limit': VoipCallDisposition.Failed,
  'unallocated number': VoipCallDisposition.Failed,
  'no limit': VoipCallDisposition.Failed,
  'no day limit': VoipCallDisposition.Failed,
  'line limit': VoipCallDisposition.Failed,
};

interface Numbers {
  direction: VoipCallDirection; callId?: string; line?: string;
  srcPhone: string; srcPhoneExt?: string; dstPhone: string; dstPhoneExt?: string;
}

function numbers(field: Fields): Numbers {
  const callId = field('pbx_call_id') || undefined;
  const caller = field('caller_id');
  const { extension, called } = phonesOf(field);
  if (!isOutgoing(field)) {
    // In NOTIFY_ANSWER, the called number is the extension itself.
    const srcPhoneExt = extension ?? (isExtension(called) ? called : undefined);
    return {
      direction: VoipCallDirection.In, callId,
      srcPhone: international(caller), srcPhoneExt, dstPhone: isExtension(called) ? called : international(called),
    };
  }
  // In an outgoing call, `caller_id` is the company's number shown to the client.
  const line = caller && !isExtension(caller) ? international(caller) : undefined;
  const srcPhone = extension ?? (isExtension(caller) ? caller : line ?? ANONYMOUS);
  return isExtension(called)
    ? { direction: VoipCallDirection.Internal, callId, srcPhone, dstPhone: called }
    : { direction: VoipCallDirection.Out, callId, srcPhone, dstPhone: international(called), line };
}

function phonesOf(field: Fields): { extension?: string; called: string } {
  // `last_internal` is who had the call last, after a transfer or call pickup.
  const extension = field('last_internal') || field('internal') || undefined;
  // `destination` may be as dialled; `dst_e164` is the full number.
  const called = field('called_did') || field('dst_e164') || field('destination');
  // Click to call may have the client in `internal` and the operator in `destination`.
  const isSwapped = isOutgoing(field) && isExtension(called) && extension !== undefined && !isExtension(extension);
  return isSwapped ? { extension: called, called: extension } : { extension, called };
}

function isOutgoing(field: Fields): boolean {
  const id = field('pbx_call_id');
  return id.startsWith('out_') || (!id.startsWith('in_') && field('event').startsWith('NOTIFY_OUT_'));
}

const ANONYMOUS = 'anonymous';

/** Extensions have three digits. */
function isExtension(number: string): boolean {
  return /^\d{3}$/.test(number);
}

/** Numbers have a country code but mostly no plus. Numbers beginning with 0 have no country code. */
function international(number: string): string {
  return /^[1-9]\d{7,14}$/.test(number) ? `+${number}` : number || ANONYMOUS;
}

// ------------------------------------------------------------------------------------------------------- signatures

/**
 * Signatures are the base64 of the *hexadecimal text* of an HMAC-SHA1. (Zadarma's TypeScript SDK uses the raw
 * digest and accepts unsigned requests; the older PHP SDK and the real PBX do not.)
 */
async function isSigned(text: string, signature: string | undefined): Promise<boolean> {
  return crypto.timingSafeEqual(signature, await sign(text));
}

async function sign(text: string): Promise<string> {
  return btoa((await crypto.hmac('SHA-1', required('secret', 'API secret'), text)).toHex());
}

function required(name: 'key' | 'secret', label: string): string {
  const value = settings[name]?.trim();
  if (!value) {
    throw new Error(`The ${label} is not set: enter it in the module's settings.`);
  }
  return value;
}

// -------------------------------------------------------------------------------------------------------------- API

export async function VoipTestConnection(): Promise<VoipTestConnectionResult> {
  try {
    const { balance, currency } = await api<{ balance?: number; currency?: string }>('GET', '/v1/info/balance/');
    if (balance === undefined) {
      throw new Error(UNEXPECTED);
    }
    await checkZone();
    return { success: true, message: `Connected. The account's balance is ${balance} ${currency ?? ''}`.trim() + '.' };
  } catch (error) {
    return { success: false, message: error instanceof Error ? error.message : String(error) };
  }
}

/** Checks that the configured time zone currently agrees with the account's. */
async function checkZone(): Promise<void> {
  if (!settings.timeZone) {
    return;
  }
  const { datetime, unixtime, timezone } =
    await api<{ datetime?: string; unixtime?: number; timezone?: string }>('GET', '/v1/info/timezone/');
  if (!datetime || !unixtime) {
    throw new Error(UNEXPECTED);
  }
  const away = Math.abs(Date.parse(`${datetime.replace(' ', 'T')}Z`) - unixtime * 1000 - aheadOf(settings.timeZone, unixtime));
  if (away >= 60_000) {
    throw new Error(`The account's time zone is ${timezone ?? 'another one'}, not ${settings.timeZone}: enter the one `
      + 'of Zadarma\'s personal account in the module\'s settings.');
  }
}

/** How far a zone's clocks are ahead of UTC, in milliseconds. */
function aheadOf(timeZone: string, unixtime: number): number {
  const local = new Date(unixtime * 1000).toISOString().slice(0, 19).replace('T', ' ');
  try {
    return unixtime * 1000 - zonedTime(local, timeZone).getTime();
  } catch {
    throw new Error(`There is no time zone "${timeZone}": enter one such as Europe/Kyiv in the module's settings.`);
  }
}

/** Zadarma allows 100 requests a minute per account: names are fetched for this many extensions only. */
const NAMED_MEMBERS = 40;

export async function VoipGetMembers(): Promise<VoipMember[]> {
  const { numbers } = await api<{ numbers?: number[] }>('GET', '/v1/pbx/internal/');
  if (!Array.isArray(numbers)) {
    throw new Error(UNEXPECTED);
  }
  const members: VoipMember[] = [];
  let names = true;
  for (const number of numbers) {
    const name: string | undefined = names && members.length < NAMED_MEMBERS ? await nameOf(number) : undefined;
    names &&= name !== undefined; // refused once, refused again: the list is worth more than the names
    members.push({ id: String(number), name: name || `Extension ${number}` });
  }
  return members;
}

async function nameOf(number: number): Promise<string | undefined> {
  try {
    const info = await api<{ name?: string }>('GET', `/v1/pbx/internal/${number}/info/`);
    return info.name ?? '';
  } catch (error) {
    console.warn(`Names could not be fetched from extension ${number} on:`, error);
    return undefined;
  }
}

/** Rings the operator's extension, then the client. The answer has no call id: the call appears through its notifications. */
export async function VoipGenerateCall(srcPhone: string, dstPhone: string): Promise<void> {
  const to = dstPhone.replace(/\D/g, '');
  if (!to) {
    throw new Error(`"${dstPhone}" is not a phone number that can be called.`);
  }
  await api('GET', '/v1/request/callback/', { from: srcPhone, to });
}

interface RecordingLink { link?: string; links?: string[] }

export async function VoipGetCallLink(
  callData: { call_id_with_rec?: string; pbx_call_id?: string },
): Promise<string> {
  const { call_id_with_rec, pbx_call_id } = callData;
  const which: Record<string, string> =
    call_id_with_rec ? { call_id: call_id_with_rec } : { pbx_call_id: pbx_call_id ?? '' };
  const { link, links } = await api<RecordingLink>('GET', '/v1/pbx/record/request/', which);
  const url = link ?? links?.[0];
  if (!url) {
    throw new Error('Zadarma has no recording of this call yet. It can take a minute after the call.');
  }
  return url;
}

export async function VoipOnWebhookUpdated(webhookUrl: string): Promise<void> {
  // Zadarma immediately calls the address (zd_echo) and refuses one that does not answer.
  await api('POST', '/v1/pbx/callinfo/url/', { url: webhookUrl });
  const on = 'true';
  await api('POST', '/v1/pbx/callinfo/notifications/', {
    notify_start: on, notify_internal: on, notify_answer: on, notify_end: on, notify_out_start: on, notify_out_end: on,
  }); // NOTIFY_RECORD and NOTIFY_IVR have no switch
}

async function api<T = unknown>(method: 'GET' | 'POST', path: string, parameters: Record<string, string> = {}): Promise<T> {
  const query = new URLSearchParams({ ...parameters, format: 'json' });
  query.sort();
  const text = query.toString().replaceAll('*', '%2A'); // signed as PHP encodes it
  const authorization = `${required('key', 'API key')}:${await sign(path + text + crypto.md5(text))}`;
  const base = (settings.apiUrl || 'https://api.zadarma.com').replace(/\/+$/, '');
  const sent = method === 'GET'
    ? fetch(`${base}${path}?${text}`, { headers: { authorization } })
    : fetch(base + path, {
      method, body: text, headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
    });
  const response = await sent.catch((error: unknown) => {
    console.warn('No answer:', error);
    throw new Error('Zadarma cannot be reached: check the API address in the module\'s settings, or try again later.');
  });
  const answer = await response.json().catch(() => undefined) as { status?: string; message?: string } | undefined;
  if (response.ok && answer && answer.status !== 'error') {
    return answer as T;
  }
  throw new Error(response.ok && !answer ? UNEXPECTED : reason(response.status, answer?.message));
}

const UNEXPECTED = 'Zadarma sent an unexpected answer: check the API address in the module\'s settings.';

function reason(status: number, message: string | undefined): string {
  const said = message ? ` It said: ${/[.!?]$/.test(message) ? message : `${message}.`}` : '';
  switch (status) {
    case 401: return `Zadarma did not accept the API key and secret: check both in the module's settings.${said}`;
    case 403: return `Zadarma does not allow this: check in its personal account that the API key is active and is allowed to do this.${said}`;
    case 404: return `Zadarma could not find what was requested.${said}`;
    case 429: return `Too many requests to Zadarma (it allows 100 a minute): try again in a minute.${said}`;
    default: return status >= 500
      ? `Zadarma's API is not working at the moment (status ${status}): try again later.${said}`
      : `Zadarma refused the request (status ${status}).${said}`;
  }
}
