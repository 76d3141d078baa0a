// RingCentral: its telephony session notifications (webhooks) and its REST API, version 1.0.
//
// References: https://developers.ringcentral.com/guide/notifications and …/api-reference on the same host.
// What is not documented there, and how certain it is, is in README.md.

interface Settings {
  clientId?: string; clientSecret?: string; jwt?: string; verificationToken?: string; serverUrl?: string;
}
const settings = Namespace.params.data as Settings;

// ---------------------------------------------------------------------------------------------------- notifications

interface Notification { event?: string; timestamp?: string; body?: Session }

/** A call. Notifications contain only the parties that changed. */
interface Session {
  telephonySessionId?: string; sequence?: number; eventTime?: string;
  origin?: { type?: string } | null; parties?: (Party | null)[];
}

/** One party of a call: ours if it has an `extensionId`, otherwise an external number. */
interface Party {
  id?: string; extensionId?: string; direction?: 'Inbound' | 'Outbound'; from?: Side | null; to?: Side | null;
  status?: { code?: string; reason?: string } | null; missedCall?: boolean; ringOutRole?: 'Initiator' | 'Target';
  recordings?: { id?: string }[] | null;
}

interface Side { phoneNumber?: string; name?: string; extensionId?: string }

export async function VoipParseWebhookRequest(request: FetchRequest): Promise<VoipWebhookParseResult> {
  const body = textOf(request.body);
  const { 'verification-token': verification, 'validation-token': validation } = request.headers;
  if (validation !== undefined && body.trim() === '') {
    // Sent while a subscription is created. The answer needs a content type although it has no content.
    const answer = new HttpResponse().status(200).header('validation-token', validation);
    return { response: answer.header('content-type', 'application/json').content('') };
  }
  // RingCentral documents both names: the older guide the first, the newer one the second.
  if (![verification, validation].some(isVerificationToken)) {
    const error = 'The verification token is missing or wrong.';
    return { response: new HttpResponse().status(401).json({ error }) };
  }
  // From here on, the answer is always 200: after a few failures, RingCentral permanently disables the subscription.
  const notification = notificationIn(body);
  await renewWhenDue(notification.event);
  return notification.body?.telephonySessionId ? reported(notification.body, notification.timestamp) : {};
}

function isVerificationToken(token: string | undefined): boolean {
  const expected = settings.verificationToken?.trim();
  return !!token && !!expected && crypto.timingSafeEqual(token, expected);
}

/** Empty if the body is invalid, which a retry could not fix. */
function notificationIn(body: string): Notification {
  try {
    const parsed: unknown = JSON.parse(body, (name, value: unknown) => TEXTS.includes(name) ? textIn(value) : value);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    console.warn('A notification that is not JSON was accepted and ignored.');
    return {};
  }
}

/** Fields that identify calls, parties and numbers. Some ids come as numbers. */
const TEXTS = ['telephonySessionId', 'id', 'extensionId', 'phoneNumber', 'name', 'eventTime', 'timestamp'];

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

async function reported(session: Session, sentAt: string | undefined): Promise<VoipWebhookParseResult> {
  const callId = session.telephonySessionId;
  const common = { callId, sequence: session.sequence, occurredAt: session.eventTime ?? sentAt };
  const parties = Array.isArray(session.parties) ? session.parties : [];
  const isRingOut = session.origin?.type === 'RingOut';
  const events: VoipWebhookRequest[] = [];
  let recording: string | undefined;
  for (const party of parties) {
    const told = party ? await toldBy(isRingOut ? asCaller(party) : party, isRingOut) : [];
    events.push(...told.map((event) => ({ ...common, ...event })));
    recording = party?.recordings?.[0]?.id ?? recording;
  }
  return recording ? { events, callRecord: { callId, call: { recording } } } : { events };
}

/** RingOut calls the operator first, who may be reported as the called party; RingCentral's own widgets swap them too. */
function asCaller(party: Party): Party {
  return party.ringOutRole === 'Initiator' && party.direction === 'Inbound'
    ? { ...party, direction: 'Outbound', from: party.to, to: party.from }
    : party;
}

type Told = Omit<VoipWebhookRequest, 'callId'>;

