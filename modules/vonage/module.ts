// Vonage Voice API: its webhooks and its API, version 1.
//
// The reference for both is https://developer.vonage.com/en/voice/voice-api/overview. Comments here cover only what is
// not documented there, and the reasons.
//
// A call is one or more legs (`uuid`) in a conversation (`conversation_uuid`). Legs may move to another conversation, and
// events arrive in any order, so what is known about a call is kept in storage, under the conversation it started in.

interface Settings {
  applicationId?: string; privateKey?: string; signatureSecret?: string; callerNumber?: string; apiKey?: string;
  apiSecret?: string; replaceWebhook?: boolean; voiceFlow?: boolean; ring?: string; ringSeconds?: number; record?: boolean;
  holdMusicUrl?: string; apiUrl?: string;
}

/** Values pasted into settings may have surrounding blanks. */
const settings = Object.fromEntries(Object.entries(Namespace.params.data)
  .map(([name, value]) => [name, typeof value === 'string' ? value.trim() : value])) as Settings;

// --------------------------------------------------------------------------------------------------------- webhooks

/** The fields of an event. None is present in every event. */
interface Hook {
  status?: string; type?: string; uuid?: string; call_uuid?: string; conversation_uuid?: string; timestamp?: string;
  from?: string; from_user?: string; to?: string; direction?: string; detail?: string; disconnected_by?: string;
  conversation_uuid_from?: string; conversation_uuid_to?: string;
  recording_url?: string; recording_uuid?: string; region_url?: string; reason?: unknown;
}

export async function VoipParseWebhookRequest(request: FetchRequest): Promise<VoipWebhookParseResult> {
  const refusal = await refusalOf(request);
  if (refusal) {
    console.warn(refusal);
    return { response: new HttpResponse().status(401).json({ error: refusal }) };
  }
  const hook = hookOf(request);
  if (request.path === FLOW_PATH) {
    return answerRequest(hook);
  }
  const place = await placeOf(request.path);
  if (hook.recording_url) {
    return recorded(hook, place);
  }
  if (hook.type === 'transfer') {
    return transferred(hook, place);
  }
  if (hook.reason && !hook.status) {
    console.warn('Vonage reports an error:', hook.reason);
  }
  return reported(hook, place);
}

interface Claims { payload_hash?: unknown; application_id?: unknown; iat?: unknown }

/** Generous, to allow for wrong clocks and resent events. */
const TOKEN_AGE_SECONDS = 6 * 3600;

/** Why a request is refused; undefined if it is an unaltered request from Vonage. */
async function refusalOf({ method, path, headers, body, rawBody }: FetchRequest): Promise<string | undefined> {
  const secret = required('signatureSecret', 'signature secret');
  const [, token] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? [];
  if (!token) {
    return 'The signature is missing: turn on signed webhooks for the application.';
  }
  const claims = await Jwt.verify<Claims>(token, secret, { algorithms: ['HS256'] }).catch(() => undefined);
  if (!claims) {
    return 'The signature is wrong: check the signature secret in the module\'s settings.';
  }
  const { payload_hash, application_id, iat } = claims;
  if (application_id && application_id !== required('applicationId', 'application ID')) {
    return 'The webhook belongs to another application: check the application ID in the module\'s settings.';
  }
  if (typeof iat !== 'number' || Math.abs(Date.now() / 1000 - iat) > TOKEN_AGE_SECONDS) {
    return 'The signature is too old, or the server\'s clock is wrong.';
  }
  if (method === 'GET') { // the token does not cover the query: it may tell what happens on a call, but never make one
    return settings.voiceFlow || path !== '' ? 'With GET the fields are not signed: set the application\'s webhooks to POST.' : undefined;
  }
  const isWhole = typeof payload_hash === 'string' && payload_hash.toLowerCase() === await sha256(rawBody ?? body ?? '');
  return isWhole ? undefined : 'The body does not match its signature.';
}

async function sha256(data: string | ArrayBuffer): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', typeof data === 'string' ? new TextEncoder().encode(data) : data);
  return new Uint8Array(digest).toHex();
}

/** JSON in the body, or the query if the application is set to GET. */
function hookOf({ method, query, body }: FetchRequest): Hook {
  const fields = method === 'GET' ? query : objectOf(parsed(typeof body === 'string' ? body : ''));
  const texts = Object.entries(fields).filter(([, value]) => typeof value === 'string' && value !== '');
  return { ...Object.fromEntries(texts), reason: fields.reason };
}

async function reported(hook: Hook, place: Place | undefined): Promise<VoipWebhookParseResult> {
  const kind = KINDS[hook.status ?? ''];
  const uuid = hook.uuid ?? hook.call_uuid;
  const began = place?.call ?? hook.conversation_uuid;
  if (!kind || !uuid || !began || /^wss?:/i.test(hook.to ?? '')) {
    return {}; // not about a call, or about a program that listens to it
  }
  const known = await remember(began, { ...hook, uuid }, { kind, ...factOf(hook) }, place?.tag);
  return { ...newsOf(kind, hook, known), response: await steer(kind, known.id, known.session, known.leg) };
}

/** The leg has moved: everything in its new conversation belongs to the same call. */
async function transferred(hook: Hook, place: Place | undefined): Promise<VoipWebhookParseResult> {
  const { uuid, conversation_uuid_from: from, conversation_uuid_to: to } = hook;
  if (!uuid || !from || !to) {
    return {};
  }
  const add = (others: string[] = []): string[] => [...new Set([...others, from, to])];
  await Namespace.storage.update(`moves ${uuid}`, add, KEEP);
  const fact: Fact = { kind: 'moved', ...factOf(hook) };
  return newsOf('moved', hook, await remember(place?.call ?? from, { uuid }, fact, place?.tag));
}

