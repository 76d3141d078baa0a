// Telnyx Voice API (Call Control), version 2: its webhooks and its commands.
//
// The reference for both is https://developers.telnyx.com/api-reference/. Comments here cover only what is not
// documented there, and the reasons.
//
// A conversation is a session (`call_session_id`) of several legs (`call_leg_id`). Only the first event of a leg has its
// direction, and events arrive in any order, so what is known about a session is kept in storage.

interface Settings {
  apiKey?: string; publicKey?: string; connectionId?: string; callerNumber?: string; replaceWebhook?: boolean;
  voiceFlow?: boolean; ring?: string; ringSeconds?: number; record?: boolean; holdMusicUrl?: string;
  sipDomain?: string; apiUrl?: string;
}

/** Values pasted into settings may have surrounding blanks. */
const settings = Object.fromEntries(Object.entries(Namespace.params.data)
  .map(([name, value]) => [name, typeof value === 'string' ? value.trim() : value])) as Settings;

// --------------------------------------------------------------------------------------------------------- webhooks

/** What an event is about. No field is present in every event. */
interface Payload {
  call_control_id?: string; call_leg_id?: string; call_session_id?: string; client_state?: string; connection_id?: string;
  from?: string; to?: string; caller_id_name?: string; direction?: string; state?: string; occurred_at?: string;
  hangup_cause?: string; hangup_source?: string; result?: string; recording_id?: string;
}

interface Hook { type: string; at?: string; session: string; payload: Payload }

export async function VoipParseWebhookRequest(request: FetchRequest): Promise<VoipWebhookParseResult> {
  if (!await isSigned(request)) {
    return { response: new HttpResponse().status(401).json({ error: 'The signature is missing, wrong or too old.' }) };
  }
  const hook = hookOf(request.body);
  if (!hook) {
    return {}; // not about a call
  }
  if (hook.type === 'call.recording.saved' || hook.type === 'conference.recording.saved') {
    return { callRecord: recordOf(hook) };
  }
  const session = await remember(hook);
  const leg = session?.legs.find(({ id }) => id === hook.payload.call_leg_id);
  if (!session || !leg) {
    return {};
  }
  return { events: newsOf(hook, session, leg), response: await steer(hook, session, leg) };
}

/** The call events of an event and of those before it. The server ignores repetitions. */
function newsOf(hook: Hook, session: Session, leg: Leg): VoipWebhookRequest[] {
  const hookKind = KINDS[hook.type];
  if (hookKind === 'initiated' || hookKind === 'answered') {
    return session.legs.flatMap((each) => eventsOf(session, each, each.facts, hook.session));
  }
  return eventsOf(session, leg, leg.facts.filter(({ kind, at }) => kind === hookKind && at === hook.at), hook.session);
}

const REPLAY_WINDOW_SECONDS = 300;

/** Ed25519 over the timestamp, a bar and the raw body. */
async function isSigned({ headers, body, rawBody }: FetchRequest): Promise<boolean> {
  const timestamp = headers['telnyx-timestamp'] ?? '';
  const age = Math.abs(Date.now() / 1000 - Number(timestamp));
  const signature = bytesOfBase64(headers['telnyx-signature-ed25519'] ?? '');
  const key = await publicKey();
  if (!/^\d+$/.test(timestamp) || age > REPLAY_WINDOW_SECONDS || signature?.length !== 64) {
    return false;
  }
  const sent = rawBody ?? body ?? '';
  const signed = [utf8(`${timestamp}|`), typeof sent === 'string' ? utf8(sent) : new Uint8Array(sent)];
  return crypto.subtle.verify('Ed25519', key, signature, Uint8Array.from(signed.flatMap((part) => [...part])));
}

async function publicKey(): Promise<CryptoKey> {
  const bytes = bytesOfBase64(required('publicKey', 'public key'));
  if (bytes?.length !== 32) {
    throw new Error('This is not a public key from Telnyx: copy it from the portal (API Keys, Public Key) into the settings.');
  }
  return crypto.subtle.importKey('raw', bytes, 'Ed25519', false, ['verify']);
}

function hookOf(body: string | ArrayBuffer | undefined): Hook | undefined {
  const { data } = objectOf(parsed(typeof body === 'string' ? body : ''));
  const { event_type: type, occurred_at: at, payload } = objectOf(data);
  const fields: Payload = Object.fromEntries(Object.entries(objectOf(payload)).filter(([, value]) => typeof value === 'string'));
  const session = fields.call_session_id;
  if (typeof type !== 'string' || !session) {
    return undefined;
  }
  // For conferences, the time may be inside the payload.
  return { type, at: typeof at === 'string' ? at : fields.occurred_at, session, payload: fields };
}

/** Recordings do not say who talked. Their links expire after ten minutes, so only ids are kept. */
function recordOf({ session, payload }: Hook): VoipCallRecord {
  const { recording_id, call_leg_id } = payload;
  return { callId: session, call: { recording_id, call_leg_id, call_session_id: session } };
}