async function toldBy(party: Party, isRingOut: boolean): Promise<Told[]> {
  if (reasonOf(party) === 'supervising') {
    return []; // a supervisor who listens has not taken the call
  }
  if (!party.extensionId) {
    return party.direction === 'Outbound' ? toldByCaller(party) : toldByCalled(party, isRingOut);
  }
  const own = await extension(party.extensionId);
  if (own.isNobody) {
    return []; // a menu or a queue. It ends while the call goes on, and its answer is nobody's.
  }
  return party.direction === 'Outbound' ? toldByOurCaller(party, own, isRingOut) : toldByOurCalled(party, own);
}

/** An external caller: «Answered» as soon as a menu or an extension takes the call, before anybody picks up. */
function toldByCaller(party: Party): Told[] {
  const { from, to } = party;
  const numbers = {
    direction: VoipCallDirection.In, srcPhone: from?.phoneNumber || ANONYMOUS,
    dstPhone: to?.phoneNumber || 'unknown', callerName: from?.name,
  };
  switch (codeOf(party)) {
    case 'setup':
    case 'proceeding':
      // Has a leg id too: the call lasts as long as the caller is there, even between a menu and an operator.
      return [{ event: VoipWebhookEvent.NotifyStart, ...numbers, legId: party.id }];
    case 'disconnected':
    case 'gone':
      return [{ event: VoipWebhookEvent.NotifyEnd, ...numbers, disposition: unlessAnswered(party) }];
    default:
      return [];
  }
}

/** An external number called by one of us, according to `from`. (If a call is forwarded to one, `from` is the client.) */
async function toldByCalled(party: Party, isRingOut: boolean): Promise<Told[]> {
  const { from, to } = party;
  if (!to?.phoneNumber || !(from?.extensionId || isRingOut)) {
    return [];
  }
  const line = from?.phoneNumber;
  const caller = from?.extensionId ? (await extension(from.extensionId)).number : undefined;
  const numbers = {
    direction: VoipCallDirection.Out, srcPhone: line || caller || ANONYMOUS,
    dstPhone: to.phoneNumber, dstPhoneExt: caller,
  };
  switch (codeOf(party)) {
    case 'setup':
    case 'proceeding':
      return [
        { event: VoipWebhookEvent.NotifyStart, ...numbers },
        { event: VoipWebhookEvent.NotifyStart, legId: party.id },
      ];
    case 'answered': // else the operator's own party says so
      return isRingOut ? [{ event: VoipWebhookEvent.NotifyAnswer, ...numbers }] : [];
    case 'disconnected':
    case 'gone':
      return [{ event: VoipWebhookEvent.NotifyEnd, ...numbers, disposition: unlessAnswered(party) }];
    default:
      return [];
  }
}

/** One of us calling. */
async function toldByOurCaller(party: Party, own: Extension, isRingOut: boolean): Promise<Told[]> {
  const { from, to } = party;
  const colleague = to?.extensionId ? (await extension(to.extensionId)).number : shortNumber(to?.phoneNumber);
  if (colleague) {
    // Always «Answered» immediately, which means nothing.
    const numbers = { direction: VoipCallDirection.Internal, srcPhone: own.number, dstPhone: colleague };
    return changes(party, numbers).filter(({ event }) => event !== VoipWebhookEvent.NotifyAnswer);
  }
  if (codeOf(party) === 'setup') {
    return []; // may yet turn out to be a colleague's direct number; the other party says at once which
  }
  const numbers = {
    direction: VoipCallDirection.Out, legId: party.id, srcPhone: from?.phoneNumber || own.number,
    dstPhone: to?.phoneNumber || ANONYMOUS, dstPhoneExt: own.number,
  };
  // In a RingOut, the operator's own phone is answered before the client's rings.
  return changes(party, numbers).filter(({ event }) => !isRingOut || event !== VoipWebhookEvent.NotifyAnswer);
}