/** The call events of an event and of those before it. The server ignores repetitions. */
function newsOf(kind: FactKind, hook: Hook, { id, session, leg, adopted }: Remembered): VoipWebhookParseResult {
  const call = adopted.find(({ recording }) => recording)?.recording;
  const callRecord = call && { callId: id, call };
  if (kind === 'ringing' || kind === 'answered' || leg.facts.length === 1 || adopted.length > 0) {
    return { events: allEvents(session, id), callRecord };
  }
  const isNews = (fact: Fact): boolean => fact.kind === kind && fact.at === momentOf(hook);
  return { events: eventsOf(session, leg, leg.facts.filter(isNews), id) };
}

/** A recording names only the conversation it was made in. */
async function recorded(hook: Hook, place: Place | undefined): Promise<VoipWebhookParseResult> {
  const { recording_url, recording_uuid, conversation_uuid } = hook;
  const began = place?.call ?? conversation_uuid;
  if (!began) {
    return {};
  }
  const call = { recording_url, recording_uuid };
  const id = await inCall(began, undefined, async (kept) => {
    await change(kept, (session) => ({ ...session, recording: call }));
  });
  return { callRecord: { callId: id, call } };
}

// ------------------------------------------------------------------------------------------------------------ calls

type FactKind = 'ringing' | 'answered' | 'moved' | 'machine' | 'ended';
interface Fact { kind: FactKind; at?: string; status?: string; detail?: string; by?: string; isHold?: boolean }

interface Leg { id: string; direction?: 'in' | 'out'; from?: string; to?: string; tag?: Tag; facts: Fact[] }

interface Session {
  legs: Leg[];
  /** Whether the client is in a conference of this module. */
  flow?: boolean;
  /** The leg of the operator who took an incoming call. */
  taken?: string;
  /** Whether the client waits outside the conference. */
  held?: boolean;
  /** The API address for this call's commands. */
  region?: string;
  recording?: { recording_url?: string; recording_uuid?: string };
  /** Completed steps, and the script run that did each. */
  done?: Record<string, string>;
}

const KINDS: Record<string, FactKind | undefined> = {
  started: 'ringing', ringing: 'ringing', answered: 'answered', machine: 'machine', completed: 'ended', busy: 'ended',
  cancelled: 'ended', timeout: 'ended', unanswered: 'ended', rejected: 'ended', failed: 'ended',
};

function factOf(hook: Hook): Omit<Fact, 'kind'> {
  return { at: momentOf(hook), status: hook.status, detail: hook.detail, by: hook.disconnected_by };
}

function momentOf({ timestamp = '' }: Hook): string | undefined {
  return /(Z|[+-]\d\d:?\d\d)$/i.test(timestamp) ? timestamp : undefined;
}

interface Remembered {
  id: string; session: Session; leg: Leg;
  /** Conversations that turned out to belong to this call, with what was known about them. */
  adopted: Session[];
}

/** Stores an event's data with the call it belongs to. */
async function remember(began: string, hook: Hook & { uuid: string }, fact: Fact, tag: Tag | undefined): Promise<Remembered> {
  const adopted: Session[] = [];
  const id = await inCall(began, hook.uuid, async (kept) => {
    if (isOrigin(fact)) {
      await Namespace.storage.set(`leg ${hook.uuid}`, kept, KEEP);
    }
    await change(kept, (known) => withFact(known, hook, fact, tag));
    adopted.push(...await adoptMoves(hook.uuid));
  });
  const session = await change(id, (known) => withFact(known, hook, fact, tag));
  return { id, session, leg: session.legs.find((leg) => leg.id === hook.uuid) ?? { id: hook.uuid, facts: [] }, adopted };
}

const MOST_ATTEMPTS = 5;

/** Updates a call, retrying if its conversation has meanwhile turned out to belong to another call. */
async function inCall(began: string, leg: string | undefined, keep: (id: string) => Promise<void>): Promise<string> {
  let id = await callOf(began, leg);
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
    await keep(id);
    const now = await callOf(began, leg);
    if (now === id) {
      break;
    }
    id = now;
  }
  return id;
}

/** A leg rings and is answered where it started; later it may be elsewhere. */
function isOrigin({ kind }: Fact): boolean {
  return kind === 'ringing' || kind === 'answered';
}

function withFact(session: Session, hook: Hook & { uuid: string }, told: Fact, tag: Tag | undefined): Session {
  const leg = session.legs.find(({ id }) => id === hook.uuid) ?? { id: hook.uuid, facts: [] };
  const fact = told.kind === 'moved' ? { ...told, isHold: session.held } : told;
  const isKnown = leg.facts.some(({ kind, at }) => kind === fact.kind && at === fact.at);
  return withLegs(session, [{
    ...leg,
    direction: DIRECTIONS[hook.direction ?? ''] ?? leg.direction,
    from: hook.from_user ?? hook.from ?? leg.from,
    to: hook.to ?? leg.to,
    tag: tag ?? leg.tag,
    facts: isKnown ? leg.facts : [...leg.facts, fact],
  }]);
}

const DIRECTIONS: Record<string, Leg['direction']> = { inbound: 'in', outbound: 'out' };

function withLegs(session: Session, legs: Leg[]): Session {
  const others = session.legs.filter(({ id }) => legs.every((leg) => leg.id !== id));
  return { ...session, legs: [...others, ...legs].sort((one, other) => (one.id < other.id ? -1 : 1)) };
}

/** Calls end within a day. */
const KEEP = { ttlSeconds: 24 * 3600 };

async function change(id: string, how: (session: Session) => Session): Promise<Session> {
  const update = (session: Session = { legs: [] }): Session => how(session);
  return await Namespace.storage.update(`call ${id}`, update, KEEP) ?? { legs: [] };
}

const MOST_MOVES = 8;

/** The call that a leg or conversation belongs to. */
async function callOf(conversation: string, leg?: string): Promise<string> {
  let id = (leg && await Namespace.storage.get<string>(`leg ${leg}`)) ?? conversation;
  for (let moves = 0; moves < MOST_MOVES; moves += 1) {
    const next = await Namespace.storage.get<string>(`conversation ${id}`);
    if (!next) {
      break;
    }
    id = next;
  }
  return id;
}

