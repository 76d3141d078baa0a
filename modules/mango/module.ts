// Mango Office's virtual PBX: its notifications and its API.
//
// The reference for both is the manual «API MANGO OFFICE» (version 1.9) at https://www.mango-office.ru/support/integratsiya-api/.
// Comments here cover only what is not documented there, and the reasons.

interface Settings { apiKey?: string; apiSalt?: string; line?: string; apiUrl?: string }
const settings = Namespace.params.data as Settings;

// ---------------------------------------------------------------------------------------------------- notifications

/** Numbers come as numbers or strings; unknown values are empty or missing. */
type Value = string | number | null | undefined;

interface Party {
  extension?: Value;
  number?: Value;
  /** The leg that this party was transferred from. */
  taken_from_call_id?: Value;
  line_number?: Value;
  acd_group?: Value;
}

/** A leg of a conversation (`entry_id`) has changed. */
interface Leg {
  entry_id?: Value; call_id?: Value; timestamp?: Value; seq?: Value;
  call_state?: Value; location?: Value; from?: Party | null; to?: Party | null;
  transfer?: Value; command_id?: Value; task_id?: Value; callback_initiator?: Value;
}

/** A conversation has ended. Its times are timestamps; 0 means that it did not happen. */
interface Summary {
  entry_id?: Value; call_direction?: Value; from?: Party | null; to?: Party | null; line_number?: Value;
  talk_time?: Value; end_time?: Value; disconnect_reason?: Value;
}

interface Recording {
  entry_id?: Value; recording_id?: Value; recording_state?: Value; completion_code?: Value; recipient?: Value;
}

interface CommandResult { command_id?: Value; result?: Value }

export async function VoipParseWebhookRequest(request: FetchRequest): Promise<VoipWebhookParseResult> {
  const form = formFields(request);
  const json = form.get('json');
  if (json === null) {
    return {}; // «Check connection» in the personal account, unsigned: any 200 will do
  }
  if (!await isSigned(form.get('vpbx_api_key'), json, form.get('sign'))) {
    return refusal(401, 'The signature is missing or wrong.');
  }
  const hook = parsed(json);
  if (!hook) {
    return refusal(400, 'The notification is not a JSON object.');
  }
  return resultOf(kindOf(request), hook);
}

/** Mango Office appends the kind to the configured address: `…/events/call`. */
function kindOf(request: FetchRequest): string {
  return /(?:events|result)\/.*[^/]/.exec(request.path)?.[0] ?? '';
}

function resultOf(kind: string, hook: object): VoipWebhookParseResult {
  switch (kind) {
    case 'events/call':
      return legChanged(hook as Leg);
    case 'events/summary':
      return ended(hook as Summary);
    case 'events/recording':
      return recorded(hook as Recording);
    case 'events/record/added':
      return recording(hook as Recording);
    default:
      if (kind.startsWith('result/')) {
        noteResult(kind, hook as CommandResult);
      }
      return {}; // SMS, keys pressed, the address book and the like: not about a call
  }
}

/** The signature covers the raw JSON text, not its parsed content. */
async function isSigned(apiKey: string | null, json: string, signature: string | null): Promise<boolean> {
  return crypto.timingSafeEqual(apiKey, required('apiKey')) && crypto.timingSafeEqual(signature, await sign(json));
}

async function sign(json: string): Promise<string> {
  const text = required('apiKey') + json + required('apiSalt');
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))).toHex();
}

function parsed(json: string): object | undefined {
  try {
    const hook: unknown = JSON.parse(json);
    return typeof hook === 'object' && hook !== null ? hook : undefined;
  } catch {
    return undefined;
  }
}

function refusal(status: number, error: string): VoipWebhookParseResult {
  return { response: new HttpResponse().status(status).json({ error }) };
}

// ------------------------------------------------------------------------------------------------------------- legs

const EVENTS: Record<string, VoipWebhookEvent | undefined> = {
  Appeared: VoipWebhookEvent.NotifyStart,
  Connected: VoipWebhookEvent.NotifyAnswer,
  OnHold: VoipWebhookEvent.NotifyHold,
  Disconnected: VoipWebhookEvent.NotifyEnd,
};

/**
 * Each leg is reported as two: one that rings and, once answered, one that talks. So if two telephones of an employee ring and
 * one is answered, the other's end does not end the talk; and the operator's leg shows how it can be redirected.
 *
 * The conversation is a leg too, with its own id, and only its summary ends it. So the call continues between legs: a menu,
 * an unanswered telephone and the first half of a callback end before the next leg starts.
 */