/** One of us being called. `to` may be the company's number or a queue: `extensionId` says whose phone it is. */
async function toldByOurCalled(party: Party, own: Extension): Promise<Told[]> {
  const { from, to } = party;
  if (from?.extensionId) {
    const caller = await extension(from.extensionId);
    const numbers = { direction: VoipCallDirection.Internal, srcPhone: caller.number, dstPhone: own.number };
    return changes(party, { ...numbers, legId: party.id });
  }
  const legId = party.id;
  if (!['setup', 'proceeding'].includes(codeOf(party))) {
    // Without numbers, so that an outgoing call transferred to this operator stays outgoing.
    return changes(party, { legId, srcPhoneExt: own.number, dstPhoneExt: own.number });
  }
  return changes(party, {
    direction: VoipCallDirection.In, legId, srcPhone: from?.phoneNumber || ANONYMOUS,
    dstPhone: to?.phoneNumber || own.number, srcPhoneExt: own.number, callerName: from?.name,
  });
}

/** The state of one of our parties. */
function changes(party: Party, numbers: Omit<Told, 'event'>): Told[] {
  switch (codeOf(party)) {
    case 'setup':
    case 'proceeding':
      return [{ event: VoipWebhookEvent.NotifyStart, ...numbers }];
    case 'answered':
      // Also reported when a call is taken off hold. Resuming a call that was not held changes nothing.
      return [
        { event: VoipWebhookEvent.NotifyAnswer, ...numbers },
        { event: VoipWebhookEvent.NotifyUnhold, ...numbers },
      ];
    case 'hold':
    case 'parked':
      return [{ event: VoipWebhookEvent.NotifyHold, ...numbers }];
    case 'voicemail':
    case 'voicemailscreening':
    case 'vmscreening':
      return [{ event: VoipWebhookEvent.NotifyAnswer, ...numbers, disposition: VoipCallDisposition.Voicemail }];
    case 'disconnected':
      return leaves(party, numbers);
    case 'gone': // on in another session, after an attended transfer or a merge
      return numbers.legId ? [{ event: VoipWebhookEvent.NotifyEnd, ...numbers }] : [];
    default:
      return [];
  }
}

function leaves(party: Party, numbers: Omit<Told, 'event'>): Told[] {
  const reason = reasonOf(party);
  if (reason === 'agentanswered') {
    return []; // another phone was faster, maybe one of the same operator
  }
  if (!numbers.legId && TRANSFERS.includes(reason)) {
    return []; // without an id it would be the whole call's end
  }
  return [{ event: VoipWebhookEvent.NotifyEnd, ...numbers, disposition: dispositionOf(party) }];
}

const TRANSFERS = [
  'blindtransfer', 'rcctransfer', 'attendedtransfer', 'dtmftransfer', 'callpark', 'parklocation', 'callflip',
  'callswitch',
];

const DISPOSITIONS: Record<string, VoipCallDisposition | undefined> = {
  timeout: VoipCallDisposition.NoAnswer,
  noanswer: VoipCallDisposition.NoAnswer,
  targetbusy: VoipCallDisposition.Busy,
  rejected: VoipCallDisposition.Busy,
  cancelled: VoipCallDisposition.Cancelled,
  internalerror: VoipCallDisposition.Failed,
  invalidnumber: VoipCallDisposition.Failed,
  internationaldisabled: VoipCallDisposition.Failed,
  destinationblocked: VoipCallDisposition.Failed,
  notenoughfunds: VoipCallDisposition.Failed,
  nosuchuser: VoipCallDisposition.Failed,
  voicemail: VoipCallDisposition.Voicemail,
};

function dispositionOf(party: Party): VoipCallDisposition {
  const otherwise = party.missedCall === true ? VoipCallDisposition.NoAnswer : VoipCallDisposition.Unknown;
  return DISPOSITIONS[reasonOf(party)] ?? otherwise;
}

/** At the end of a call, mostly without a reason. Only counts if nobody answered. */
function unlessAnswered(party: Party): VoipCallDisposition {
  return DISPOSITIONS[reasonOf(party)] ?? VoipCallDisposition.NoAnswer;
}

function codeOf(party: Party): string {
  return String(party.status?.code).toLowerCase();
}

function reasonOf(party: Party): string {
  return String(party.status?.reason).toLowerCase();
}

/** A withheld number is missing or a word. */
const ANONYMOUS = 'anonymous';

/** Internal numbers are short; all others have a plus and country code. */
function shortNumber(number: string | undefined): string | undefined {
  return number && /^\d{1,8}$/.test(number) ? number : undefined;
}