/** Once a leg's first conversation is known, its later ones belong to the same call. */
async function adoptMoves(leg: string): Promise<Session[]> {
  const moves = await Namespace.storage.get<string[]>(`moves ${leg}`) ?? [];
  const origin = moves.length > 0 ? await Namespace.storage.get<string>(`leg ${leg}`) : undefined;
  const adopted: Session[] = [];
  for (const conversation of origin ? moves : []) {
    const session = await adopt(conversation, await callOf(origin ?? conversation));
    adopted.push(...session ? [session] : []);
  }
  return adopted;
}

/** Merges a conversation and its data into a call, unless another call started in it. */
async function adopt(conversation: string, id: string): Promise<Session | undefined> {
  const other = await callOf(conversation);
  const early = await Namespace.storage.get<Session>(`call ${other}`);
  if (other === id || rootOf(early?.legs ?? [])) {
    return undefined;
  }
  await Namespace.storage.set(`conversation ${other}`, id, KEEP);
  const waiting = await Namespace.storage.get<Session>(`call ${other}`);
  if (waiting) {
    await change(id, (session) => withLegs(session, waiting.legs.map((leg) => merged(leg, session))));
  }
  return waiting;
}

function merged(leg: Leg, { legs }: Session): Leg {
  const known = legs.find(({ id }) => id === leg.id);
  const isNew = (fact: Fact): boolean => !known?.facts.some(({ kind, at }) => kind === fact.kind && at === fact.at);
  return { ...leg, ...known, facts: [...known?.facts ?? [], ...leg.facts.filter(isNew)] };
}

// ------------------------------------------------------------------------------------------------------------- legs

type Role = 'client' | 'operator';

/** What this module knows about the legs it creates; encoded in their event addresses. */
interface Tag {
  role: Role; member?: string;
  /** The number to call once the operator has picked up. */
  dial?: string;
  /** Joins the client immediately instead of competing for the call. */
  joins?: boolean;
  /** The operator who transferred the call. */
  redirectedBy?: string;
}

interface Place { call: string; tag?: Tag }

const FLOW_PATH = '/flow';

/** The webhook URL with a suffix before its query. */
function address(suffix: string): string {
  const [url, query] = (Namespace.webhookUrl ?? '').split('?');
  return `${url}${suffix}${query === undefined ? '' : `?${query}`}`;
}

/** Vonage signs an event's body but not its address, so the address ends with this module's own signature. */
async function eventAddress(call: string, tag?: Tag): Promise<string> {
  const text = tag ? new TextEncoder().encode(JSON.stringify(tag)).toBase64({ alphabet: 'base64url', omitPadding: true }) : '';
  const path = `/call/${encodeURIComponent(call)}${text && `/${text}`}`;
  return address(`${path}/${await pathSignature(path)}`);
}

async function pathSignature(path: string): Promise<string> {
  const signature = await crypto.hmac('SHA-256', required('signatureSecret', 'signature secret'), path);
  return signature.toBase64({ alphabet: 'base64url', omitPadding: true });
}

/** Undefined if this module did not create the address; the event is then attributed by its body. */
async function placeOf(path: string): Promise<Place | undefined> {
  const [, signed, call, text, signature] = /^(\/call\/([^/]+)(?:\/([\w-]+))?)\/([\w-]+)$/.exec(path) ?? [];
  if (!signed || !call || !crypto.timingSafeEqual(signature, await pathSignature(signed))) {
    return undefined;
  }
  const bytes = Uint8Array.fromBase64(text ?? '', { alphabet: 'base64url' });
  return { call: decodeURIComponent(call), tag: parsed(new TextDecoder().decode(bytes)) as Tag | undefined };
}

/** The other party of a leg; undefined while unknown. */
function roleOf({ legs }: Session, leg: Leg): Role | undefined {
  const root = rootOf(legs);
  if (leg.tag) {
    return leg.tag.role;
  }
  if (leg.direction === 'in') {
    return isOperators(leg.from) ? 'operator' : 'client';
  }
  if (isOperators(leg.to)) {
    return 'operator';
  }
  if (leg.direction !== 'out') {
    return undefined;
  }
  if (root) {
    return isOperators(root.from) ? 'client' : 'operator'; // here: an operator's mobile
  }
  return legs.some((other) => other.tag?.dial ?? isBefore(other, leg)) ? 'client' : undefined;
}

/** Whether an operator had picked up before that leg started, in which case it was started for the operator. */
function isBefore(operator: Leg, leg: Leg): boolean {
  return isOperators(operator.to) && timeOf(operator, 'answered') <= timeOf(leg, 'ringing');
}

function timeOf(leg: Leg, kind: FactKind): number {
  return Date.parse(leg.facts.find((fact) => fact.kind === kind)?.at ?? '');
}

/** The leg that came from outside or from an operator's telephone. */
function rootOf(legs: Leg[]): Leg | undefined {
  return legs.find(({ direction, facts }) => direction === 'in' && facts.some(isOrigin));
}

/** The application's users and SIP telephones are operators; numbers are clients, unless called on behalf of one. */
function isOperators(end: string | undefined): boolean {
  const name = nameOf(end);
  return name !== '' && !/^\+?\d{7,15}$/.test(name) && !/^(anonymous|private|restricted|unavailable|unknown)(@|$)/i.test(name);
}

/** The bare SIP address, or the number if its user is one. */
function nameOf(end = ''): string {
  const [, user = '', host = ''] = /^(?:.*<)?sips?:([^@<>;]+)@([^;>:]+)/i.exec(end.trim()) ?? [];
  return /^\+?\d{7,15}$/.test(user) ? user : user ? `${user}@${host}` : end.trim();
}

/** The member id of a leg's operator. */
function memberOf({ direction, tag, from, to }: Leg): string {
  return tag?.member ?? nameOf(direction === 'in' ? from : to);
}

