// Exotel: reports from its call flows and calls, and its API, version 1 (users: version 2).
//
// The references are https://developer.exotel.com/docs and https://support.exotel.com (articles 48283 «Passthru», 48284 and
// 3000106308 «pop-up»). Comments here cover only what is not documented there, and the reasons.

interface Settings {
  accountSid?: string; apiKey?: string; apiToken?: string; region?: Region;
  callerId?: string; agents?: string; record?: boolean; countryCode?: string; timeZone?: string;
}
type Region = 'singapore' | 'mumbai';
const settings = Namespace.params.data as Settings;

// --------------------------------------------------------------------------------------------------------- requests

/** Reads a field of a request by name, wherever it is; missing ones are empty. */
type Fields = (name: string) => string;

/** Exotel does not sign requests: only the token in the address, checked by the server, authenticates them. */
export function VoipParseWebhookRequest(request: FetchRequest): VoipWebhookParseResult {
  const field = fieldsOf(request);
  const callId = field('CallSid');
  if (!callId) {
    return {};
  }
  const event = field('EventType').toLowerCase();
  const isPopUp = field('DialWhomNumber') && !field('CallType') && (event || /^(busy|free)$/i.test(field('Status')));
  if (isPopUp) {
    return agentRung(field, callId, event);
  }
  const isOwn = event && !/^in/i.test(field('Direction'));
  return isOwn ? ownCall(field, callId, event) : flowReached(field, callId, request.path);
}

/** Query, form (URL-encoded or multipart) or JSON. The documentation's capitalisation of names varies. */
function fieldsOf(request: FetchRequest): Fields {
  const fields = new Map<string, string>();
  const add = (name: string, value: unknown): void => {
    const given = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
    if (given && given !== 'null') {
      fields.set(name.toLowerCase(), given);
    }
  };
  for (const [name, value] of Object.entries(request.query)) {
    add(name, typeof value === 'string' ? value : value[0]);
  }
  formFields(request).forEach((value, name) => add(name, value));
  for (const [name, value] of Object.entries(jsonOf(request))) {
    add(name, value);
    if (Array.isArray(value)) {
      value.forEach((leg, index) => Object.entries(leg ?? {}).forEach(([key, of]) => add(`${name}[${index}][${key}]`, of)));
    }
  }
  return (name) => fields.get(name.toLowerCase()) ?? '';
}

function jsonOf(request: FetchRequest): object {
  if (typeof request.body !== 'string' || !request.body.trimStart().startsWith('{')) {
    return {};
  }
  try {
    return JSON.parse(request.body) as object;
  } catch {
    return {};
  }
}

/**
 * A Connect applet rings an agent's telephone or has finished with it («Create popup»). `Status` is the agent's: busy means
 * ringing or talking. `Direction` is that of the agent's leg, so it says nothing about the call.
 */
function agentRung(field: Fields, callId: string, event: string): VoipWebhookParseResult {
  const operator = agentNumber(field('DialWhomNumber'));
  const occurredAt = moment(field('CurrentTime'));
  const legId = `${callId} ${operator}`;
  const isOver = event === 'terminal' || field('Status').toLowerCase() === 'free';
  const kind = isOver ? VoipWebhookEvent.NotifyEnd
    : event === 'answered' ? VoipWebhookEvent.NotifyAnswer
    : VoipWebhookEvent.NotifyStart;
  const rung = { event: kind, callId, legId, occurredAt, ...incoming(field, operator) };
  // When an agent's part ends, the flow continues: to the next agent, to voicemail… So the flow is a leg too, with the call's id,
  // and only a Passthru ends it.
  const flow = { event: VoipWebhookEvent.NotifyStart, callId, legId: callId, occurredAt };
  return isOver ? { events: [rung, flow] } : { event: rung };
}

/** Outcomes by `CallType`. No outcome means that nobody has been dialled (yet). */
const OUTCOMES: Record<string, VoipCallDisposition | undefined> = {
  'completed': VoipCallDisposition.Answered,
  'client-hangup': VoipCallDisposition.Cancelled,
  'incomplete': VoipCallDisposition.NoAnswer,
  'voicemail': VoipCallDisposition.Voicemail,
};