// --------------------------------------------------------------------------------------------------------- sessions

type FactKind = 'initiated' | 'answered' | 'bridged' | 'hold' | 'unhold' | 'joined' | 'left' | 'machine' | 'hangup';
interface Fact { kind: FactKind; at?: string; cause?: string; source?: string }

interface Leg {
  id: string; controlId?: string; from?: string; to?: string; name?: string;
  /** `in` also for calls dialled on an operator's telephone. */
  direction?: 'in' | 'out';
  /** The operator whose telephone dialled. */
  dialledBy?: string;
  tag?: Tag;
  facts: Fact[];
}

interface Session {
  legs: Leg[];
  /** Whether the client is in a conference of this module. */
  flow?: boolean;
  /** The leg of the operator who took an incoming call. */
  taken?: string;
  /** Whether the client was taken out of the conference. */
  held?: boolean;
  /** Completed steps, and the script run that did each. */
  done?: Record<string, string>;
}

const KINDS: Record<string, FactKind | undefined> = {
  'call.initiated': 'initiated',
  'call.answered': 'answered',
  'call.bridged': 'bridged',
  'call.hold': 'hold',
  'call.unhold': 'unhold',
  'call.hangup': 'hangup',
  'call.machine.detection.ended': 'machine',
  'call.machine.premium.detection.ended': 'machine',
  'conference.participant.joined': 'joined',
  'conference.participant.left': 'left',
};

async function remember(hook: Hook): Promise<Session | undefined> {
  const { type, at, payload } = hook;
  const id = payload.call_leg_id;
  const kind = KINDS[type];
  if (!id || !kind || (kind === 'machine' && !/^(machine|fax)/.test(payload.result ?? ''))) {
    return undefined;
  }
  const dialledBy = kind === 'initiated' ? await dialler(payload) : undefined;
  const fact: Fact = { kind, at, cause: payload.hangup_cause, source: payload.hangup_source };
  return change(hook.session, (session) => {
    const known = session.legs.find((leg) => leg.id === id) ?? { id, facts: [] };
    const leg = withPayload(known, payload, dialledBy);
    const isKnown = leg.facts.some((other) => other.kind === kind && other.at === at);
    const facts = isKnown ? leg.facts : [...leg.facts, fact];
    const others = session.legs.filter((other) => other.id !== id);
    return { ...session, legs: [...others, { ...leg, facts }].sort((one, other) => (one.id < other.id ? -1 : 1)) };
  });
}

function withPayload(leg: Leg, payload: Payload, dialledBy: string | undefined): Leg {
  const direction = payload.direction && (dialledBy || payload.direction === 'incoming' ? 'in' : 'out');
  return {
    ...leg,
    controlId: payload.call_control_id ?? leg.controlId,
    from: payload.from ?? leg.from,
    to: payload.to ?? leg.to,
    name: payload.caller_id_name ?? leg.name,
    direction: direction || leg.direction,
    dialledBy: dialledBy ?? leg.dialledBy,
    tag: tagOf(payload.client_state) ?? leg.tag,
  };
}

/** Calls end within a day; recordings do not need this. */
const SESSION_SECONDS = 24 * 3600;

async function change(id: string, how: (session: Session) => Session): Promise<Session> {
  const update = (session: Session = { legs: [] }): Session => how(session);
  return await Namespace.storage.update(`session ${id}`, update, { ttlSeconds: SESSION_SECONDS }) ?? { legs: [] };
}

/** The operator whose own telephone started this leg, if any. */
async function dialler({ direction, state, from, connection_id }: Payload): Promise<string | undefined> {
  const user = sipUser(from);
  if (direction === 'incoming') {
    return user?.isOurs ? user.id : undefined;
  }
  if (state !== 'parked') {
    return undefined;
  }
  // Dialled on a telephone whose calls are parked until the application decides. It may show a number instead of its name.
  const users = await Namespace.storage.get<Record<string, string>>(USERS_KEY);
  return user?.id ?? users?.[connection_id ?? ''];
}

// ------------------------------------------------------------------------------------------------------------ legs

type Role = 'client' | 'operator';

/** What this module writes into `client_state` of the legs it creates. */
interface Tag {
  app: 'hookswitch'; role: Role; member?: string;
  /** The number to call once the operator has picked up. */
  dial?: string;
  /** Joins the client immediately instead of competing for the call. */
  joins?: boolean;
  /** The operator who transferred the call. */
  redirectedBy?: string;
}

function tagOf(state: string | undefined): Tag | undefined {
  const bytes = state ? bytesOfBase64(state) : undefined;
  const tag = bytes ? objectOf(parsed(new TextDecoder().decode(bytes))) : {};
  return tag.app === 'hookswitch' ? tag as unknown as Tag : undefined; // else it is the customer's
}