function textOf(body: string | ArrayBuffer | undefined): string {
  return body instanceof ArrayBuffer ? new TextDecoder().decode(body) : body ?? '';
}

// ------------------------------------------------------------------------------------------------------- extensions

/** `number` is what people dial. Notifications contain only RingCentral's own `extensionId`. */
interface Extension { number: string; isNobody?: boolean }

/** Extensions that are not answered by people. */
const NOBODYS = [
  'ApplicationExtension', 'Announcement', 'Bot', 'Department', 'FaxUser', 'GroupCallPickup', 'IvrMenu', 'PagingOnly',
  'ParkLocation', 'ProxyAdmin', 'Site', 'Voicemail',
];

interface ExtensionRecord {
  id?: number; extensionNumber?: string; name?: string; type?: string; contact?: { email?: string };
}

const DAY = 24 * 60 * 60;

async function extension(id: string): Promise<Extension> {
  return Namespace.storage.remember<Extension>(`extension ${id}`, async () => {
    try {
      const path = `${ACCOUNT}/extension/${encodeURIComponent(id)}`;
      const { extensionNumber, type } = await api<ExtensionRecord>('GET', path, { timeout: 1500 });
      const value = { number: extensionNumber || id, isNobody: NOBODYS.includes(type ?? '') };
      return { value, ttlSeconds: DAY };
    } catch (error) {
      // The call is still shown, without this operator. Retried after a minute rather than with each notification.
      console.warn(`The number of extension ${id} is unknown:`, messageOf(error));
      return { value: { number: id }, ttlSeconds: 60 };
    }
  });
}

// ----------------------------------------------------------------------------------------------------- subscription

interface Subscription { id: string; expirationTime?: string; disabledFilters?: { filter?: string }[] | null }

const SESSIONS = '/restapi/v1.0/account/~/telephony/sessions';
/** A reminder, sent hourly from one day before the subscription expires until it is renewed. */
const REMINDER = `/restapi/v1.0/subscription/~?threshold=${DAY}&interval=3600`;
const TEN_YEARS = 315_360_000;

export async function VoipOnWebhookUpdated(webhookUrl: string): Promise<void> {
  await subscribe(webhookUrl);
}

/** RingCentral calls the address while this runs, and refuses one that does not answer as expected. */
async function subscribe(address: string): Promise<Subscription> {
  const before = await Namespace.storage.get<Subscription>(KEPT);
  const body = {
    eventFilters: [SESSIONS, REMINDER],
    deliveryMode: {
      transportType: 'WebHook', address, verificationToken: required('verificationToken', 'verification token'),
    },
    expiresIn: TEN_YEARS,
  };
  const made = await api<Subscription>('POST', '/restapi/v1.0/subscription', { body });
  await Namespace.storage.set(KEPT, { id: made.id, expirationTime: made.expirationTime });
  if (before) {
    await api('DELETE', subscriptionPath(before)).catch((error: unknown) => {
      console.warn('The previous subscription could not be cancelled:', messageOf(error));
    });
  }
  if (made.disabledFilters?.some(({ filter }) => filter?.includes('/telephony/sessions'))) {
    throw new Error('RingCentral does not report the account\'s calls to this user: create the JWT credential as an '
      + 'administrator, and give the app the permission Call Control.');
  }
  return made;
}

/** Our subscription and its expiry. */
const KEPT = 'subscription';

/** During its last day: triggered by RingCentral's reminder, or by the clock on any other notification. */
async function renewWhenDue(event: string | undefined): Promise<void> {
  const kept = await Namespace.storage.get<Subscription>(KEPT);
  const isReminder = String(event).includes('/subscription/');
  if (!kept || !(isReminder || Date.parse(kept.expirationTime ?? '') - Date.now() < DAY * 1000)) {
    return;
  }
  await Namespace.storage.remember('renewal', async () => {
    try {
      await renew(kept);
    } catch (error) {
      console.error('The subscription could not be renewed; trying again in an hour:', messageOf(error));
    }
    return { value: true, ttlSeconds: 3600 };
  });
}

async function renew(kept: Subscription): Promise<void> {
  const path = `${subscriptionPath(kept)}/renew`;
  const { id, expirationTime } = await api<Subscription>('POST', path, { timeout: 2000 });
  await Namespace.storage.set(KEPT, { id, expirationTime });
}