/** Outcomes by the status of a call or leg. A completed call does not imply that anybody talked. */
const STATUSES: Record<string, VoipCallDisposition | undefined> = {
  'busy': VoipCallDisposition.Busy,
  'no-answer': VoipCallDisposition.NoAnswer,
  'failed': VoipCallDisposition.Failed,
  'canceled': VoipCallDisposition.Cancelled,
};

/**
 * A flow reached a Passthru applet, or the account's Voice Callback URL reports an ended call (only that has a `Status`).
 * Before anybody was dialled, a Passthru at the start of a flow looks like one at its end, so the address can say `…/end`.
 */
function flowReached(field: Fields, callId: string, path: string): VoipWebhookParseResult {
  const outcome = outcomeOf(field);
  const parties = { callId, ...numbersOf(field), occurredAt: moment(field('CurrentTime') || endTime(field)) };
  const isOver = outcome !== undefined || field('Status').toLowerCase() === 'completed' || /\/end\/?$/.test(path);
  if (!isOver) {
    return { event: { event: VoipWebhookEvent.NotifyStart, legId: callId, ...parties } };
  }
  const disposition = outcome ?? VoipCallDisposition.Unknown;
  // One of the dialled agents talked.
  const seconds = Math.max(...[0, 1, 2, 3, 4].map((leg) => Number(field(`Legs[${leg}][OnCallDuration]`)) || 0));
  return {
    event: { event: VoipWebhookEvent.NotifyEnd, disposition, ...parties },
    callRecord: recordOf(field, callId, disposition, seconds),
  };
}

function outcomeOf(field: Fields): VoipCallDisposition | undefined {
  const outcome = OUTCOMES[field('CallType').toLowerCase()];
  const dialled = field('DialCallStatus').toLowerCase();
  if (outcome && outcome !== VoipCallDisposition.NoAnswer) {
    return outcome;
  }
  return STATUSES[dialled] ?? outcome ?? STATUSES[field('Status').toLowerCase()]
    ?? (dialled === 'completed' ? VoipCallDisposition.Answered : undefined);
}

/**
 * A call between two numbers made by the API, as in click to call: first the agent (`From`), then the client. It
 * is reported when the agent answers, when the client answers, and when it ends.
 */
function ownCall(field: Fields, callId: string, event: string): VoipWebhookParseResult {
  const numbers = field('From') || field('To') ? outgoing(field('To'), field('From'), undefined) : {};
  const parties = { callId, ...numbers };
  const client = field('Legs[1][Status]').toLowerCase();
  if (event === 'answered') {
    const kind = client ? VoipWebhookEvent.NotifyAnswer : VoipWebhookEvent.NotifyStart;
    return { event: { event: kind, ...parties, occurredAt: moment(field('DateUpdated')) } };
  }
  if (event !== 'terminal') {
    return {};
  }
  const seconds = Number(field('ConversationDuration')) || Number(field('Legs[1][OnCallDuration]')) || 0;
  const agent = field('Legs[0][Status]').toLowerCase();
  const disposition = seconds > 0 || client === 'completed' ? VoipCallDisposition.Answered
    : STATUSES[client] ?? STATUSES[agent] ?? STATUSES[field('Status').toLowerCase()] ?? VoipCallDisposition.NoAnswer;
  return {
    event: { event: VoipWebhookEvent.NotifyEnd, disposition, ...parties, occurredAt: moment(endTime(field)) },
    callRecord: recordOf(field, callId, disposition, seconds),
  };
}

/** `DialCallDuration` and `Duration` are not talk times: they include the ringing. */
function recordOf(
  field: Fields, callId: string, disposition: VoipCallDisposition, seconds: number,
): VoipCallRecord | undefined {
  const isAnswered = disposition === VoipCallDisposition.Answered;
  const call = field('RecordingUrl') ? { callSid: callId } : undefined; // the link itself expires
  const duration = isAnswered && seconds > 0 ? seconds : undefined;
  return call || duration ? { callId, disposition, duration, call } : undefined;
}

// ---------------------------------------------------------------------------------------------------------- numbers

