// Aircall: its webhooks and its API.
//
// References: https://developer.aircall.io/docs/webhooks-overview and https://developer.aircall.io/api-references.
// What is not documented there, and how certain it is, is in README.md.

interface Settings { apiId?: string; apiToken?: string; callFrom?: string }
const settings = Namespace.params.data as Settings;

// --------------------------------------------------------------------------------------------------------- webhooks

interface Hook { event?: string; timestamp?: number; token?: string; data?: Call | null }

/** A call at the time of the event. Fields that do not apply are null or missing. Times are in seconds. */
interface Call {
  id?: number | string; direction?: 'inbound' | 'outbound'; raw_digits?: string | null;
  answered_at?: number | null; ended_at?: number | null; missed_call_reason?: string | null;
  user?: User | null; transferred_by?: User | null; transferred_to?: User | null;
  external_transferred_to?: string | null; number?: Line | null; contact?: Contact | null;
  recording?: string | null; voicemail?: string | null;
}

interface User { id?: number; name?: string; email?: string }
interface Contact { first_name?: string | null; last_name?: string | null; company_name?: string | null }
interface Line { id?: number; name?: string; digits?: string | null; e164_digits?: string | null }

/** The webhook that this module created, and the token that Aircall sends with each of its events. */
interface Kept { id: string; token: string }
const KEPT = 'webhook';

export async function VoipParseWebhookRequest(request: FetchRequest): Promise<VoipWebhookParseResult> {
  const hook = hookIn(textOf(request.body));
  if (!await isOurs(hook.token)) {
    return { response: new HttpResponse().status(401).json({ error: 'The token in the body is missing or wrong.' }) };
  }
  const call = hook.data;
  const hasId = ['string', 'number'].includes(typeof call?.id);
  return call && hasId && String(hook.event).startsWith('call.') ? reported(hook, call) : {}; // else: users, messages …
}

/** Aircall does not sign requests. Only the token in the body identifies them. */
async function isOurs(token: unknown): Promise<boolean> {
  const kept = await Namespace.storage.get<Kept>(KEPT);
  return typeof token === 'string' && !!kept && crypto.timingSafeEqual(token, kept.token);
}