/** The call's direction; undefined while unknown. */
function directionOf(session: Session): VoipCallDirection | undefined {
  const root = rootOf(session.legs);
  if (root && isOperators(root.from)) {
    return isOperators(root.to) ? VoipCallDirection.Internal : VoipCallDirection.Out;
  }
  if (root) {
    return VoipCallDirection.In;
  }
  const callsOut = (leg: Leg): boolean =>
    leg.tag?.dial !== undefined || (leg.direction === 'out' && roleOf(session, leg) !== 'operator');
  const isLate = session.legs.some(({ direction }) => direction === 'in'); // how it began is still to be told
  return !isLate && session.legs.some(callsOut) ? VoipCallDirection.Out : undefined;
}

/** The operator's leg of a call made by an operator. */
function callerOf({ legs }: Session): Leg | undefined {
  const root = rootOf(legs);
  if (root) {
    return isOperators(root.from) ? root : undefined;
  }
  return legs.find((leg) => leg.tag?.dial ?? legs.some((other) => isBefore(leg, other)));
}

function hasEnded(leg: Leg): boolean {
  return leg.facts.some(({ kind }) => kind === 'ended');
}

function isAnswered(leg: Leg): boolean {
  return leg.facts.some(({ kind }) => kind === 'answered');
}

// ----------------------------------------------------------------------------------------------------------- events

function allEvents(session: Session, callId: string): VoipWebhookRequest[] {
  return session.legs.flatMap((leg) => eventsOf(session, leg, leg.facts, callId));
}

function eventsOf(session: Session, leg: Leg, facts: Fact[], callId: string): VoipWebhookRequest[] {
  return facts.flatMap((fact) => eventsOfFact(session, leg, fact).map((event) => ({ callId, ...event })));
}

type Event = Omit<VoipWebhookRequest, 'callId'>;

function eventsOfFact(session: Session, leg: Leg, fact: Fact): Event[] {
  const role = roleOf(session, leg);
  const occurredAt = fact.at;
  const legId = leg.id;
  const numbers = numbersOf(session, leg);
  switch (fact.kind) {
    case 'ringing':
      return [{ event: VoipWebhookEvent.NotifyStart, ...numbers, legId, occurredAt }, ...redirectOf(leg, occurredAt)];
    case 'answered':
      return answerOf(session, leg, occurredAt);
    case 'moved': {
      const event = fact.isHold ? VoipWebhookEvent.NotifyHold : VoipWebhookEvent.NotifyUnhold;
      return session.flow && role === 'client' ? [{ event, legId, occurredAt }] : [];
    }
    case 'machine':
      return role === 'operator' || leg.direction === 'in' ? []
        : [{ event: VoipWebhookEvent.NotifyAnswer, disposition: VoipCallDisposition.Voicemail, legId, occurredAt }];
    case 'ended': {
      // The call ends when a client in it has hung up, otherwise with the last leg.
      const end = role === 'client' && (leg.direction === 'in' || isAnswered(leg)) ? {} : { legId };
      const disposition = dispositionOf(leg, fact);
      const over = { event: VoipWebhookEvent.NotifyEnd, disposition, ...numbers, ...end, occurredAt };
      return [...announcementOf(session, leg), ...soleTalk(session, leg), over];
    }
  }
}

/** Every event names the parties, because not every status is sent. */
function numbersOf(session: Session, leg: Leg): Partial<Event> {
  const role = roleOf(session, leg);
  const member = role === 'operator' ? memberOf(leg) : undefined;
  const direction = directionOf(session);
  const root = rootOf(session.legs);
  const caller = callerOf(session);
  if (direction === VoipCallDirection.In && root) {
    return { direction, srcPhone: numberOf(root.from), dstPhone: numberOf(root.to), srcPhoneExt: member };
  }
  if (direction === VoipCallDirection.Out) {
    const client = role === 'operator' ? session.legs.find((other) => roleOf(session, other) === 'client') : leg;
    const called = caller?.tag?.dial ?? (caller?.direction === 'in' ? caller.to : client?.to);
    const line = [client?.from, caller?.from].map(numberOf).find((number) => number.startsWith('+'));
    return { direction, srcPhone: member ?? line ?? numberOf(leg.from), dstPhone: numberOf(called), line };
  }
  if (direction === VoipCallDirection.Internal && caller) {
    return { direction, srcPhone: memberOf(caller), dstPhone: leg === caller ? nameOf(leg.to) : member };
  }
  return { srcPhoneExt: member, dstPhoneExt: member }; // an operator's telephone; whose call it is will be told
}

/** Numbers have a country code but no plus. Withheld ones are words or missing. */
function numberOf(end: string | undefined): string {
  const name = nameOf(end);
  return /^[1-9]\d{6,14}$/.test(name) ? `+${name}` : name || 'anonymous';
}

function redirectOf({ tag }: Leg, occurredAt: string | undefined): Event[] {
  const from = tag?.redirectedBy;
  return from
    ? [{ event: VoipWebhookEvent.NotifyRedirect, srcPhoneExt: from, dstPhoneExt: from, redirectTo: tag.member, occurredAt }]
    : [];
}

/** The inbound leg is answered as soon as the call flow runs. If nobody else answered, a menu, queue or message did. */
function announcementOf(session: Session, leg: Leg): Event[] {
  const answer = leg.facts.find(({ kind }) => kind === 'answered');
  const isTaken = session.legs.some((other) => other !== leg && isAnswered(other));
  const rangBefore = session.legs.some((other) => other !== leg && timeOf(other, 'ringing') <= timeOf(leg, 'answered'));
  return answer && !session.flow && leg.direction === 'in' && roleOf(session, leg) === 'client' && !isTaken && !rangBefore
    ? [{ event: VoipWebhookEvent.NotifyAnswer, legId: leg.id, occurredAt: answer.at }] : [];
}