/** The other party of a leg; undefined while unknown. */
function roleOf({ legs }: Session, leg: Leg): Role | undefined {
  const root = rootOf(legs);
  if (leg.tag) {
    return leg.tag.role;
  }
  if (leg.direction === 'in') {
    return leg.dialledBy ? 'operator' : 'client';
  }
  if (sipUser(leg.to)) {
    return 'operator';
  }
  if (leg.direction !== 'out') {
    return undefined;
  }
  if (root) {
    return root.dialledBy ? 'client' : 'operator'; // here: an operator's mobile
  }
  return legs.some((other) => other.tag?.dial ?? isBefore(other, leg)) ? 'client' : undefined;
}

/** Whether an operator had picked up before that leg started, in which case it was started for the operator. */
function isBefore(operator: Leg, leg: Leg): boolean {
  return sipUser(operator.to) !== undefined && timeOf(operator, 'answered') <= timeOf(leg, 'initiated');
}

function timeOf(leg: Leg, kind: FactKind): number {
  return Date.parse(leg.facts.find((fact) => fact.kind === kind)?.at ?? '');
}

/** The leg that came from outside or from an operator's telephone. */
function rootOf(legs: Leg[]): Leg | undefined {
  return legs.find(({ direction }) => direction === 'in');
}

/** The member id of a leg's operator. */
function memberOf({ dialledBy, tag, to }: Leg): string | undefined {
  return tag?.member ?? dialledBy ?? sipUser(to)?.id ?? to;
}

/** The call's direction; undefined while unknown. */
function directionOf(session: Session): VoipCallDirection | undefined {
  const root = rootOf(session.legs);
  if (root?.dialledBy) {
    return sipUser(root.to) ? VoipCallDirection.Internal : VoipCallDirection.Out;
  }
  if (root) {
    return VoipCallDirection.In;
  }
  const callsOut = (leg: Leg): boolean =>
    leg.tag?.dial !== undefined || (leg.direction === 'out' && roleOf(session, leg) !== 'operator');
  return session.legs.some(callsOut) ? VoipCallDirection.Out : undefined;
}

/** The operator's leg of a call made by an operator. */
function callerOf({ legs }: Session): Leg | undefined {
  const root = rootOf(legs);
  if (root) {
    return root.dialledBy ? root : undefined;
  }
  return legs.find((leg) => leg.tag?.dial ?? legs.some((other) => isBefore(leg, other)));
}

function hasEnded(leg: Leg): boolean {
  return leg.facts.some(({ kind }) => kind === 'hangup');
}

/** SIP users are operators, even on another SIP server. A number in a SIP address is treated as a number. */
function sipUser(address: string | undefined): { id: string; isOurs: boolean } | undefined {
  const [, user = '', host = ''] = /^(?:.*<)?(?:sips?:)?([^@<>\s]+)@([^;>:\s]+)/i.exec(address ?? '') ?? [];
  if (!user || /^\+?\d{7,15}$/.test(user) || /^(anonymous|private|restricted|unavailable|unknown)$/i.test(user)) {
    return undefined;
  }
  const isOurs = /(^|\.)telnyx\.[a-z.]+$/i.test(host) || host.toLowerCase() === sipDomain().toLowerCase();
  return { id: isOurs ? user : `${user}@${host}`, isOurs };
}

function sipDomain(): string {
  return settings.sipDomain || 'sip.telnyx.com';
}

// ----------------------------------------------------------------------------------------------------------- events

function eventsOf(session: Session, leg: Leg, facts: Fact[], callId: string): VoipWebhookRequest[] {
  const role = roleOf(session, leg);
  if (!role && leg.direction !== 'out') {
    return []; // the event that tells is still to come
  }
  return facts.flatMap((fact) => eventsOfFact(session, leg, role, fact).map((event) => ({ callId, ...event })));
}

type Event = Omit<VoipWebhookRequest, 'callId'>;

function eventsOfFact(session: Session, leg: Leg, role: Role | undefined, fact: Fact): Event[] {
  const occurredAt = fact.at;
  const legId = leg.id;
  switch (fact.kind) {
    case 'initiated':
      return [{ ...startOf(session, leg, role), legId, occurredAt }, ...redirectOf(leg, occurredAt)];
    case 'answered':
      return []; // by the application, or by somebody whom nobody is joined with yet
    case 'bridged':
    case 'joined':
      return [...answerOf(session, leg, role, occurredAt), ...resumeOf(leg, fact)];
    case 'left':
      return leg.tag?.role === 'client' && session.held && !hasEnded(leg)
        ? [{ event: VoipWebhookEvent.NotifyHold, legId, occurredAt }] : [];
    case 'hold':
      return [{ event: VoipWebhookEvent.NotifyHold, legId, occurredAt }];
    case 'unhold':
      return [{ event: VoipWebhookEvent.NotifyUnhold, legId, occurredAt }];
    case 'machine':
      return role === 'operator' || leg.direction !== 'out' ? []
        : [{ event: VoipWebhookEvent.NotifyAnswer, disposition: VoipCallDisposition.Voicemail, legId, occurredAt }];
    case 'hangup':
      return [...announcementOf(session, leg), ...soleTalk(session, leg, role), endOf(leg, role, fact)];
  }
}