function numbersOf(field: Fields): VoipCallNumbers {
  const operator = field('DialWhomNumber') ? agentNumber(field('DialWhomNumber')) : undefined;
  const [from, to] = [field('CallFrom') || field('From'), field('CallTo') || field('To')];
  if (!from && !to) {
    return {}; // the call is known by its id
  }
  if (!/^outbound/i.test(field('Direction'))) {
    return incoming(field, operator);
  }
  // A call that the API sent into a flow. Real requests have the client in `CallFrom`; the documentation says `CallTo`.
  const isDocumented = settings.callerId ? agentNumber(from) === agentNumber(settings.callerId) : false;
  return isDocumented ? outgoing(to, from, operator) : outgoing(from, to, operator);
}

function incoming(field: Fields, operator: string | undefined): VoipCallNumbers {
  return {
    direction: VoipCallDirection.In,
    srcPhone: field('CallFrom') || field('From') || ANONYMOUS,
    dstPhone: field('CallTo') || field('To') || operator || ANONYMOUS,
    srcPhoneExt: operator,
  };
}

function outgoing(client: string, caller: string, operator: string | undefined): VoipCallNumbers {
  return {
    direction: VoipCallDirection.Out,
    srcPhone: caller ? agentNumber(caller) : ANONYMOUS, dstPhone: client || ANONYMOUS, dstPhoneExt: operator,
  };
}

/** A withheld or missing number. */
const ANONYMOUS = 'anonymous';

/** Normalises an agent's number, which comes with and without the country code, to the members' format. */
function agentNumber(number: string): string {
  if (!/^[+\d][\d\s().-]*$/.test(number)) {
    return number; // a SIP address
  }
  const digits = number.replace(/\D/g, '');
  if (/^(\+|00)/.test(number)) {
    return `+${digits.replace(/^00/, '')}`;
  }
  if (digits.length <= LONGEST_EXTENSION) {
    return digits;
  }
  const code = (settings.countryCode || '91').replace(/\D/g, '');
  const hasCode = digits.startsWith(code) && digits.length >= code.length + NATIONAL_DIGITS;
  return `+${hasCode ? '' : code}${digits.replace(/^0/, '')}`;
}

const LONGEST_EXTENSION = 6;
/** The length of a number without country code and leading 0. */
const NATIONAL_DIGITS = 10;

// ------------------------------------------------------------------------------------------------------------ times

/** `EndTime` is the epoch until a call has ended. */
function endTime(field: Fields): string {
  const end = field('EndTime');
  return /^[12]\d{3}/.test(end) && !end.startsWith('1970') ? end : field('DateUpdated');
}

/** A time such as `2026-03-02 19:35:09`, without a time zone. */
function moment(local: string): string | undefined {
  if (!local) {
    return undefined;
  }
  try {
    return zonedTime(local, timeZone()).toISOString();
  } catch (error) {
    console.warn('A time could not be read:', error);
    return undefined; // that of the request's arrival counts instead
  }
}

function timeZone(): string {
  return settings.timeZone || 'Asia/Kolkata';
}

// -------------------------------------------------------------------------------------------------------------- API

export async function VoipTestConnection(): Promise<VoipTestConnectionResult> {
  try {
    checkZone();
    await readCalls(regionSet());
    const without = settings.callerId ? '' : ' Without an ExoPhone for outgoing calls, operators cannot call from here.';
    return { success: true, message: `Connected to the account ${required('accountSid')}.${without}` };
  } catch (error) {
    const other = error instanceof Refused && error.status === 401 ? await otherRegion() : undefined;
    return { success: false, message: other ?? (error instanceof Error ? error.message : String(error)) };
  }
}

async function readCalls(region: Region): Promise<void> {
  const { Calls } = await api<{ Calls?: unknown }>(`${account(region)}/Calls.json?PageSize=1`);
  if (!Array.isArray(Calls)) {
    throw new Error(UNEXPECTED);
  }
}

/** Checks whether the keys belong to the other region, since this one refuses them as if they were wrong. */
async function otherRegion(): Promise<string | undefined> {
  const other = regionSet() === 'mumbai' ? 'singapore' : 'mumbai';
  try {
    await readCalls(other);
    return `The account is in the region ${HOSTS[other].name}: choose it in the module's settings.`;
  } catch {
    return undefined;
  }
}