/** The called party has picked up. It is reported on the operator's leg. */
function answerOf(session: Session, leg: Leg, occurredAt: string | undefined): Event[] {
  const caller = callerOf(session);
  const role = roleOf(session, leg);
  const isTold = role !== undefined && (caller ?? rootOf(session.legs)) !== undefined;
  const talker = role === 'client' && directionOf(session) === VoipCallDirection.Out ? caller : leg;
  if (!talker || leg === caller || leg.direction !== 'out' || !isTold) {
    return []; // an operator's own telephone, or who called whom is still to be told
  }
  return [{ event: VoipWebhookEvent.NotifyAnswer, ...numbersOf(session, talker), legId: talker.id, occurredAt }];
}

/** A single-leg call made by an application. */
function soleTalk({ legs }: Session, leg: Leg): Event[] {
  const answer = leg.facts.find(({ kind }) => kind === 'answered');
  const isMachine = leg.facts.some(({ kind }) => kind === 'machine');
  return legs.length === 1 && leg.direction === 'out' && !leg.tag && !isOperators(leg.to) && !isMachine && answer
    ? [{ event: VoipWebhookEvent.NotifyAnswer, legId: leg.id, occurredAt: answer.at }] : [];
}

/** The meaning of a leg's end if nobody talked; ignored for answered calls. */
function dispositionOf(leg: Leg, { status = '', detail = '', by }: Fact): VoipCallDisposition {
  if (status === 'completed') {
    const isClients = leg.direction === 'in' && !isOperators(leg.from);
    return isClients && by === 'user' ? VoipCallDisposition.Cancelled : VoipCallDisposition.Unknown;
  }
  if (status === 'rejected') {
    return /^(invalid_number|restricted)$/.test(detail) ? VoipCallDisposition.Failed : VoipCallDisposition.Busy;
  }
  return DISPOSITIONS[status] ?? VoipCallDisposition.Unknown;
}

const DISPOSITIONS: Record<string, VoipCallDisposition | undefined> = {
  busy: VoipCallDisposition.Busy,
  cancelled: VoipCallDisposition.Cancelled,
  timeout: VoipCallDisposition.NoAnswer,
  unanswered: VoipCallDisposition.NoAnswer,
  failed: VoipCallDisposition.Failed,
};

// ------------------------------------------------------------------------------------------------------- voice flow

// A call answered or made by this module is a named conversation of the client and the operators. Each step is triggered
// by an event; a failing step is answered with 503, so that Vonage resends the event.

/** Instructions for an incoming call: the client waits in the conversation while the operators' phones ring. */
async function answerRequest(hook: Hook): Promise<VoipWebhookParseResult> {
  const { uuid, conversation_uuid: id, region_url } = hook;
  if (!settings.voiceFlow || !uuid || !id) {
    const error = 'Hookswitch does not answer calls: turn this on in the settings, or give the application another answer URL.';
    return { response: new HttpResponse().status(404).json({ error }) };
  }
  const region = isVonage(region_url) ? region_url : undefined;
  await change(id, (known) => ({ ...known, flow: true, region }));
  const flow = isOperators(hook.from_user ?? hook.from) ? await talk(id, settings.record) : waiting(id);
  return { response: new HttpResponse().json(flow) };
}

/** Vonage allows three new calls a second. */
const DIAL_PAUSE_MILLISECONDS = 350;
const DIALS_AT_ONCE = 3;

async function ring(id: string, session: Session, client: Leg): Promise<void> {
  const failures: unknown[] = [];
  const members = await ringing();
  for (const [index, member] of members.entries()) {
    if (index >= DIALS_AT_ONCE) {
      await new Promise<void>((resolve) => setTimeout(resolve, DIAL_PAUSE_MILLISECONDS));
    }
    const dialled = dial(id, session, member, nameOf(client.to), { role: 'operator', member });
    await dialled.catch((error: unknown) => failures.push(error));
  }
  failures.forEach((failure) => console.warn('An operator was not rung:', failure));
  if (failures.length === members.length) {
    throw new Error('Nobody was rung: check "Who rings" in the module\'s settings.');
  }
}

/** A call from an operator's telephone to a client or a colleague. */
async function dialOut(id: string, session: Session, member: string, number: string): Promise<void> {
  const tag: Tag = isOperators(number) ? { role: 'operator', member: nameOf(number), joins: true } : { role: 'client', member };
  await dial(id, session, number, required('callerNumber', 'number to call from'), tag);
}

async function ringing(): Promise<string[]> {
  const named = namedMembers();
  return named.length > 0 ? named : (await VoipGetMembers()).map((member) => member.id);
}

async function steer(kind: FactKind, id: string, session: Session, leg: Leg): Promise<HttpResponse | undefined> {
  if (!session.flow && !leg.tag?.dial) {
    return undefined; // the customer's own flow
  }
  const isOperator = roleOf(session, leg) === 'operator';
  if (kind === 'answered' && !hasEnded(leg)) {
    const answered = isOperator ? operatorAnswered : clientAnswered;
    return steadily(id, `answered ${leg.id}`, () => answered(id, session, leg));
  }
  if (kind === 'ended') {
    return steadily(id, `ended ${leg.id}`, () => (isOperator ? operatorHungUp(id, session) : hangUp(session, session.legs)));
  }
  return undefined;
}

async function steadily(id: string, what: string, action: () => Promise<void>): Promise<HttpResponse | undefined> {
  try {
    await once(id, what, action);
    return undefined;
  } catch (error) {
    console.error('The call could not be controlled:', error);
    return new HttpResponse().status(503).json({ error: 'Vonage refused a command: see the module\'s log.' });
  }
}

/** Events may arrive twice, even simultaneously; failed steps may be retried. */
async function once(id: string, what: string, action: () => Promise<void>): Promise<void> {
  const mine = crypto.randomUUID();
  const { done = {} } = await change(id, (session) => ({ ...session, done: { [what]: mine, ...session.done } }));
  if (done[what] !== mine) {
    return;
  }
  try {
    await action();
  } catch (error) {
    await change(id, (session) => {
      const { [what]: _failed, ...others } = session.done ?? {};
      return { ...session, done: others };
    });
    throw error;
  }
}