function subscriptionPath({ id }: Subscription): string {
  return `/restapi/v1.0/subscription/${encodeURIComponent(id)}`;
}

// -------------------------------------------------------------------------------------------------------------- API

const ACCOUNT = '/restapi/v1.0/account/~';

/** Also recreates the subscription, in case RingCentral has ended or disabled it. */
export async function VoipTestConnection(): Promise<VoipTestConnectionResult> {
  try {
    const { name, extensionNumber } = await api<ExtensionRecord>('GET', `${ACCOUNT}/extension/~`);
    const connected = `Connected as ${name ?? 'a user without a name'} (extension ${extensionNumber ?? 'unknown'}).`;
    if (!Namespace.webhookUrl) {
      return { success: true, message: `${connected} Notifications start once the module has its webhook URL.` };
    }
    const { expirationTime } = await subscribe(Namespace.webhookUrl);
    const until = String(expirationTime).slice(0, 10);
    return { success: true, message: `${connected} Notifications are on until ${until}.` };
  } catch (error) {
    return { success: false, message: messageOf(error) };
  }
}

export async function VoipGetMembers(): Promise<VoipMember[]> {
  const members: VoipMember[] = [];
  for (const { extensionNumber, name, type, contact } of await extensions()) {
    if (extensionNumber && !NOBODYS.includes(type ?? '')) {
      members.push({ id: extensionNumber, name: name || `Extension ${extensionNumber}`, email: contact?.email });
    }
  }
  return members;
}

const MOST_PAGES = 40;

async function extensions(): Promise<ExtensionRecord[]> {
  const all: ExtensionRecord[] = [];
  for (let page = 1, pages = 1; page <= pages && page <= MOST_PAGES; page++) {
    const path = `${ACCOUNT}/extension?status=Enabled&page=${page}&perPage=100`;
    const { records, paging } = await api<Page<ExtensionRecord>>('GET', path);
    all.push(...listed(records));
    pages = paging?.totalPages ?? 1;
  }
  return all;
}

interface Page<T> { records?: T[]; paging?: { totalPages?: number } }

function listed<T>(records: T[] | undefined): T[] {
  if (!Array.isArray(records)) {
    throw new Error(NOT_UNDERSTOOD);
  }
  return records;
}

/** RingOut: calls the operator's direct number, then the client. */
export async function VoipGenerateCall(srcPhone: string, dstPhone: string): Promise<void> {
  const to = dstPhone.replace(/[^\d+]/g, '');
  if (!to) {
    throw new Error(`"${dstPhone}" is not a phone number that can be called.`);
  }
  const path = `${ACCOUNT}/extension/${await extensionId(srcPhone)}/phone-number?usageType=DirectNumber`;
  const { records } = await api<Page<{ phoneNumber?: string }>>('GET', path);
  const from = listed(records)[0]?.phoneNumber;
  if (!from) {
    throw new Error(`Extension ${srcPhone} has no direct number, and RingOut needs one: assign one in the `
      + 'RingCentral admin portal.');
  }
  const body = { from: { phoneNumber: from }, to: { phoneNumber: to }, playPrompt: false };
  await api('POST', `${ACCOUNT}/extension/~/ring-out`, { body });
}

async function extensionId(number: string): Promise<string> {
  return Namespace.storage.remember<string>(`id of ${number}`, async () => {
    const found = (await extensions()).find(({ extensionNumber }) => extensionNumber === number);
    if (!found?.id) {
      throw new Error(`RingCentral has no extension ${number}: check which RingCentral user the operator is matched with in this module.`);
    }
    return { value: String(found.id), ttlSeconds: DAY };
  });
}

/** The audio requires the access token. */
export async function VoipGetCallLink(callData: { recording?: string }): Promise<VoipCallLink> {
  if (!callData.recording) {
    throw new Error('RingCentral has not reported a recording of this call.');
  }
  const path = `${ACCOUNT}/recording/${encodeURIComponent(callData.recording)}/content`;
  return { url: server() + path, headers: { authorization: `Bearer ${await accessToken()}` } };
}

// ----------------------------------------------------------------------------------------------------- call control

type Call = VoipCallContext;