function startOf(session: Session, leg: Leg, role: Role | undefined): Event {
  const event = VoipWebhookEvent.NotifyStart;
  const member = role === 'operator' ? memberOf(leg) : undefined;
  const direction = directionOf(session);
  const root = rootOf(session.legs);
  const caller = callerOf(session);
  if (direction === VoipCallDirection.In && root) {
    const callerName = leg === root && /\p{L}/u.test(leg.name ?? '') ? leg.name : undefined;
    return { event, direction, srcPhone: numberOf(root.from), dstPhone: numberOf(root.to), srcPhoneExt: member, callerName };
  }
  if (direction === VoipCallDirection.Out) {
    const client = role === 'operator' ? session.legs.find((other) => roleOf(session, other) === 'client') : leg;
    const called = caller?.tag?.dial ?? (caller?.dialledBy ? caller.to : client?.to);
    const line = [client?.from, caller?.from].find((number) => number?.startsWith('+'));
    return { event, direction, srcPhone: member ?? line ?? numberOf(leg.from), dstPhone: numberOf(called), line };
  }
  if (direction === VoipCallDirection.Internal && caller) {
    return { event, direction, srcPhone: memberOf(caller), dstPhone: leg === caller ? sipUser(leg.to)?.id : member };
  }
  return { event, srcPhoneExt: member, dstPhoneExt: member }; // an operator's telephone; whose call it is will be told
}

/** Withheld numbers are words or missing. */
function numberOf(address: string | undefined): string {
  return address || 'anonymous';
}

function redirectOf({ tag }: Leg, occurredAt: string | undefined): Event[] {
  const from = tag?.redirectedBy;
  return from
    ? [{ event: VoipWebhookEvent.NotifyRedirect, srcPhoneExt: from, dstPhoneExt: from, redirectTo: tag.member, occurredAt }]
    : [];
}

/** If nobody was joined with the client, the application answered: a menu, a queue or a message. */
function announcementOf({ legs }: Session, leg: Leg): Event[] {
  const answer = leg.facts.find(({ kind }) => kind === 'answered');
  const isTaken = legs.some(({ facts }) => facts.some(({ kind }) => kind === 'bridged' || kind === 'joined'));
  const rangBefore = legs.some((other) => other !== leg && timeOf(other, 'initiated') <= timeOf(leg, 'answered'));
  return answer && !leg.tag && leg.direction === 'in' && !leg.dialledBy && !isTaken && !rangBefore
    ? [{ event: VoipWebhookEvent.NotifyAnswer, legId: leg.id, occurredAt: answer.at }] : [];
}

/** The talk starts as soon as the legs are joined. It is reported on the operator's leg. */
function answerOf(session: Session, leg: Leg, role: Role | undefined, occurredAt: string | undefined): Event[] {
  const caller = callerOf(session);
  const isTold = role !== undefined && (caller ?? rootOf(session.legs)) !== undefined;
  const talker = role === 'client' && directionOf(session) === VoipCallDirection.Out ? caller : leg;
  if (!talker || leg === caller || leg.direction !== 'out' || !isTold) {
    return []; // an operator's own telephone, or who called whom is still to be told
  }
  const member = memberOf(talker);
  const event = VoipWebhookEvent.NotifyAnswer;
  return [{ event, legId: talker.id, srcPhoneExt: member, dstPhoneExt: member, occurredAt }];
}

function resumeOf(leg: Leg, fact: Fact): Event[] {
  const isBack = leg.tag?.role === 'client' && fact.kind === 'joined' && timeOf(leg, 'left') <= Date.parse(fact.at ?? '');
  return isBack ? [{ event: VoipWebhookEvent.NotifyUnhold, legId: leg.id, occurredAt: fact.at }] : [];
}

/** A single-leg call made by an application: it was never joined to anybody, so the talk started when it was answered. */
function soleTalk({ legs }: Session, leg: Leg, role: Role | undefined): Event[] {
  const has = (kind: FactKind): Fact | undefined => leg.facts.find((fact) => fact.kind === kind);
  const began = has('bridged') ?? (leg.direction === 'out' ? has('joined') ?? has('answered') : undefined);
  return legs.length === 1 && leg.direction && role !== 'operator' && !has('machine') && began
    ? [{ event: VoipWebhookEvent.NotifyAnswer, legId: leg.id, occurredAt: began.at }] : [];
}

/** The call ends when a client in it has hung up, otherwise with the last leg. */
function endOf(leg: Leg, role: Role | undefined, fact: Fact): Event {
  const isOver = role === 'client' && (leg.direction === 'in' || leg.facts.some(({ kind }) => kind === 'answered'));
  const legId = isOver ? undefined : leg.id;
  return { event: VoipWebhookEvent.NotifyEnd, disposition: dispositionOf(leg, fact), legId, occurredAt: fact.at };
}