/** A called client is already in the conversation. */
async function clientAnswered(id: string, session: Session, client: Leg): Promise<void> {
  await (client.direction === 'in' ? ring(id, session, client) : undefined);
}

async function operatorAnswered(id: string, known: Session, leg: Leg): Promise<void> {
  if (leg.direction === 'in') {
    return dialOut(id, known, memberOf(leg), leg.to ?? '');
  }
  if (leg.tag?.dial) {
    const called = await change(id, (before) => ({ ...before, flow: true }));
    return dialOut(id, called, memberOf(leg), leg.tag.dial);
  }
  if (leg.tag?.joins) {
    return leg.tag.redirectedBy ? resume(id) : undefined;
  }
  const session = await change(id, (before) => {
    const holder = before.legs.find((other) => other.id === before.taken);
    return { ...before, taken: holder && !hasEnded(holder) ? before.taken : leg.id };
  });
  if (session.taken !== leg.id || !clientOf(session)) {
    return command(session, leg, { action: 'hangup' }); // somebody else was faster, or the client is gone
  }
  await hangUp(session, session.legs.filter((other) => roleOf(session, other) === 'operator' && other.id !== leg.id));
}

/** When the last operator leaves, the client's leg ends too; a remaining colleague gets the client. */
async function operatorHungUp(id: string, session: Session): Promise<void> {
  const client = clientOf(session);
  const others = session.legs.filter((leg) => roleOf(session, leg) === 'operator' && !hasEnded(leg));
  if (!client) {
    return others.length === 1 ? hangUp(session, others) : undefined; // two operators talked
  }
  if (others.length === 0) {
    return hangUp(session, [client]);
  }
  return session.held && others.some(isAnswered) ? resume(id) : undefined;
}

function clientOf(session: Session): Leg | undefined {
  return session.legs.find((leg) => roleOf(session, leg) === 'client' && !hasEnded(leg));
}

async function hangUp(session: Session, legs: Leg[]): Promise<void> {
  for (const leg of legs.filter((each) => !hasEnded(each))) {
    const over = (error: unknown): void => console.warn('A leg could not be ended:', error); // may be over
    await command(session, leg, { action: 'hangup' }).catch(over);
  }
}

/**
 * Moves the client out of the conversation to wait alone. Muting and earmuffing the client's leg would work too, but
 * Vonage does not report that, whereas it reports a move.
 */
async function hold(id: string, client: Leg): Promise<void> {
  const session = await change(id, (known) => ({ ...known, held: true })); // before Vonage reports it
  await move(session, client, waiting(`${id}-hold`)).catch(async (error: unknown) => {
    await change(id, (known) => ({ ...known, held: false }));
    throw error;
  });
}

async function resume(id: string): Promise<void> {
  const session = await change(id, (known) => ({ ...known, held: false }));
  const client = clientOf(session);
  if (client) {
    await move(session, client, await talk(id));
  }
}

async function move(session: Session, leg: Leg, ncco: object[]): Promise<void> {
  await command(session, leg, { action: 'transfer', destination: { type: 'ncco', ncco } });
}

async function talk(id: string, record = false): Promise<object[]> {
  const recording = record ? { record: true, eventUrl: [await eventAddress(id)] } : {};
  return [{ action: 'conversation', name: conversation(id), endOnExit: false, ...recording }];
}

/** Alone, with music, until somebody joins who starts the conversation. */
function waiting(id: string): object[] {
  const music = settings.holdMusicUrl ? { musicOnHoldUrl: [settings.holdMusicUrl] } : {};
  return [{ action: 'conversation', name: conversation(id), startOnEnter: false, endOnExit: false, ...music }];
}

function conversation(id: string): string {
  return `hookswitch-${id}`;
}

async function command(session: Session, leg: Leg, body: object): Promise<void> {
  await api('PUT', `/v1/calls/${encodeURIComponent(leg.id)}`, body, session.region);
}

async function dial(id: string, session: Session, whom: string, from: string, tag: Tag): Promise<void> {
  await api('POST', '/v1/calls', {
    to: [endpointOf(whom)], from: { type: 'phone', number: digitsOf(from) },
    ncco: await talk(id, settings.record && tag.role === 'operator' && !tag.joins), // recorded once, not for each who joins
    event_url: [await eventAddress(id, tag)], event_method: 'POST', ringing_timer: ringSeconds(),
  }, session.region);
}

function ringSeconds(): number {
  return Math.min(Math.max(Math.round(settings.ringSeconds ?? 30), 5), 120);
}

function endpointOf(member: string): object {
  if (/^\+?\d{7,15}$/.test(member)) {
    return { type: 'phone', number: digitsOf(member) };
  }
  return member.includes('@') ? { type: 'sip', uri: `sip:${nameOf(member)}` } : { type: 'app', user: member };
}

function digitsOf(number: string): string {
  return number.replaceAll(/\D/g, '');
}

// --------------------------------------------------------------------------------------------------------- controls

/** Calls the operator; the client is called once the operator has picked up. */
export async function VoipGenerateCall(srcPhone: string, dstPhone: string): Promise<void> {
  const from = required('callerNumber', 'number to call from');
  await dial(crypto.randomUUID(), { legs: [] }, srcPhone, from, { role: 'operator', member: srcPhone, dial: dstPhone });
}

/** Ends the operator's leg. What happens to the client is up to the call flow. */
export async function VoipHangupCall(_src: string, _dst: string, call: VoipCallContext): Promise<void> {
  const session = await sessionOf(call);
  await command(session, operatorOf(call, session), { action: 'hangup' });
}