function hookIn(body: string): Hook {
  try {
    // Ids have up to 64 bits, more than a JavaScript number can hold.
    const parsed: unknown = JSON.parse(body.replace(/"id"\s*:\s*(\d{16,})/g, '"id":"$1"'));
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}

function reported({ event, timestamp }: Hook, call: Call): VoipWebhookParseResult {
  const at = momentOf(timestamp);
  const { user } = call;
  switch (event) {
    case 'call.created':
      return { event: call.direction === 'outbound' ? rings(call, at) : arrives(call, at) };
    case 'call.ringing_on_agent':
      return { event: rings(call, at) };
    case 'call.agent_declined':
      return user ? { events: declined(call, user, at) } : {};
    case 'call.answered':
    case 'call.unsuccessful_transfer': // whoever transferred has the call again
      return { event: does(VoipWebhookEvent.NotifyAnswer, call, at) };
    case 'call.hold':
      return { event: does(VoipWebhookEvent.NotifyHold, call, at) };
    case 'call.unhold':
      return { event: does(VoipWebhookEvent.NotifyUnhold, call, at) };
    case 'call.transferred': // and rings there; for a team the first of its users is named
      return transferred(call, idOf(call.transferred_to), at);
    case 'call.external_transferred':
      return transferred(call, compact(call.external_transferred_to), at);
    case 'call.hungup':
      return { event: ended(call, at) };
    case 'call.ended': // half a minute later, and complete
      return { event: ended(call, at), callRecord: record(call) };
    case 'call.voicemail_left':
      return heard(call, 'voicemail');
    case 'call.comm_assets_generated':
      return heard(call, assetOf(call));
    default:
      return {}; // assigned, archived, tagged, commented …: work on the record
  }
}

type At = Pick<VoipWebhookRequest, 'occurredAt'>;

/** The caller's leg has an id, so that the call outlasts an operator who declines. */
function arrives(call: Call, at: At): VoipWebhookRequest {
  return { ...numbers(call), ...at, event: VoipWebhookEvent.NotifyStart, legId: 'caller' };
}

function rings(call: Call, at: At): VoipWebhookRequest {
  return { ...numbers(call, call.user), ...at, event: VoipWebhookEvent.NotifyStart };
}

/** What the call's user does. In an event without a user, the numbers would name the line as the operator. */
function does(event: VoipWebhookEvent, call: Call, at: At): VoipWebhookRequest {
  return { ...(call.user ? numbers(call, call.user) : { callId: callIdOf(call) }), ...at, event };
}

function declined(call: Call, user: User, at: At): VoipWebhookRequest[] {
  // Ringing has no leg id, because a queue may ring the same user again.
  const legId = `declined by ${user.id}`;
  return [arrives(call, at), { ...numbers(call, user), ...at, event: VoipWebhookEvent.NotifyEnd, legId }];
}

function transferred(call: Call, redirectTo: string | undefined, at: At): VoipWebhookParseResult {
  const from = numbers(call, call.transferred_by ?? call.user);
  return redirectTo ? { event: { ...from, ...at, event: VoipWebhookEvent.NotifyRedirect, redirectTo } } : {};
}

function ended(call: Call, at: At): VoipWebhookRequest {
  const { ended_at, user } = call;
  const when = isTime(ended_at) ? momentOf(ended_at) : at;
  return { ...numbers(call, user), ...when, event: VoipWebhookEvent.NotifyEnd, disposition: dispositionOf(call) };
}

/** `duration` includes the ringing, so talk time is counted from the answer. */
function record(call: Call): VoipCallRecord {
  const { answered_at, ended_at, user } = call;
  const talk = isTime(answered_at) && isTime(ended_at) ? { duration: Math.max(ended_at - answered_at, 0) } : {};
  const asset = assetOf(call);
  const link = asset && { call: { id: callIdOf(call), asset } };
  return { ...partiesOf(call, user), disposition: dispositionOf(call), ...talk, ...link };
}

type Asset = 'recording' | 'voicemail';

function assetOf(call: Call): Asset | undefined {
  return call.voicemail ? 'voicemail' : call.recording ? 'recording' : undefined;
}

/** Reports that a recording or voicemail exists, which may happen long after the call. */
function heard(call: Call, asset: Asset | undefined): VoipWebhookParseResult {
  const callId = callIdOf(call);
  return asset ? { callRecord: { callId, call: { id: callId, asset } } } : {};
}

function dispositionOf(call: Call): VoipCallDisposition {
  if (call.answered_at) {
    return VoipCallDisposition.Answered;
  }
  if (call.voicemail) {
    return VoipCallDisposition.Voicemail;
  }
  const gaveUp = /abandoned/.test(call.missed_call_reason ?? '');
  return gaveUp ? VoipCallDisposition.Cancelled : VoipCallDisposition.NoAnswer;
}

type Parties = Omit<VoipCallRecord, 'disposition'>;

/** Users have no extensions, so ids are used instead. Events often omit the user, who then stays as known. */
function partiesOf(call: Call, user?: User | null): Parties {
  const client = compact(call.raw_digits) ?? 'anonymous';
  const line = compact(call.number?.e164_digits) ?? compact(call.number?.digits) ?? 'unknown';
  const callId = callIdOf(call);
  return call.direction === 'outbound'
    ? { callId, direction: VoipCallDirection.Out, srcPhone: line, dstPhone: client, dstPhoneExt: idOf(user) }
    : { callId, direction: VoipCallDirection.In, srcPhone: client, dstPhone: line, srcPhoneExt: idOf(user) };
}

function numbers(call: Call, user?: User | null): Omit<VoipWebhookRequest, 'event'> {
  return { ...partiesOf(call, user), callerName: nameOf(call.contact) };
}

function nameOf(contact: Contact | null | undefined): string | undefined {
  const name = [contact?.first_name, contact?.last_name].filter(Boolean).join(' ');
  return name || contact?.company_name || undefined;
}

function callIdOf(call: Call): string {
  return String(call.id);
}

function idOf(user: User | null | undefined): string | undefined {
  return user?.id ? String(user.id) : undefined;
}

/** Numbers are formatted for people. */
function compact(number: unknown): string | undefined {
  return String(number ?? '').replace(/[\s().-]/g, '') || undefined;
}

function momentOf(seconds: number | null | undefined): At {
  return isTime(seconds) ? { occurredAt: new Date(seconds * 1000).toISOString() } : {};
}

/** Seconds since 1970, within the range of a date. */
function isTime(seconds: unknown): seconds is number {
  return typeof seconds === 'number' && seconds > 0 && seconds < 1e11;
}

function textOf(body: string | ArrayBuffer | undefined): string {
  return body instanceof ArrayBuffer ? new TextDecoder().decode(body) : body ?? '';
}

// ----------------------------------------------------------------------------------------------- making the webhook

const EVENTS = [
  'created', 'ringing_on_agent', 'agent_declined', 'answered', 'hold', 'unhold', 'transferred',
  'unsuccessful_transfer', 'external_transferred', 'hungup', 'ended', 'voicemail_left', 'comm_assets_generated',
].map((name) => `call.${name}`);

export async function VoipOnWebhookUpdated(webhookUrl: string): Promise<void> {
  await makeWebhook(webhookUrl);
}

/** Aircall issues the token when a webhook is created, so a new address requires a new webhook. */
async function makeWebhook(url: string): Promise<void> {
  const before = await Namespace.storage.get<Kept>(KEPT);
  const body = { custom_name: 'Hookswitch', url, events: EVENTS };
  const { webhook } = await api<{ webhook?: { webhook_id?: string; token?: string } }>('POST', '/v1/webhooks', body);
  if (!webhook?.webhook_id || !webhook.token) {
    throw new Error(NOT_UNDERSTOOD);
  }
  await Namespace.storage.set(KEPT, { id: webhook.webhook_id, token: webhook.token });
  if (before) {
    await api('DELETE', `/v1/webhooks/${encodeURIComponent(before.id)}`).catch((error: unknown) => {
      console.warn('The previous webhook could not be deleted in Aircall:', messageOf(error));
    });
  }
}

/** `undefined` if it no longer exists in Aircall. */
async function webhookOf({ id }: Kept): Promise<{ active?: boolean; url?: string } | undefined> {
  const path = `/v1/webhooks/${encodeURIComponent(id)}`;
  try {
    return (await api<{ webhook?: { active?: boolean; url?: string } }>('GET', path)).webhook;
  } catch (error) {
    if (error instanceof Refused && error.status === 404) {
      return undefined;
    }
    throw error;
  }
}

/** Aircall disables webhooks that fail often, and people delete them. */
async function keepWebhook(): Promise<string> {
  const url = Namespace.webhookUrl;
  if (!url) {
    return 'Events start once the module has its webhook URL.';
  }
  const kept = await Namespace.storage.get<Kept>(KEPT);
  const found = kept && await webhookOf(kept);
  if (found?.active && found.url === url) {
    return 'Aircall sends its events here.';
  }
  await makeWebhook(url);
  return 'The webhook in Aircall was missing or switched off, so it was created again.';
}

// -------------------------------------------------------------------------------------------------------------- API

export async function VoipTestConnection(): Promise<VoipTestConnectionResult> {
  try {
    await api('GET', '/v1/ping');
    return { success: true, message: `Connected. ${await keepWebhook()}` };
  } catch (error) {
    return { success: false, message: messageOf(error) };
  }
}

const MOST_PAGES = 40;

export async function VoipGetMembers(): Promise<VoipMember[]> {
  const members: VoipMember[] = [];
  for (let page = 1, more = true; more && page <= MOST_PAGES; page++) {
    const { users, meta } = await api<{ users?: User[]; meta?: { next_page_link?: string | null } }>(
      'GET', `/v2/users?page=${page}&per_page=50`,
    );
    for (const { id, name, email } of listed(users)) {
      members.push({ id: String(id), name: name || email || `User ${id}`, email });
    }
    more = !!meta?.next_page_link;
  }
  return members;
}

/** Calls from the operator's Aircall app, which must be open on a computer. The call appears through its events. */
export async function VoipGenerateCall(srcPhone: string, dstPhone: string): Promise<void> {
  const to = compact(dstPhone)?.replace(/[^\d+]/g, '');
  if (!to) {
    throw new Error(`"${dstPhone}" is not a phone number that can be called.`);
  }
  const user = encodeURIComponent(srcPhone);
  const { numbers } = await api<{ numbers?: Line[] }>('GET', `/v2/users/${user}/numbers?per_page=50`);
  const lines = listed(numbers);
  const wanted = compact(settings.callFrom);
  const isWanted = ({ digits, e164_digits }: Line): boolean => [digits, e164_digits].map(compact).includes(wanted);
  const number_id = ((wanted && lines.find(isWanted)) || lines[0])?.id;
  if (!number_id) {
    throw new Error('You have no number in Aircall to call from: an administrator assigns one in its dashboard.');
  }
  await api('POST', `/v1/users/${user}/calls`, { number_id, to });
}

export async function VoipRedirectCall(
  _src: string, _dst: string, redirectTo: string, call: VoipCallContext,
): Promise<void> {
  await api('POST', `/v1/calls/${encodeURIComponent(call.callId ?? '')}/transfers`, { user_id: Number(redirectTo) });
}

/** Links expire after an hour, so a new one is fetched for each playback. */
export async function VoipGetCallLink(callData: { id: string; asset: Asset }): Promise<string> {
  const { call } = await api<{ call?: Call | null }>('GET', `/v1/calls/${encodeURIComponent(callData.id)}`);
  const link = callData.asset === 'voicemail' ? call?.voicemail : call?.recording;
  if (!link) {
    throw new Error(`Aircall has no ${callData.asset} of this call: it may take a minute, or it was deleted.`);
  }
  return link;
}

function listed<T>(list: T[] | undefined): T[] {
  if (!Array.isArray(list)) {
    throw new Error(NOT_UNDERSTOOD);
  }
  return list;
}

class Refused extends Error {
  status = 0;
}

async function api<T = unknown>(method: string, path: string, body?: object): Promise<T> {
  const headers: Record<string, string> = {
    authorization: `Basic ${btoa(`${required('apiId', 'API ID')}:${required('apiToken', 'API token')}`)}`,
  };
  if (body) {
    headers['content-type'] = 'application/json';
  }
  const response = await send(path, { method, headers, body: body && JSON.stringify(body) });
  const text = await response.text();
  const answer = jsonIn(text);
  if (!response.ok) {
    throw Object.assign(new Refused(problem(response.status, answer)), { status: response.status });
  }
  if (text !== '' && answer === undefined) {
    throw new Error(NOT_UNDERSTOOD);
  }
  return (answer ?? {}) as T;
}

async function send(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(`https://api.aircall.io${path}`, { ...init, signal: AbortSignal.timeout(8000) });
  } catch (error) {
    console.warn('Aircall could not be reached:', messageOf(error));
    throw new Error('Aircall could not be reached: try again later.');
  }
}