function dispositionOf({ direction, dialledBy }: Leg, { cause = '', source }: Fact): VoipCallDisposition {
  const isCancelled = cause === 'originator_cancel' || source === 'caller';
  const otherwise = isCancelled && !dialledBy ? VoipCallDisposition.Cancelled : VoipCallDisposition.Unknown;
  // How the application ended an incoming leg is meaningless; the called legs decide.
  return (direction === 'in' ? undefined : DISPOSITIONS[cause]) ?? otherwise;
}

/** The meaning of a cause if nobody talked; ignored for answered calls. */
const DISPOSITIONS: Record<string, VoipCallDisposition | undefined> = {
  originator_cancel: VoipCallDisposition.Cancelled,
  timeout: VoipCallDisposition.NoAnswer,
  no_answer: VoipCallDisposition.NoAnswer,
  user_busy: VoipCallDisposition.Busy,
  call_rejected: VoipCallDisposition.Busy,
  not_found: VoipCallDisposition.Failed,
  unspecified: VoipCallDisposition.Failed,
};

// ------------------------------------------------------------------------------------------------------- voice flow

// A call answered or made by this module is a conference of the client and the operators. Each step is triggered by
// an event; a failing step is answered with 503, so that Telnyx resends the event.

async function steer(hook: Hook, session: Session, leg: Leg): Promise<HttpResponse | undefined> {
  try {
    const isOurs = hook.payload.connection_id === settings.connectionId;
    await step(KINDS[hook.type], hook.session, session, leg, isOurs);
    return undefined;
  } catch (error) {
    console.error('The call could not be controlled:', error);
    return new HttpResponse().status(503).json({ error: 'Telnyx refused a command: see the module\'s log.' });
  }
}