function legChanged(leg: Leg): VoipWebhookParseResult {
  const [callId, legId] = [text(leg.entry_id), text(leg.call_id)];
  const kind = EVENTS[text(leg.call_state) ?? ''];
  if (!callId || !legId || !kind) {
    return {};
  }
  const occurredAt = moment(leg.timestamp);
  const conversation = { event: VoipWebhookEvent.NotifyStart, callId, legId: callId, occurredAt };
  if (isWaiting(leg)) {
    // A menu or queue. «Connected» there is not a person, and its end is not the call's.
    return kind === VoipWebhookEvent.NotifyEnd ? {} : { event: { ...conversation, ...numbersOf(leg) } };
  }
  const sequence = number(leg.seq);
  const rings = { event: VoipWebhookEvent.NotifyStart, callId, legId, sequence, occurredAt };
  const talks = { ...rings, event: kind, legId: legId + TALKING, ...laterNumbers(leg) };
  switch (kind) {
    case VoipWebhookEvent.NotifyEnd:
      return { events: [{ ...talks, legId }, talks, conversation] };
    case VoipWebhookEvent.NotifyHold:
      return { event: talks };
    case VoipWebhookEvent.NotifyAnswer:
      if (isFirstHalf(leg)) {
        return { event: { ...rings, ...numbersOf(leg) } }; // the other side of the callback is yet to be rung
      }
      // Connected again (after Appeared and Connected): taken off hold or transferred.
      return (sequence ?? 0) > 2
        ? { events: [talks, { ...talks, event: VoipWebhookEvent.NotifyUnhold }] }
        : { event: talks };
    default:
      return { event: { ...rings, ...numbersOf(leg) } };
  }
}

/** Suffix of the id of an answered leg. */
const TALKING = ' talking';

function isWaiting(leg: Leg): boolean {
  const location = text(leg.location);
  return location === 'ivr' || location === 'queue';
}

/** Whether the PBX calls both sides: for an API command, a dialling campaign, the callback widget… */
function isCallback(leg: Leg): boolean {
  const byCommand = text(leg.command_id) !== undefined && !takenFrom(leg);
  return byCommand || text(leg.callback_initiator) !== undefined || text(leg.task_id) !== undefined;
}

function isFirstHalf(leg: Leg): boolean {
  return isCallback(leg) && !takenFrom(leg);
}

function takenFrom(leg: Leg): string | undefined {
  return text(leg.from?.taken_from_call_id);
}

/** The parties. Anyone with an extension is an employee. */
function numbersOf(leg: Leg): Numbers {
  const [from, to] = [leg.from ?? {}, leg.to ?? {}];
  const line = text(to.line_number);
  if (text(leg.transfer)) {
    return laterNumbers(leg);
  }
  if (isFirstHalf(leg)) {
    return firstHalf(leg, from, to);
  }
  if (isCallback(leg) && !extensionOf(from)) {
    return outgoing(to, from, line); // the client was called first
  }
  if (!line && (extensionOf(from) || isSip(from))) {
    return extensionOf(to) || isWaiting(leg) ? internal(from, to) : outgoing(from, to);
  }
  return incoming(from, isWaiting(leg) ? undefined : extensionOf(to) ?? text(to.number), line);
}

/** In a callback, the operator's telephone rings first, as if the client were calling; or a group's queue; or the client. */
function firstHalf(leg: Leg, from: Party, to: Party): Numbers {
  if (extensionOf(from) && extensionOf(to)) {
    return { ...internal(to, from), srcPhoneExt: extensionOf(to) };
  }
  const line = text(to.line_number);
  return extensionOf(to) || isWaiting(leg) ? outgoing(to, from, line) : outgoing(from, to, line);
}

/**
 * Only the operator, if the leg came from another one: the other party is whoever was on that one. By its own numbers, a
 * transferred outgoing call would look like an incoming one.
 */
function laterNumbers(leg: Leg): Numbers {
  if (!takenFrom(leg) && !text(leg.transfer)) {
    return numbersOf(leg);
  }
  const caller = isCallback(leg) ? extensionOf(leg.from ?? {}) : undefined;
  return { srcPhoneExt: extensionOf(leg.to ?? {}) ?? caller ?? text(leg.to?.number) };
}