function jsonIn(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

const NOT_UNDERSTOOD = 'Aircall sent an answer that could not be understood: try again later.';

interface Refusal { error?: unknown; message?: unknown; troubleshoot?: unknown }

function problem(status: number, { error, message, troubleshoot }: Refusal = {}): string {
  const texts = [error, message, troubleshoot].filter((text) => typeof text === 'string' && text);
  const said = texts.length > 0 ? ` It said: ${texts.join('; ')}.`.replace(/\.\.$/, '.') : '';
  switch (status) {
    case 401:
    case 403: return `Aircall did not accept the API ID and token: check both in the module's settings.${said}`;
    case 404: return `Aircall could not find what was requested.${said}`;
    case 405: return `Aircall cannot do this now: to make calls, you must be available in its app on a computer.${said}`;
    case 429: return `Too many requests to Aircall (it allows 120 a minute): try again in a minute.${said}`;
    default: return status >= 500
      ? `Aircall's API is not working at the moment (status ${status}): try again later.${said}`
      : `Aircall refused the request (status ${status}).${said}`;
  }
}

function required(name: 'apiId' | 'apiToken', label: string): string {
  const value = settings[name]?.trim();
  if (!value) {
    throw new Error(`The ${label} is not set: enter it in the module's settings.`);
  }
  return value;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