async function step(kind: FactKind | undefined, id: string, session: Session, leg: Leg, isOurs: boolean): Promise<void> {
  const role = roleOf(session, leg);
  if (kind === 'initiated' && leg.direction === 'in' && !hasEnded(leg) && settings.voiceFlow && isOurs) {
    return once(id, `initiated ${leg.id}`, () => (role === 'client' ? ring(id, leg) : connect(leg)));
  }
  if (!session.flow && !leg.tag?.dial) {
    return; // the customer's own flow
  }
  if (kind === 'answered' && !hasEnded(leg)) {
    const answered = (): Promise<void> => (role === 'client' ? clientAnswered(id, session, leg) : operatorAnswered(id, leg));
    return once(id, `answered ${leg.id}`, answered);
  }
  if (kind === 'hangup') {
    return once(id, `hangup ${leg.id}`, () => (role === 'client' ? clientHungUp(session) : operatorHungUp(id, session)));
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

/** The client hears the network's ringback tone until an operator has picked up. */
async function ring(id: string, client: Leg): Promise<void> {
  await change(id, (session) => ({ ...session, flow: true }));
  const failures: unknown[] = [];
  const members = await ringing();
  for (const member of members) {
    const tag: Tag = { app: 'hookswitch', role: 'operator', member };
    await dial(member, client.to, { link_to: client.controlId }, tag).catch((error: unknown) => failures.push(error));
  }
  failures.forEach((failure) => console.warn('An operator was not rung:', failure));
  if (failures.length === members.length) {
    throw new Error('Nobody was rung: check "Who rings" in the module\'s settings.');
  }
}

/** An operator dialled on a telephone. */
async function connect(leg: Leg): Promise<void> {
  const tag: Tag = { app: 'hookswitch', role: 'operator', member: memberOf(leg), dial: leg.to };
  await command(leg, 'answer', { client_state: stateOf(tag) });
}

async function ringing(): Promise<string[]> {
  const named = namedMembers();
  return named.length > 0 ? named : (await VoipGetMembers()).map(({ id }) => id);
}

async function operatorAnswered(id: string, leg: Leg): Promise<void> {
  if (leg.tag?.dial) {
    const { dial: number, member } = leg.tag;
    await change(id, (known) => ({ ...known, flow: true }));
    await openConference(id, leg);
    const colleague = sipUser(number)?.id;
    const tag: Tag = { app: 'hookswitch', role: colleague ? 'operator' : 'client', member: colleague ?? member, joins: true };
    return dial(number, required('callerNumber', 'number to call from'), { link_to: leg.controlId }, tag);
  }
  if (leg.tag?.joins) {
    await join(id, leg);
    return leg.tag.redirectedBy ? resume(id) : undefined;
  }
  const session = await change(id, (known) => {
    const holder = known.legs.find((other) => other.id === known.taken);
    return { ...known, taken: holder && !hasEnded(holder) ? known.taken : leg.id };
  });
  const client = clientOf(session);
  if (session.taken !== leg.id || !client) {
    return command(leg, 'hangup'); // somebody else was faster, or the client is gone
  }
  await command(client, 'answer', { client_state: stateOf({ app: 'hookswitch', role: 'client' }) });
  await hangUp(session.legs.filter((other) => other !== client && other.id !== leg.id));
}

async function clientAnswered(id: string, session: Session, client: Leg): Promise<void> {
  if (client.direction === 'in') {
    await openConference(id, client);
  }
  const joining = client.direction === 'in' ? session.legs.find((leg) => leg.id === session.taken) : client;
  if (joining) {
    await join(id, joining);
  }
  if (settings.record) {
    await command(client, 'record_start', { channels: 'dual', format: 'mp3' });
  }
}

async function clientHungUp(session: Session): Promise<void> {
  await hangUp(session.legs);
}

/** When the last operator leaves, the client's leg ends too; a remaining colleague gets the client. */
async function operatorHungUp(id: string, session: Session): Promise<void> {
  const client = clientOf(session);
  const others = session.legs.filter((leg) => roleOf(session, leg) === 'operator' && !hasEnded(leg));
  if (!client) {
    return others.length === 1 ? hangUp(others) : undefined; // two operators talked
  }
  if (others.length > 0) {
    return session.held && others.some((leg) => timeOf(leg, 'answered') > 0) ? resume(id) : undefined;
  }
  const isAnswered = client.facts.some(({ kind }) => kind === 'answered');
  const isRefused = client.direction === 'in' && !isAnswered;
  await (isRefused ? command(client, 'reject', { cause: 'USER_BUSY' }) : command(client, 'hangup'));
}

function clientOf(session: Session): Leg | undefined {
  return session.legs.find((leg) => roleOf(session, leg) === 'client' && !hasEnded(leg));
}

async function hangUp(legs: Leg[]): Promise<void> {
  for (const leg of legs.filter((each) => !hasEnded(each))) {
    await command(leg, 'hangup').catch((error: unknown) => console.warn('A leg could not be ended:', error)); // may be over
  }
}

async function openConference(id: string, leg: Leg): Promise<void> {
  await api('POST', '/conferences', { call_control_id: leg.controlId, name: conference(id), command_id: `open-${leg.id}` });
}

async function join(id: string, leg: Leg): Promise<void> {
  await inConference(id, 'join', leg);
}

/** Takes the client out of the conference, because Telnyx reports that but not its own hold. */
async function hold(id: string, client: Leg): Promise<void> {
  await change(id, (session) => ({ ...session, held: true })); // before Telnyx reports it
  await inConference(id, 'leave', client).catch(async (error: unknown) => {
    await change(id, (session) => ({ ...session, held: false }));
    throw error;
  });
  if (settings.holdMusicUrl) {
    await command(client, 'playback_start', { audio_url: settings.holdMusicUrl, loop: 'infinity' });
  }
}

async function resume(id: string): Promise<void> {
  const client = clientOf(await change(id, (session) => ({ ...session, held: false })));
  if (!client) {
    return;
  }
  if (settings.holdMusicUrl) {
    await command(client, 'playback_stop');
  }
  await join(id, client);
}

async function inConference(id: string, what: string, leg: Leg): Promise<void> {
  await api('POST', `/conferences/${conference(id)}/actions/${what}`, { call_control_id: leg.controlId });
}

function conference(id: string): string {
  return `hookswitch-${encodeURIComponent(id)}`;
}

async function command(leg: Leg, action: string, body: object = {}): Promise<void> {
  await api('POST', `/calls/${encodeURIComponent(leg.controlId ?? '')}/actions/${action}`, body);
}

async function dial(whom: string, from: string | undefined, more: object, tag: Tag): Promise<void> {
  await api('POST', '/calls', {
    connection_id: required('connectionId', 'application ID'), to: addressOf(whom), from, timeout_secs: ringSeconds(),
    webhook_url: Namespace.webhookUrl, client_state: stateOf(tag), ...more,
  });
}

function ringSeconds(): number {
  return Math.min(Math.max(Math.round(settings.ringSeconds ?? 30), 5), 600);
}

function stateOf(tag: Tag): string {
  return utf8(JSON.stringify(tag)).toBase64();
}

/** Numbers as they are; SIP users at Telnyx unless they have a host. */
function addressOf(member: string): string {
  if (/^\+?\d{7,15}$/.test(member)) {
    return member;
  }
  return /^sips?:/i.test(member) ? member : `sip:${member.includes('@') ? member : `${member}@${sipDomain()}`}`;
}

// --------------------------------------------------------------------------------------------------------- controls

/** Calls the operator; the client is called once the operator has picked up. */
export async function VoipGenerateCall(srcPhone: string, dstPhone: string): Promise<void> {
  await dial(srcPhone, required('callerNumber', 'number to call from'), {}, {
    app: 'hookswitch', role: 'operator', member: srcPhone, dial: dstPhone,
  });
}

/** Ends the operator's leg. What happens to the client is up to the call flow; by default, their leg ends too. */
export async function VoipHangupCall(_src: string, _dst: string, call: VoipCallContext): Promise<void> {
  await command(operatorOf(call, await sessionOf(call)), 'hangup');
}

export async function VoipRedirectCall(_src: string, _dst: string, redirectTo: string, call: VoipCallContext): Promise<void> {
  const session = await sessionOf(call);
  const client = present(clientOf(session));
  const tag: Tag = { app: 'hookswitch', role: 'operator', member: redirectTo, redirectedBy: call.operator.extension };
  if (!session.flow) {
    return command(client, 'transfer', { to: addressOf(redirectTo), target_leg_client_state: stateOf(tag) });
  }
  const operator = operatorOf(call, session);
  const joins = session.taken !== undefined || client.direction === 'out';
  await dial(redirectTo, companyOf(client), { link_to: client.controlId }, { ...tag, joins });
  if (!session.held && client.facts.some(({ kind }) => kind === 'joined')) {
    await hold(call.callId ?? '', client);
  }
  await command(operator, 'hangup');
}

/** Calls the colleague while the client waits. The client joins the colleague when the operator hangs up, or returns. */
export async function VoipAttendedTransfer(_src: string, _dst: string, redirectTo: string, call: VoipCallContext): Promise<void> {
  const session = await flowOf(call);
  const client = present(clientOf(session));
  if (!session.held) {
    await hold(call.callId ?? '', client);
  }
  const tag: Tag = { app: 'hookswitch', role: 'operator', member: redirectTo, joins: true };
  await dial(redirectTo, companyOf(client), { link_to: client.controlId }, tag);
}

/** The company's number of a client's leg. */
function companyOf({ direction, from, to }: Leg): string | undefined {
  return direction === 'in' ? to : from;
}

export async function VoipHoldCall(_src: string, _dst: string, on: boolean, call: VoipCallContext): Promise<void> {
  const session = await flowOf(call);
  const id = call.callId ?? '';
  await (on ? hold(id, present(clientOf(session))) : resume(id));
}

export async function VoipMuteCall(_src: string, _dst: string, mute: boolean, call: VoipCallContext): Promise<void> {
  const operator = operatorOf(call, await flowOf(call));
  const path = `/conferences/${conference(call.callId ?? '')}/actions/${mute ? 'mute' : 'unmute'}`;
  await api('POST', path, { call_control_ids: [operator.controlId] });
}

/** Tones are heard by the other party of the leg they are sent on. */
export async function VoipSendDtmf(_src: string, _dst: string, digits: string, call: VoipCallContext): Promise<void> {
  await command(present(clientOf(await sessionOf(call))), 'send_dtmf', { digits });
}

async function sessionOf({ callId }: VoipCallContext): Promise<Session> {
  const session = await Namespace.storage.get<Session>(`session ${callId ?? ''}`);
  return present(session);
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
    throw new Error('Telnyx has not reported this part of the call, or it is over.');
  }
  return found;
}

// -------------------------------------------------------------------------------------------------------------- API

interface Application {
  application_name?: string; webhook_event_url?: string | null; webhook_api_version?: string; active?: boolean;
}

export async function VoipTestConnection(): Promise<VoipTestConnectionResult> {
  try {
    await publicKey();
    return { success: true, message: await connected(await application()) };
  } catch (error) {
    return { success: false, message: error instanceof Error ? error.message : String(error) };
  }
}

async function connected({ application_name, webhook_event_url, webhook_api_version, active }: Application): Promise<string> {
  const isOld = webhook_api_version !== undefined && webhook_api_version !== '2';
  const isElsewhere = webhook_event_url !== Namespace.webhookUrl;
  return [
    `Connected to the application "${application_name ?? ''}".`,
    active === false ? 'It is switched off at Telnyx.' : '',
    isOld ? 'It sends version 1 webhooks: choose API v2 in the portal.' : '',
    isElsewhere ? 'Its webhooks go to another address, so calls appear only if they are forwarded from there.' : '',
  ].filter(Boolean).join(' ');
}

function application(): Promise<Application> {
  return one<Application>('GET', applicationPath());
}

function applicationPath(): string {
  return `/call_control_applications/${encodeURIComponent(required('connectionId', 'application ID'))}`;
}

/** Connection ID -> SIP user. */
const USERS_KEY = 'users';

interface Connection { id: string; connection_name?: string; user_name?: string }
interface Credential { name?: string; sip_username?: string; expired?: boolean }

export async function VoipGetMembers(): Promise<VoipMember[]> {
  const connections = await all<Connection>('/credential_connections');
  const credentials = await all<Credential>('/telephony_credentials');
  const users = connections.filter(({ user_name }) => user_name);
  await Namespace.storage.set(USERS_KEY, Object.fromEntries(users.map(({ id, user_name }) => [id, user_name])));
  const members = [
    ...users.map(({ user_name, connection_name }) => ({ id: user_name ?? '', name: connection_name || user_name || '' })),
    ...credentials.filter(({ expired, sip_username }) => !expired && sip_username)
      .map(({ sip_username, name }) => ({ id: sip_username ?? '', name: name || sip_username || '' })),
  ];
  const named = namedMembers().filter((id) => members.every((member) => member.id !== id));
  return [...members, ...named.map((id) => ({ id, name: id }))];
}

/** The operators named in the settings. Telnyx writes numbers with a plus. */
function namedMembers(): string[] {
  const named = (settings.ring ?? '').split(/[,;\n]/).map((member) => member.trim()).filter(Boolean);
  return named.map((member) => (/^\+?[\d\s().-]{7,}$/.test(member) ? `+${member.replaceAll(/\D/g, '')}` : member));
}

interface Recording { id?: string; download_urls?: { mp3?: string | null; wav?: string | null } | null }

/** Telnyx's link is valid for ten minutes. */
export async function VoipGetCallLink(
  callData: { recording_id?: string; call_leg_id?: string; call_session_id?: string },
): Promise<string> {
  const { recording_id, call_leg_id, call_session_id } = callData;
  const filter: Record<string, string> = call_leg_id
    ? { 'filter[call_leg_id]': call_leg_id }
    : { 'filter[call_session_id]': call_session_id ?? '' };
  const recording = recording_id
    ? await one<Recording>('GET', `/recordings/${encodeURIComponent(recording_id)}`)
    : (await list<Recording>(`/recordings?${new URLSearchParams(filter)}`)).data[0];
  const url = recording?.download_urls?.mp3 ?? recording?.download_urls?.wav;
  if (!url) {
    throw new Error('Telnyx has no recording of this call. It may have been deleted, or not have been stored yet: try again in a minute.');
  }
  return url;
}

const ADDRESS_KEY = 'webhook address';

export async function VoipOnWebhookUpdated(webhookUrl: string): Promise<void> {
  const { application_name, webhook_event_url: current } = await application();
  const ours = await Namespace.storage.get<string>(ADDRESS_KEY);
  if (current !== webhookUrl) {
    if (current && current !== ours && !settings.replaceWebhook) {
      throw new Error(`The application sends its webhooks to ${hostOf(current)}; that address was not replaced. ` +
        'Forward its webhooks to Hookswitch, or turn on "Replace the application\'s webhook address".');
    }
    await api('PATCH', applicationPath(), { application_name, webhook_event_url: webhookUrl, webhook_api_version: '2' });
  }
  await Namespace.storage.set(ADDRESS_KEY, webhookUrl);
}

function hostOf(address: string): string {
  return URL.canParse(address) ? new URL(address).host : address;
}

const MOST_PAGES = 20;

async function all<T>(path: string): Promise<T[]> {
  const found: T[] = [];
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    const query = new URLSearchParams({ 'page[number]': String(page), 'page[size]': '250' });
    const { data, pages } = await list<T>(`${path}?${query}`);
    found.push(...data);
    if (page >= pages) {
      break;
    }
  }
  return found;
}