function checkZone(): void {
  try {
    zonedTime('2026-01-01 00:00:00', timeZone());
  } catch {
    throw new Error(`There is no time zone "${timeZone()}": enter one such as Asia/Kolkata in the module's settings.`);
  }
}

interface UsersPage {
  metadata?: { total?: number };
  response?: ({ data?: UserData | null } | null)[];
}
interface UserData { first_name?: string; last_name?: string; email?: string; devices?: { contact_uri?: string }[] | null }

const PAGE = 50;
const MOST_PAGES = 40;

/** Agents are identified by the ringing telephone, so each of their devices is a member. */
export async function VoipGetMembers(): Promise<VoipMember[]> {
  const set = agentsSet();
  const listed = await usersListed().catch((error: unknown) => {
    if (set.length === 0) {
      throw error;
    }
    console.warn('Listing only the agents from the settings:', error); // an account without users
    return [];
  });
  return [...set, ...listed.filter(({ id }) => set.every((agent) => agent.id !== id))];
}

/** Agents from the settings: `07410410123 Asha Rao, sip:vikram@example Vikram`. */
function agentsSet(): VoipMember[] {
  return (settings.agents ?? '').split(/[,;]/).flatMap((agent) => {
    const [number, ...name] = agent.trim().split(/\s+/);
    const id = number ? agentNumber(number) : '';
    return id ? [{ id, name: name.join(' ') || id }] : [];
  });
}

async function usersListed(): Promise<VoipMember[]> {
  const members: VoipMember[] = [];
  for (let page = 0; page < MOST_PAGES; page++) {
    const query = `fields=devices&offset=${page * PAGE}&limit=${PAGE}`;
    const { response, metadata } = await api<UsersPage>(`${users()}?${query}`);
    if (!Array.isArray(response)) {
      throw new Error(UNEXPECTED);
    }
    members.push(...response.flatMap((user) => membersOf(user?.data ?? {})));
    if (response.length === 0 || (page + 1) * PAGE >= (metadata?.total ?? 0)) {
      return members;
    }
  }
  console.warn(`Only the first ${MOST_PAGES * PAGE} users were fetched.`);
  return members;
}

function membersOf({ first_name, last_name, email, devices }: UserData): VoipMember[] {
  const numbers = (devices ?? []).flatMap(({ contact_uri }) => contact_uri ? [agentNumber(contact_uri)] : []);
  const name = [first_name, last_name].filter(Boolean).join(' ');
  return [...new Set(numbers)].map((id) => ({
    id, name: (name || id) + (numbers.length > 1 && name ? ` (${id})` : ''), email: email || undefined,
  }));
}

/** Rings the operator's telephone, then the client's. The call appears once the operator has answered. */
export async function VoipGenerateCall(srcPhone: string, dstPhone: string): Promise<void> {
  if (!settings.callerId) {
    throw new Error('The ExoPhone for outgoing calls is not set: enter it in the module\'s settings.');
  }
  if (!/\d/.test(dstPhone)) {
    throw new Error(`"${dstPhone}" is not a phone number that can be called.`);
  }
  const body = new URLSearchParams({
    From: srcPhone, To: dstPhone, CallerId: settings.callerId, CallType: 'trans', Record: String(settings.record ?? true),
  });
  if (Namespace.webhookUrl) {
    body.set('StatusCallback', Namespace.webhookUrl);
    body.set('StatusCallbackEvents[0]', 'terminal');
    body.set('StatusCallbackEvents[1]', 'answered');
    body.set('StatusCallbackContentType', 'application/json');
  }
  await api(`${account()}/Calls/connect.json`, { method: 'POST', body });
}

interface CallDetails { Call?: { PreSignedRecordingUrl?: string | null; RecordingUrl?: string | null } | null }