interface SessionStatus { parties?: PartyStatus[] }
interface PartyStatus {
  id?: string; owner?: { extensionId?: string } | null; status?: { code?: string } | null; direction?: string;
}

/** The operator's current part of a call. */
interface Part { session: string; party: string; extensionId: string; rings: boolean; isCalled: boolean }

export async function VoipAcceptCall(_src: string, _dst: string, call: Call): Promise<void> {
  const part = await partOf(call);
  const path = `${ACCOUNT}/extension/${encodeURIComponent(part.extensionId)}/device`;
  const { records } = await api<Page<{ id?: string; status?: string; type?: string }>>('GET', path);
  const online = listed(records).filter(({ id, status }) => id && status === 'Online');
  const device = online.find(({ type }) => type === 'SoftPhone') ?? online[0]; // the app is where the operator clicks
  if (!device) {
    throw new Error('None of your phones or apps is signed in to RingCentral, so there is nothing to answer with.');
  }
  await api('POST', `${partyPath(part)}/answer`, { body: { deviceId: device.id } });
}

/** If the call has not been answered, only stops the ringing: RingCentral then continues by its rules. */
export async function VoipHangupCall(_src: string, _dst: string, call: Call): Promise<void> {
  const part = await partOf(call);
  if (part.rings && part.isCalled) {
    await api('POST', `${partyPath(part)}/reject`);
  } else {
    await api('DELETE', sessionPath(part.session)); // one party alone cannot be ended
  }
}

export async function VoipRedirectCall(_src: string, _dst: string, redirectTo: string, call: Call): Promise<void> {
  const part = await partOf(call);
  const action = part.rings ? 'forward' : 'transfer';
  await api('POST', `${partyPath(part)}/${action}`, { body: { extensionNumber: redirectTo } });
}

export async function VoipHoldCall(_src: string, _dst: string, hold: boolean, call: Call): Promise<void> {
  await api('POST', `${partyPath(await partOf(call))}/${hold ? 'hold' : 'unhold'}`);
}

export async function VoipMuteCall(_src: string, _dst: string, mute: boolean, call: Call): Promise<void> {
  await api('PATCH', partyPath(await partOf(call)), { body: { muted: mute } });
}

/** If the operator has several parts (phones), the one that is talking, otherwise one that is ringing. */
async function partOf(call: Call): Promise<Part> {
  if (!call.callId) {
    throw new Error('RingCentral has not reported the ID of this call, so it cannot be controlled.');
  }
  const { parties } = await api<SessionStatus>('GET', sessionPath(call.callId));
  const parts = listed(parties);
  const known = parts.find(({ id }) => id === call.legId)?.owner?.extensionId;
  const owner = String(known ?? await extensionId(call.operator.extension));
  const own = parts.filter((party) => String(party.owner?.extensionId) === owner);
  const talks = own.find(({ status }) => ['Answered', 'Hold', 'Parked'].includes(status?.code ?? ''));
  const part = talks ?? own.find(({ status }) => ['Setup', 'Proceeding'].includes(status?.code ?? ''));
  if (!part?.id) {
    throw new Error('You are no longer part of this call at RingCentral.');
  }
  return {
    session: call.callId, party: part.id, extensionId: owner,
    rings: !talks, isCalled: part.direction === 'Inbound',
  };
}

function sessionPath(session: string): string {
  return `${ACCOUNT}/telephony/sessions/${encodeURIComponent(session)}`;
}

function partyPath({ session, party }: Part): string {
  return `${sessionPath(session)}/parties/${encodeURIComponent(party)}`;
}

// --------------------------------------------------------------------------------------------------------- requests

function required(name: 'clientId' | 'clientSecret' | 'jwt' | 'verificationToken', label: string): string {
  const value = settings[name]?.trim();
  if (!value) {
    throw new Error(`The ${label} is not set: enter it in the module's settings.`);
  }
  return value;
}

function server(): string {
  return (settings.serverUrl || 'https://platform.ringcentral.com').replace(/\/+$/, '');
}

interface Options { body?: object; timeout?: number }

async function api<T = unknown>(method: string, path: string, options: Options = {}): Promise<T> {
  let response = await request(method, path, await accessToken(), options);
  if (response.status === 401) {
    await Namespace.storage.delete(tokenKey()); // ended early
    response = await request(method, path, await accessToken(), options);
  }
  return answerOf<T>(response);
}