export async function VoipRedirectCall(_src: string, _dst: string, redirectTo: string, call: VoipCallContext): Promise<void> {
  const session = await sessionOf(call);
  const id = call.callId ?? '';
  const client = present(clientOf(session));
  const operator = operatorOf(call, session);
  const tag: Tag = { role: 'operator', member: redirectTo, redirectedBy: call.operator.extension };
  if (!session.flow) {
    const endpoint = [endpointOf(redirectTo)];
    const eventUrl = [await eventAddress(id, tag)];
    await move(session, client, [{ action: 'connect', from: companyOf(client), endpoint, eventUrl }]);
  } else {
    const isTalking = session.taken !== undefined || client.direction === 'out';
    await dial(id, session, redirectTo, companyOf(client), isTalking ? { ...tag, joins: true } : tag);
    if (isTalking && !session.held) {
      await hold(id, client);
    }
  }
  await hangUp(session, [operator]);
}

/** Calls the colleague while the client waits. The client joins the colleague when the operator hangs up, or returns. */
export async function VoipAttendedTransfer(_src: string, _dst: string, redirectTo: string, call: VoipCallContext): Promise<void> {
  const session = await flowOf(call);
  const id = call.callId ?? '';
  const client = present(clientOf(session));
  if (!session.held) {
    await hold(id, client);
  }
  await dial(id, session, redirectTo, companyOf(client), { role: 'operator', member: redirectTo, joins: true });
}

export async function VoipHoldCall(_src: string, _dst: string, on: boolean, call: VoipCallContext): Promise<void> {
  const session = await flowOf(call);
  const id = call.callId ?? '';
  await (on ? hold(id, present(clientOf(session))) : resume(id));
}

export async function VoipMuteCall(_src: string, _dst: string, mute: boolean, call: VoipCallContext): Promise<void> {
  const session = await sessionOf(call);
  await command(session, operatorOf(call, session), { action: mute ? 'mute' : 'unmute' });
}

export async function VoipSendDtmf(_src: string, _dst: string, digits: string, call: VoipCallContext): Promise<void> {
  const session = await sessionOf(call);
  const client = present(clientOf(session));
  await api('PUT', `/v1/calls/${encodeURIComponent(client.id)}/dtmf`, { digits }, session.region);
}

/** The company's number of a client's leg. */
function companyOf({ direction, from, to }: Leg): string {
  return digitsOf(nameOf(direction === 'in' ? to : from));
}

async function sessionOf({ callId }: VoipCallContext): Promise<Session> {
  return present(await Namespace.storage.get<Session>(`call ${callId ?? ''}`));
}

async function flowOf(call: VoipCallContext): Promise<Session> {
  const session = await sessionOf(call);
  if (!session.flow) {
    throw new Error('This works only with calls that Hookswitch answers or makes, not with those of your own call flow.');
  }
  return session;
}

function operatorOf({ legId, operator }: VoipCallContext, session: Session): Leg {
  const legs = session.legs.filter((leg) => roleOf(session, leg) === 'operator' && !hasEnded(leg));
  return present(legs.find(({ id }) => id === legId) ?? legs.find((leg) => memberOf(leg) === operator.extension));
}

function present<T>(found: T | undefined): T {
  if (found === undefined) {
    throw new Error('Vonage has not reported this part of the call, or it is over.');
  }
  return found;
}

// -------------------------------------------------------------------------------------------------------------- API

interface Webhook { address?: string; http_method?: string }
interface Voice { webhooks?: Record<string, Webhook | undefined>; signed_callbacks?: boolean }
interface Application {
  name?: string; capabilities?: { voice?: Voice } & Record<string, unknown>; keys?: object; privacy?: object;
}

export async function VoipTestConnection(): Promise<VoipTestConnectionResult> {
  try {
    required('signatureSecret', 'signature secret');
    await api('GET', '/v1/calls?page_size=1');
    const notes = settings.apiKey && settings.apiSecret ? notesOn(await application()) : [];
    return { success: true, message: ['Connected to the application.', ...notes].join(' ') };
  } catch (error) {
    return { success: false, message: error instanceof Error ? error.message : String(error) };
  }
}

function notesOn({ capabilities }: Application): string[] {
  const { webhooks, signed_callbacks } = capabilities?.voice ?? {};
  const isElsewhere = webhooks?.event_url?.address !== Namespace.webhookUrl;
  const isUnanswered = settings.voiceFlow && webhooks?.answer_url?.address !== address(FLOW_PATH);
  return [
    signed_callbacks === false ? 'Its webhooks are not signed, so none is accepted: turn on signed webhooks.' : '',
    isElsewhere ? 'Its events go to another address, so calls appear only if they are forwarded from there.' : '',
    isUnanswered ? 'It has another answer URL, so Hookswitch does not answer calls.' : '',
  ].filter(Boolean);
}

const MOST_PAGES = 20;

export async function VoipGetMembers(): Promise<VoipMember[]> {
  const members: VoipMember[] = [];
  let query: string | undefined = '?page_size=100';
  for (let page = 0; page < MOST_PAGES && query !== undefined; page += 1) {
    const answer = await api('GET', `/v1/users${query}`);
    const { users } = objectOf(answer._embedded);
    if (!Array.isArray(users)) {
      throw new Error(UNREADABLE);
    }
    for (const { name, display_name } of users.map(objectOf)) {
      members.push({ id: String(name ?? ''), name: String(display_name || name) });
    }
    query = nextQuery(answer);
  }
  const known = new Set(members.map(({ id }) => id));
  const named = namedMembers().filter((id) => !known.has(id));
  return [...members.filter(({ id }) => id), ...named.map((id) => ({ id, name: id }))];
}

/** The link to the next page has a cursor in its query. */
function nextQuery({ _links }: Record<string, unknown>): string | undefined {
  const { href } = objectOf(objectOf(_links).next);
  return typeof href === 'string' && href.includes('?') ? href.slice(href.indexOf('?')) : undefined;
}

/** The operators named in the settings. Vonage writes numbers without a plus. */
function namedMembers(): string[] {
  const named = (settings.ring ?? '').split(/[,;\n]/).map((member) => nameOf(member)).filter(Boolean);
  return named.map((member) => (/^\+?[\d\s().-]{7,}$/.test(member) ? digitsOf(member) : member));
}