type Numbers = VoipCallNumbers & { line?: string };

function incoming(client: Party, operator: string | undefined, line: string | undefined): Numbers {
  return {
    direction: VoipCallDirection.In,
    srcPhone: text(client.number) ?? ANONYMOUS, dstPhone: line ?? operator ?? ANONYMOUS, srcPhoneExt: operator,
  };
}

function outgoing(operator: Party, client: Party, line?: string): Numbers {
  const extension = extensionOf(operator);
  return {
    direction: VoipCallDirection.Out,
    srcPhone: extension ?? text(operator.number) ?? ANONYMOUS, dstPhone: text(client.number) ?? ANONYMOUS, line,
  };
}

function internal(caller: Party, called: Party): Numbers {
  const numberOf = (party: Party): string => extensionOf(party) ?? text(party.number) ?? ANONYMOUS;
  return {
    direction: VoipCallDirection.Internal,
    srcPhone: numberOf(caller), dstPhone: text(called.extension) ?? text(called.acd_group) ?? numberOf(called),
  };
}

/** A withheld number or an unnamed line. */
const ANONYMOUS = 'anonymous';

function extensionOf(party: Party): string | undefined {
  return text(party.extension);
}

function isSip(party: Party): boolean {
  return /^sips?:/i.test(text(party.number) ?? '');
}

function text(value: Value): string | undefined {
  const given = typeof value === 'string' || typeof value === 'number';
  return given ? String(value).trim() || undefined : undefined;
}

/** Timestamps and counters are 0 or missing if there are none. */
function number(value: Value): number | undefined {
  const given = Number(text(value));
  return Number.isSafeInteger(given) && given > 0 ? given : undefined;
}

function moment(seconds: Value): string | undefined {
  const given = number(seconds);
  return given === undefined || given > LATEST ? undefined : new Date(given * 1000).toISOString();
}

/** The last second of the year 9999; later values cannot be formatted and are ignored. */
const LATEST = 253402300799;

// ------------------------------------------------------------------------------------------------------ ends, records

const DIRECTIONS = [VoipCallDirection.Internal, VoipCallDirection.In, VoipCallDirection.Out] as const;

function ended(summary: Summary): VoipWebhookParseResult {
  const callId = text(summary.entry_id);
  if (!callId) {
    return {};
  }
  const [from, to] = [summary.from ?? {}, summary.to ?? {}];
  const line = text(summary.line_number);
  const numbers: Record<VoipCallDirection, () => Numbers> = {
    in: () => incoming(from, extensionOf(to) ?? text(to.number), line),
    out: () => outgoing(from, to, line),
    internal: () => internal(from, to),
  };
  const direction = DIRECTIONS[Number(text(summary.call_direction))];
  const parties = { callId, ...(direction && numbers[direction]()) };
  const [talkedFrom, endedAt] = [number(summary.talk_time), number(summary.end_time)];
  const disposition = talkedFrom ? VoipCallDisposition.Answered : dispositionOf(text(summary.disconnect_reason));
  const end = { event: VoipWebhookEvent.NotifyEnd, ...parties, disposition, occurredAt: moment(summary.end_time) };
  if (!talkedFrom || !endedAt) {
    return { event: end }; // `entry_result` may be 1 all the same: of a call that the menu took
  }
  const { line: _line, ...record } = parties;
  return { event: end, callRecord: { ...record, disposition, duration: Math.max(0, endedAt - talkedFrom) } };
}

/** Why nobody talked, by the first digits of the reason code. */
const REASONS: [RegExp, VoipCallDisposition][] = [
  [/^1(110|18)/, VoipCallDisposition.Cancelled], // by the caller, by a command
  [/^1(12[123]|193)/, VoipCallDisposition.Busy], // busy, declined, not to be disturbed, in a call
  [/^131/, VoipCallDisposition.Voicemail], // the client's answering machine
  [/^1(13|14|15|171|19)|^[2-5]/, VoipCallDisposition.Failed], // wrong, barred, out of hours, not paid, broken
];

function dispositionOf(reason = ''): VoipCallDisposition {
  return REASONS.find(([codes]) => codes.test(reason))?.[1] ?? VoipCallDisposition.NoAnswer;
}