function request(method: string, path: string, token: string, { body, timeout }: Options): Promise<Response> {
  const headers: Record<string, string> = { authorization: `Bearer ${token}`, accept: 'application/json' };
  if (body) {
    headers['content-type'] = 'application/json';
  }
  return send(server() + path, { method, headers, body: body && JSON.stringify(body) }, timeout);
}

/** Specific to these credentials: others must not reuse this token. */
function tokenKey(): string {
  return `token ${crypto.md5([server(), settings.clientId, settings.clientSecret, settings.jwt].join('\n'))}`;
}

async function accessToken(): Promise<string> {
  const id = required('clientId', 'client ID');
  const secret = required('clientSecret', 'client secret');
  const assertion = required('jwt', 'JWT credential');
  return Namespace.storage.remember<string>(tokenKey(), async () => {
    const body = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion });
    const headers = {
      'authorization': `Basic ${btoa(`${id}:${secret}`)}`, 'content-type': 'application/x-www-form-urlencoded',
      'accept': 'application/json',
    };
    const response = await send(`${server()}/restapi/oauth/token`, { method: 'POST', headers, body }, 2000);
    if (response.status === 400 || response.status === 401) {
      throw new Error('RingCentral did not accept the client ID, the client secret or the JWT credential: check them '
        + `in the module's settings.${says(await refusalIn(response))}`);
    }
    const { access_token, expires_in } = await answerOf<{ access_token?: string; expires_in?: number }>(response);
    if (!access_token) {
      throw new Error(NOT_UNDERSTOOD);
    }
    return { value: access_token, ttlSeconds: Math.max((expires_in ?? 3600) - 120, 60) };
  });
}

async function send(url: string, init: RequestInit, timeout = 8000): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(timeout) });
  } catch (error) {
    console.warn('RingCentral could not be reached:', messageOf(error));
    throw new Error('RingCentral could not be reached: try again later, and check the server in the settings.');
  }
}

async function answerOf<T>(response: Response): Promise<T> {
  if (!response.ok) {
    throw new Error(await problem(response));
  }
  const text = await response.text();
  try {
    const answer: unknown = text === '' ? {} : JSON.parse(text);
    if (typeof answer === 'object' && answer !== null) {
      return answer as T;
    }
  } catch {
    // reported below
  }
  throw new Error(NOT_UNDERSTOOD);
}

const NOT_UNDERSTOOD =
  'RingCentral sent an answer that could not be understood: try again later, and check the server in the settings.';

interface Refusal { errorCode?: unknown; message?: unknown; error_description?: unknown }

async function refusalIn(response: Response): Promise<Refusal> {
  const answer: unknown = await response.json().catch(() => undefined);
  return typeof answer === 'object' && answer !== null ? answer : {};
}

/** RingCentral's own message, as a sentence to append. */
function says({ message, error_description }: Refusal): string {
  const text = message ?? error_description;
  return typeof text === 'string' && text ? ` It said: ${/[.!?]$/.test(text) ? text : `${text}.`}` : '';
}

async function problem(response: Response): Promise<string> {
  const refusal = await refusalIn(response);
  return sentence(response.status, refusal.errorCode) + says(refusal);
}

function sentence(status: number, code: unknown): string {
  if (code === 'SUB-524' || code === 'SUB-525') {
    return 'RingCentral called the webhook URL and did not get the expected answer: the server\'s public URL must be reachable '
      + 'from the internet over https, with a certificate that RingCentral accepts.';
  }
  switch (status) {
    case 401: return 'RingCentral did not accept the access token: check the credentials in the module\'s settings.';
    case 403: return 'RingCentral does not allow this: check the permissions of the app, and that the JWT credential '
      + 'is an administrator\'s.';
    case 404: return 'RingCentral could not find what was requested; the call may already be over.';
    case 409: return 'The call is no longer in a state in which RingCentral can do this.';
    case 429: return 'Too many requests to RingCentral: try again in a minute.';
    default: return status >= 500
      ? `RingCentral's API is not working at the moment (status ${status}): try again later.`
      : `RingCentral refused the request (status ${status}).`;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