/** Requires the application's own token, which is sent to no other server. */
export async function VoipGetCallLink(callData: { recording_url?: string }): Promise<VoipCallLink> {
  const url = callData.recording_url;
  if (!isVonage(url)) {
    throw new Error('Vonage does not have the recording of this call.');
  }
  return { url, headers: { authorization: `Bearer ${await applicationToken()}` } };
}

function isVonage(url: string | undefined): url is string {
  return url !== undefined && URL.canParse(url) && /^https:\/\/[^/]+\.(nexmo|vonage)\.com(\/|$)/i.test(new URL(url).href);
}

const ADDRESS_KEY = 'webhook address';

export async function VoipOnWebhookUpdated(webhookUrl: string): Promise<void> {
  if (!settings.apiKey || !settings.apiSecret) {
    console.info('Without the API key and secret the webhook addresses must be entered in the Vonage dashboard.');
    return;
  }
  const ours = await Namespace.storage.get<string>(ADDRESS_KEY);
  const { name, capabilities, keys, privacy } = await application();
  const webhooks = capabilities?.voice?.webhooks ?? {};
  const wanted: Record<string, Webhook> = { event_url: { address: webhookUrl, http_method: 'POST' } };
  if (settings.voiceFlow) {
    wanted.answer_url = { address: address(FLOW_PATH), http_method: 'POST' };
  }
  for (const which of Object.keys(wanted)) {
    const current = webhooks[which]?.address;
    if (current && !settings.replaceWebhook && ![webhookUrl, ours].some((known) => known && isSameModule(current, known))) {
      const what = which === 'event_url' ? 'event' : 'answer';
      throw new Error(`The application's ${what} URL is at ${hostOf(current)}; it was not replaced. ` +
        'Forward its webhooks to Hookswitch, or turn on "Replace the application\'s webhook addresses".');
    }
  }
  const voice = { ...capabilities?.voice, webhooks: { ...webhooks, ...wanted }, signed_callbacks: true };
  await basic('PUT', { name, capabilities: { ...capabilities, voice }, keys, privacy });
  await Namespace.storage.set(ADDRESS_KEY, webhookUrl);
}

/** Whether both are addresses of this module, regardless of suffix and query. */
function isSameModule(one: string, other: string): boolean {
  const [path = '', known = ''] = [one, other].map((url) => url.split('?')[0]);
  return path === known || path === `${known}${FLOW_PATH}`;
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

async function application(): Promise<Application> {
  return await basic('GET') as Application;
}

/** Applications are managed with the account's key and secret, regardless of their calls' region. */
async function basic(method: string, body?: object): Promise<Answer> {
  const credentials = btoa(`${settings.apiKey}:${settings.apiSecret}`);
  const url = `https://api.nexmo.com/v2/applications/${encodeURIComponent(required('applicationId', 'application ID'))}`;
  return ask(url, method, `Basic ${credentials}`, body, 'the API key and API secret');
}

async function api(method: string, path: string, body?: object, region?: string): Promise<Answer> {
  const base = (region ?? (settings.apiUrl || 'https://api.nexmo.com')).replace(/\/+$/, '').replace(/\/v1$/, '');
  return ask(base + path, method, `Bearer ${await applicationToken()}`, body, 'the application ID and private key');
}

const TOKEN_SECONDS = 900;

async function applicationToken(): Promise<string> {
  const application_id = required('applicationId', 'application ID');
  const key = required('privateKey', 'private key').replaceAll('\\n', '\n').trim();
  const iat = Math.floor(Date.now() / 1000);
  const claims = { application_id, iat, exp: iat + TOKEN_SECONDS, jti: crypto.randomUUID() };
  try {
    return await Jwt.sign(claims, key, { algorithm: 'RS256' });
  } catch {
    throw new Error('The private key cannot be read: enter the whole text of private.key, including its first and last lines.');
  }
}

const UNREADABLE = 'Vonage sent an unreadable answer: check the API address in the module\'s settings.';

type Answer = Record<string, unknown>;

async function ask(url: string, method: string, authorization: string, body: object | undefined, what: string): Promise<Answer> {
  const headers: Record<string, string> = body ? { authorization, 'content-type': 'application/json' } : { authorization };
  const response = await fetch(url, { method, headers, body: body && JSON.stringify(body) }).catch((error: unknown) => {
    console.warn('No answer:', error);
    throw new Error('Vonage did not answer: try again, and check the API address in the module\'s settings.');
  });
  const text = await response.text().catch(() => '');
  const answer = parsed(text);
  if (!response.ok) {
    throw new Error(reason(response.status, objectOf(answer), what));
  }
  if (text !== '' && (typeof answer !== 'object' || answer === null)) {
    throw new Error(UNREADABLE);
  }
  return objectOf(answer);
}

function reason(status: number, { title, detail }: Record<string, unknown>, credentials: string): string {
  const text = [detail, title].find((each) => typeof each === 'string' && each !== '') as string | undefined;
  const said = text ? ` It said: ${/[.!?]$/.test(text) ? text : `${text}.`}` : '';
  switch (status) {
    case 401: return `Vonage did not accept ${credentials}: check them in the settings. They belong to one application or account.${said}`;
    case 403: return `Vonage does not allow this: the application must have Voice, and the number to call from must be yours.${said}`;
    case 404: return `Vonage does not know this call: it has ended, or it runs in a region other than that of the API address in the settings.${said}`;
    case 429: return `Too many requests to Vonage (it allows three new calls a second): try again in a moment.${said}`;
    default: return status >= 500
      ? `Vonage is not working at the moment (status ${status}): try again later.${said}`
      : `Vonage refused the request (status ${status}).${said}`;
  }
}

// ---------------------------------------------------------------------------------------------------------- helpers

type RequiredSetting = 'applicationId' | 'privateKey' | 'signatureSecret' | 'callerNumber';

function required(name: RequiredSetting, label: string): string {
  const value = settings[name];
  if (!value) {
    throw new Error(`The ${label} is not set: enter it in the module's settings.`);
  }
  return value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? value as Record<string, unknown> : {};
}