/** Fetched for each playback, because the link expires after an hour. */
export async function VoipGetCallLink(callData: { callSid: string }): Promise<string | VoipCallLink> {
  const url = `${account()}/Calls/${encodeURIComponent(callData.callSid)}.json?RecordingUrlValidity=60`;
  const { Call } = await api<CallDetails>(url);
  if (Call?.PreSignedRecordingUrl) {
    return Call.PreSignedRecordingUrl;
  }
  if (!Call?.RecordingUrl) {
    throw new Error('Exotel has no recording of this call yet. It can take 15 minutes after the call.');
  }
  // For accounts without such links: only Exotel's own hosts are sent the credentials.
  const isExotels = URL.canParse(Call.RecordingUrl) && /^https:\/\/([\w-]+\.)*exotel\.(com|in)$/.test(new URL(Call.RecordingUrl).origin);
  return isExotels ? { url: Call.RecordingUrl, headers: { authorization: authorization() } } : Call.RecordingUrl;
}

const HOSTS: Record<Region, { name: string; calls: string; users: string }> = {
  singapore: { name: 'Singapore', calls: 'https://api.exotel.com', users: 'https://ccm-api.exotel.com' },
  mumbai: { name: 'Mumbai', calls: 'https://api.in.exotel.com', users: 'https://ccm-api.in.exotel.com' },
};

function regionSet(): Region {
  return settings.region ?? 'singapore';
}

function account(region = regionSet()): string {
  return `${HOSTS[region].calls}/v1/Accounts/${encodeURIComponent(required('accountSid'))}`;
}

function users(): string {
  return `${HOSTS[regionSet()].users}/v2/accounts/${encodeURIComponent(required('accountSid'))}/users`;
}

function authorization(): string {
  return `Basic ${btoa(`${required('apiKey')}:${required('apiToken')}`)}`;
}

/** Version 1 reports errors in `RestException`; the users' API in `error_data` of the answer or of its `response`. */
interface Answer { RestException?: { Message?: unknown }; error_data?: ErrorData; response?: { error_data?: ErrorData } | null; message?: unknown }
interface ErrorData { description?: unknown; message?: unknown }

class Refused extends Error {
  status = 0;
}

const UNEXPECTED = 'Exotel sent an unexpected answer: try again later.';

async function api<T = unknown>(url: string, init: RequestInit = {}): Promise<T> {
  const headers = { authorization: authorization() };
  const response = await fetch(url, { ...init, headers }).catch((error: unknown) => {
    console.warn('No answer:', error);
    throw new Error('Exotel cannot be reached: try again later.');
  });
  const answer = await response.json().catch(() => undefined) as Answer | null | undefined;
  if (response.ok) {
    if (typeof answer !== 'object' || !answer) {
      throw new Error(UNEXPECTED);
    }
    return answer as T;
  }
  const refused = new Refused(reason(response.status, answer ?? {}));
  refused.status = response.status;
  throw refused;
}

function reason(status: number, { RestException, error_data, response, message }: Answer): string {
  const data = error_data ?? response?.error_data;
  const text = RestException?.Message ?? data?.description ?? data?.message ?? message;
  const said = typeof text === 'string' && text ? ` It said: ${/[.!?]$/.test(text) ? text : `${text}.`}` : '';
  switch (status) {
    case 400: return `Exotel did not accept the request.${said}`;
    case 401: return `Exotel did not accept the API key and token in the region ${HOSTS[regionSet()].name}: check key, token and region in the module's settings.${said}`;
    case 402: return `Exotel does not allow this with the account's plan or credit: check both in its dashboard.${said}`;
    case 403: return `Exotel does not allow this: check in its dashboard that the account is active, that the key is allowed to do this and that this server's address may use it.${said}`;
    case 404: return `Exotel does not know the account or the call: check the account SID and the region in the module's settings.${said}`;
    case 429: return `Too many requests to Exotel (it allows 200 a minute): try again in a minute.${said}`;
    default: return status >= 500
      ? `Exotel's API is not working at the moment (status ${status}): try again later.${said}`
      : `Exotel refused the request (status ${status}).${said}`;
  }
}

function required(name: 'accountSid' | 'apiKey' | 'apiToken'): string {
  const value = settings[name]?.trim();
  if (!value) {
    const labels = { accountSid: 'account SID', apiKey: 'API key', apiToken: 'API token' };
    throw new Error(`The ${labels[name]} is not set: enter it in the module's settings.`);
  }
  return value;
}