function recorded(hook: Recording): VoipWebhookParseResult {
  const isKept = text(hook.recording_state) === 'Completed' && text(hook.completion_code) === SUCCESS
    && text(hook.recipient) !== 'Mail'; // only sent by e-mail
  return isKept ? recording(hook) : {};
}

/** If a conversation has several recordings, the last one to arrive is the call's. */
function recording(hook: Recording): VoipWebhookParseResult {
  const [callId, recordingId] = [text(hook.entry_id), text(hook.recording_id)];
  return callId && recordingId ? { callRecord: { callId, call: { recordingId } } } : {};
}

/** Commands are accepted when sent; their results arrive here, when no operator is waiting any more. */
function noteResult(kind: string, { command_id, result }: CommandResult): void {
  const code = text(result);
  if (code && code !== SUCCESS) {
    console.warn(`${kind.replace('result/', '')} (${text(command_id) ?? 'without an id'}) failed: ${explained(code)}`);
  }
}

// -------------------------------------------------------------------------------------------------------------- API

export async function VoipTestConnection(): Promise<VoipTestConnectionResult> {
  try {
    const { balance, currency } = await api<{ balance?: Value; currency?: Value }>('account/balance', {});
    if (text(balance) === undefined) {
      throw new Error(UNEXPECTED);
    }
    return { success: true, message: `Connected. The account's balance is ${balance} ${text(currency) ?? ''}`.trim() + '.' };
  } catch (error) {
    return { success: false, message: error instanceof Error ? error.message : String(error) };
  }
}

interface User { general?: { name?: string; email?: string }; telephony?: { extension?: Value } }

/** This list is not paged. Employees without an extension can take calls but cannot be identified in them. */
export async function VoipGetMembers(): Promise<VoipMember[]> {
  const { users } = await api<{ users?: User[] }>('config/users/request', {});
  if (!Array.isArray(users)) {
    throw new Error(UNEXPECTED);
  }
  return users.flatMap(({ general, telephony }) => {
    const id = text(telephony?.extension);
    return id ? [{ id, name: general?.name || `Extension ${id}`, email: general?.email || undefined }] : [];
  });
}

/** Rings the operator's telephone, then the client. The call appears through its notifications. */
export async function VoipGenerateCall(srcPhone: string, dstPhone: string): Promise<void> {
  const to_number = dstPhone.replace(/\D/g, '');
  if (!to_number) {
    throw new Error(`"${dstPhone}" is not a phone number that can be called.`);
  }
  await command('callback', { from: { extension: srcPhone }, to_number, line_number: settings.line || undefined });
}

export async function VoipHangupCall(_src: string, _dst: string, call: VoipCallContext): Promise<void> {
  await command('call/hangup', { call_id: legOf(call) });
}

/** Ringing calls are routed, answered ones transferred. */
export async function VoipRedirectCall(_src: string, _dst: string, redirectTo: string, call: VoipCallContext): Promise<void> {
  if (call.legId?.endsWith(TALKING)) {
    await transfer('blind', redirectTo, call);
  } else {
    await command('route', { call_id: legOf(call), to_number: redirectTo });
  }
}

/** Puts the client on hold and calls the colleague; the operator completes the transfer by hanging up. */
export async function VoipAttendedTransfer(_src: string, _dst: string, redirectTo: string, call: VoipCallContext): Promise<void> {
  await transfer('hold', redirectTo, call);
}

async function transfer(method: 'blind' | 'hold', to_number: string, call: VoipCallContext): Promise<void> {
  await command('transfer', { call_id: legOf(call), method, to_number, initiator: call.operator.extension });
}

function legOf(call: VoipCallContext): string {
  if (!call.legId) {
    throw new Error('Mango Office has not reported this operator\'s part of the call, so it cannot be controlled from here.');
  }
  return call.legId.replace(TALKING, '');
}

export async function VoipGetCallLink(callData: { recordingId: string }): Promise<string> {
  const parameters = { recording_id: callData.recordingId, action: 'download' };
  const response = await post('queries/recording/post', parameters);
  const link = response.headers.get('location'); // works once and not for long
  if (response.status >= 300 && response.status < 400 && link) {
    return new URL(link, response.url || baseUrl()).href;
  }
  await answerOf(response);
  throw new Error('Mango Office gave no link to the recording. It can take a minute after the call.');
}

async function command(name: string, parameters: object): Promise<void> {
  await api(`commands/${name}`, { command_id: String(Date.now()), ...parameters }); // the id need not be unique
}