async function list<T>(path: string): Promise<{ data: T[]; pages: number }> {
  const { data, meta } = await api('GET', path);
  if (!Array.isArray(data)) {
    throw new Error(UNREADABLE);
  }
  return { data: data as T[], pages: Number(objectOf(meta).total_pages) || 1 };
}

async function one<T>(method: string, path: string): Promise<T> {
  const { data } = await api(method, path);
  if (!data || typeof data !== 'object') {
    throw new Error(UNREADABLE);
  }
  return data as T;
}

const UNREADABLE = 'Telnyx sent an unreadable answer: check the API address in the module\'s settings.';

async function api(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const headers = { authorization: `Bearer ${required('apiKey', 'API key')}`, 'content-type': 'application/json' };
  const url = (settings.apiUrl || 'https://api.telnyx.com/v2').replace(/\/+$/, '') + path;
  const response = await fetch(url, { method, headers, body: body && JSON.stringify(body) }).catch((error: unknown) => {
    console.warn('No answer:', error);
    throw new Error('Telnyx did not answer: try again, and check the API address in the module\'s settings.');
  });
  const answer = parsed(await response.text().catch(() => ''));
  if (!response.ok) {
    throw new Error(reason(response.status, objectOf(answer)));
  }
  if (answer === undefined || answer === null || typeof answer !== 'object') {
    throw new Error(UNREADABLE);
  }
  return answer as Record<string, unknown>;
}

function reason(status: number, { errors }: Record<string, unknown>): string {
  const { detail, title } = objectOf(Array.isArray(errors) ? errors[0] : undefined);
  const text = [detail, title].find((each) => typeof each === 'string' && each !== '') as string | undefined;
  const said = text ? ` It said: ${/[.!?]$/.test(text) ? text : `${text}.`}` : '';
  switch (status) {
    case 401: return `Telnyx did not accept the API key: check it, and for another region the API address, in the settings.${said}`;
    case 403: return `Telnyx does not allow this for the API key: check its permissions in the portal.${said}`;
    case 404: return `Telnyx could not find what was requested: check the application ID, and that the API key belongs to the same account.${said}`;
    case 429: return `Too many requests to Telnyx: try again in a minute.${said}`;
    default: return status >= 500
      ? `Telnyx is not working at the moment (status ${status}): try again later.${said}`
      : `Telnyx refused the request (status ${status}).${said}`;
  }
}

// ---------------------------------------------------------------------------------------------------------- helpers

function required(name: 'apiKey' | 'publicKey' | 'connectionId' | 'callerNumber', label: string): string {
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

function bytesOfBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    return undefined;
  }
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