async function api<T = unknown>(path: string, parameters: object): Promise<T> {
  return await answerOf(await post(path, parameters)) as T;
}

async function post(path: string, parameters: object): Promise<Response> {
  const json = JSON.stringify(parameters);
  const body = new URLSearchParams({ vpbx_api_key: required('apiKey'), sign: await sign(json), json });
  return fetch(`${baseUrl()}/${path}`, { method: 'POST', body, redirect: 'manual' }).catch((error: unknown) => {
    console.warn('No answer:', error);
    throw new Error('Mango Office cannot be reached: check the API address in the module\'s settings, or try again later.');
  });
}

function baseUrl(): string {
  return (settings.apiUrl || 'https://app.mango-office.ru/vpbx').replace(/\/+$/, '');
}

const SUCCESS = '1000';
const UNEXPECTED = 'Mango Office sent an unexpected answer: check the API address in the module\'s settings.';

interface Answer { result?: Value; code?: Value; message?: Value }

async function answerOf(response: Response): Promise<object> {
  const answer = await response.json().catch(() => undefined) as Answer | null | undefined;
  const code = text(answer?.result) ?? text(answer?.code);
  if (response.ok && typeof answer === 'object' && answer && (code ?? SUCCESS) === SUCCESS) {
    return answer;
  }
  throw new Error(reason(response.status, code === SUCCESS ? undefined : code, text(answer?.message)));
}

function reason(status: number, code: string | undefined, message: string | undefined): string {
  const said = message ? ` It said: ${/[.!?]$/.test(message) ? message : `${message}.`}` : '';
  if (code && /^[1-5]\d{3}$/.test(code)) {
    return explained(code) + said;
  }
  switch (status) {
    case 401: return `Mango Office blocks requests for a while after wrong ones: check the PBX code and the signing key in the module's settings, and try again in two minutes.${said}`;
    case 403: return `Mango Office does not allow this: check in its personal account that the API connector is on and accepts requests from this server's address.${said}`;
    case 404: return `Mango Office could not find what was requested: check the API address in the module's settings.${said}`;
    case 429: return `Too many requests to Mango Office: try again in a few seconds.${said}`;
    default: return status >= 500
      ? `Mango Office's API is not working at the moment (status ${status}): try again later.${said}`
      : `${UNEXPECTED} (Status ${status}.)${said}`;
  }
}

/** Meanings of Mango Office's codes. A code not listed here means what its class does. */
const CODES: [RegExp, string][] = [
  [/^3102/, 'Mango Office did not accept the signature: check the signing key in the module\'s settings.'],
  [/^3105/, 'Mango Office does not know the PBX code: check it in the module\'s settings.'],
  [/^310/, 'Mango Office did not understand the request.'],
  [/^3124/, 'This line cannot make calls: choose another one in the module\'s settings.'],
  [/^31/, 'Mango Office did not accept a value of the request.'],
  [/^32/, 'Mango Office does not accept this number.'],
  [/^3310/, 'The call is over or unknown to Mango Office.'],
  [/^3320/, 'Mango Office has no such recording yet. It can take a minute after the call.'],
  [/^333/, 'Mango Office has no employee with this extension.'],
  [/^33/, 'Mango Office could not find what was requested.'],
  [/^2/, 'Mango Office does not allow this for the account: check its balance and limits.'],
  [/^4001/, 'Mango Office cannot do this.'],
  [/^4101/, 'The call is already over.'],
  [/^41/, 'Mango Office cannot do this with the call at the moment.'],
  [/^42/, 'The other side cannot be reached at the moment.'],
  [/^45/, 'Mango Office does not allow this for security reasons.'],
  [/^5008/, 'Mango Office says that this service is not connected, or overloaded: check the account\'s services, or try again later.'],
  [/^5/, 'Mango Office\'s API is not working at the moment: try again later.'],
];

function explained(code: string): string {
  const meaning = CODES.find(([codes]) => codes.test(code))?.[1] ?? 'Mango Office could not do this.';
  return `${meaning} (Code ${code}.)`;
}

function required(name: 'apiKey' | 'apiSalt'): string {
  const value = settings[name]?.trim();
  if (!value) {
    const label = name === 'apiKey' ? 'unique PBX code' : 'signing key';
    throw new Error(`The ${label} is not set: enter it in the module's settings.`);
  }
  return value;
}
