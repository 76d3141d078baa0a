// Twilio Programmable Voice: its webhooks, its REST API (2010-04-01) and an optional small call flow in TwiML.
//
// The reference is https://www.twilio.com/docs/voice. Comments here cover only what is not documented there,
// and the reasons.
//
// A Twilio call is a tree of legs. The first leg's CallSid is our `callId`, that of a leg created by <Dial> our `legId`. The
// first leg of an incoming call counts as answered as soon as TwiML runs: only the others know whether anybody talked.

interface Settings {
  accountSid?: string; authToken?: string; apiKey?: string; apiSecret?: string; region?: string;
  sipDomain?: string; operators?: string; callerId?: string; recordCalls?: boolean;
  flow?: boolean; ring?: string; ringSeconds?: number; nobody?: string; language?: string; phoneNumbers?: string;
}
const settings = Namespace.params.data as Settings;

// --------------------------------------------------------------------------------------------------------- webhooks

/** Reads a parameter of a request; missing ones are empty. */
type Read = (name: string) => string;

export async function VoipParseWebhookRequest(request: FetchRequest): Promise<VoipWebhookParseResult> {
  const parameters = parametersOf(request);
  if (!await isSigned(request, parameters)) {
    return { response: new HttpResponse().status(403).json({ error: 'The signature is missing or wrong.' }) };
  }
  const field: Read = (name) => parameters.get(name) ?? '';
  // The suffix that we, or the administrator, appended to the address.
  const hint: Read = (name) => [request.query[name] ?? ''].flat()[0] ?? '';
  switch (request.path) {
    case FLOW.call: return callFlow(field, hint);
    case FLOW.answered: return operatorAnswered(field, hint);
    case FLOW.leg: return legOfFlow(field, hint);
    case FLOW.room: return roomOfFlow(field, hint);
    case FLOW.over: return leftRoom(field, hint);
    default: return reported(field, hint);
  }
}

async function reported(field: Read, hint: Read): Promise<VoipWebhookParseResult> {
  if (field('RecordingStatus')) {
    return recorded(field, hint);
  }
  if (field('StatusCallbackEvent')) {
    return inConference(field, hint);
  }
  if (!field('CallSid') || !isStatus(field('CallStatus'))) {
    return {}; // messages, speech, machine detection on its own and the like
  }
  if (field('ReferTransferTarget')) {
    return referred(field);
  }
  await keepLeg(field);
  const result = field('ParentCallSid') ? await dialledLeg(field, hint) : await firstLeg(field, hint);
  if (field('CallbackSource')) {
    return result;
  }
  return { ...result, response: twiml('') }; // a voice or action URL: its answer is read as TwiML
}

/** How a leg ended, by CallStatus. */
const ENDED = new Map([
  ['completed', VoipCallDisposition.Answered],
  ['busy', VoipCallDisposition.Busy],
  ['no-answer', VoipCallDisposition.NoAnswer],
  ['canceled', VoipCallDisposition.Cancelled],
  ['failed', VoipCallDisposition.Failed],
]);

const IN_PROGRESS = new Set(['queued', 'initiated', 'ringing', 'in-progress', 'answered']);

function isStatus(text: string): boolean {
  return ENDED.has(text) || IN_PROGRESS.has(text);
}

/** A leg created by <Dial>: an operator's if a client calls, otherwise the client's. */
async function dialledLeg(field: Read, hint: Read): Promise<VoipWebhookParseResult> {
  const callId = field('ParentCallSid');
  const leg = { ...when(field), ...await partiesOfDialled(field, hint), callId, legId: field('CallSid') };
  const events = [eventOf(field, leg)];
  const seconds = field('CallStatus') === 'completed' ? Number(field('CallDuration')) : 0;
  if (!seconds) {
    return { events };
  }
  return { events, callRecord: { callId, duration: await talkOf(callId, field('CallSid'), seconds) } };
}

/** The first leg of a call. */
async function firstLeg(field: Read, hint: Read): Promise<VoipWebhookParseResult> {
  const callId = field('CallSid');
  const parties = partiesOfFirst({ from: field('From'), to: field('To'), direction: field('Direction') }, hint);
  if (!parties) {
    return {}; // an operator is called whose client is not known yet; the client's leg will report it
  }
  const leg = { ...when(field), ...parties, callId, callerName: field('CallerName') || undefined };
  if (field('DialCallStatus')) {
    return dialOver(field, leg);
  }
  if (field('RecordingUrl') && !field('CallbackSource')) {
    const message = recordingOf(field, callId);
    return { event: start(leg), callRecord: { ...message, disposition: VoipCallDisposition.Voicemail } };
  }
  const event = eventOf(field, leg);
  const isClient = field('Direction').startsWith('outbound') && !parties.dstPhoneExt; // called directly by the API
  if (event.event === VoipWebhookEvent.NotifyAnswer && !isClient) {
    event.event = VoipWebhookEvent.NotifyStart; // TwiML runs, or the operator of a click-to-call picked up
  }
  if (event.event !== VoipWebhookEvent.NotifyEnd) {
    return { event };
  }
  if (event.disposition === VoipCallDisposition.Answered && !isClient) {
    event.disposition = VoipCallDisposition.Unknown;
  }
  if (await isOperatorOfRoom(callId)) {
    event.legId = callId; // the client may be with somebody else by now
  }
  const recording = field('RecordingUrl') ? recordingOf(field, callId) : undefined;
  const talk = isClient && Number(field('CallDuration'));
  const callRecord = recording ?? (talk ? { callId, duration: talk } : undefined);
  return { event, callRecord };
}

/** The action URL of <Dial> with the result of the leg it created. */
async function dialOver(field: Read, leg: Leg): Promise<VoipWebhookParseResult> {
  const legId = field('DialCallSid') || undefined;
  const { callId } = leg;
  const disposition = ENDED.get(field('DialCallStatus')) ?? VoipCallDisposition.Answered;
  const events: VoipWebhookRequest[] = [start(leg)];
  if (legId) {
    events.push({ ...when(field), event: VoipWebhookEvent.NotifyEnd, callId, legId, disposition });
  }
  if (ENDED.has(field('CallStatus'))) {
    const ofCall = legId ? VoipCallDisposition.Unknown : disposition;
    events.push({ ...leg, event: VoipWebhookEvent.NotifyEnd, disposition: ofCall });
  }
  const seconds = Number(field('DialCallDuration'));
  const duration = legId && seconds ? await talkOf(callId, legId, seconds) : undefined;
  if (field('RecordingUrl')) {
    return { events, callRecord: { ...recordingOf(field, callId), duration } };
  }
  return { events, callRecord: duration ? { callId, duration } : undefined };
}

type Leg = Omit<VoipWebhookRequest, 'event'> & { callId: string };

function start(leg: Leg): VoipWebhookRequest {
  return { ...leg, event: VoipWebhookEvent.NotifyStart, disposition: VoipCallDisposition.Unknown };
}

function eventOf(field: Read, leg: Leg): VoipWebhookRequest {
  const disposition = ENDED.get(field('CallStatus'));
  if (disposition) {
    return { ...leg, event: VoipWebhookEvent.NotifyEnd, disposition };
  }
  if (field('CallStatus') !== 'in-progress' && field('CallStatus') !== 'answered') {
    return start(leg);
  }
  const machine = /^(machine|fax)/.test(field('AnsweredBy'));
  return {
    ...leg, event: VoipWebhookEvent.NotifyAnswer,
    disposition: machine ? VoipCallDisposition.Voicemail : VoipCallDisposition.Unknown,
  };
}

/** `Timestamp` is in whole seconds; `SequenceNumber` counts within a leg. */
function when(field: Read): { occurredAt?: string; sequence?: number } {
  const at = new Date(field('Timestamp'));
  return {
    occurredAt: Number.isNaN(at.getTime()) ? undefined : at.toISOString(),
    sequence: /^\d+$/.test(field('SequenceNumber')) ? Number(field('SequenceNumber')) : undefined,
  };
}

/** Total talk time of a call's legs, in seconds. */
async function talkOf(callId: string, leg: string, seconds: number): Promise<number> {
  const add = (legs: Record<string, number> = {}) => ({ ...legs, [leg]: seconds });
  const legs = await Namespace.storage.update<Record<string, number>>(`talk ${callId}`, add, { ttlSeconds: DAY });
  return Object.values(legs ?? {}).reduce((sum, each) => sum + each, 0);
}

const DAY = 24 * 3600;

/** The telephone requested a transfer (SIP REFER). */
function referred(field: Read): VoipWebhookParseResult {
  const callId = field('ParentCallSid') || field('CallSid');
  const redirectTo = operatorOf(field('ReferTransferTarget'));
  const event = VoipWebhookEvent.NotifyRedirect;
  const events = redirectTo ? [{ event, disposition: VoipCallDisposition.Unknown, callId, redirectTo }] : [];
  return { events, response: twiml('') };
}

/**
 * A conference set up by the customer. Its callbacks contain legs at most, and those of a caller and of operators called
 * by the API have nothing else in common.
 */
async function inConference(field: Read, hint: Read): Promise<VoipWebhookParseResult> {
  const [leg, kind] = [field('CallSid'), field('StatusCallbackEvent')];
  const isHold = HOLDS.has(kind);
  if (!leg || !(isHold || kind === 'participant-join' || kind === 'participant-leave')) {
    return {};
  }
  const ends = await legKnown(leg, !isHold);
  const isCalled = !!ends?.direction.startsWith('outbound');
  const operator = ends && (isCalled ? operatorOf(ends.to) : callerOf(ends.from));
  if (isHold) {
    return operator && !ends.parent ? {} : held(field, hint('call') || ends?.parent || leg);
  }
  if (!ends || ends.parent) {
    return {};
  }
  const { occurredAt } = when(field);
  const add = (known: Conference = { operators: {} }): Conference => {
    if (kind !== 'participant-join' || isCalled !== !!operator) {
      return known; // a client who was called, or an operator who calls out
    }
    return operator
      ? { ...known, operators: { ...known.operators, [leg]: { operator, occurredAt } } }
      : { ...known, caller: { ...ends, leg } };
  };
  const conference = await Namespace.storage.update(`conference ${field('ConferenceSid')}`, add, { ttlSeconds: DAY });
  return { events: conference ? operatorsIn(conference, kind === 'participant-leave' ? leg : '', occurredAt) : [] };
}

interface Conference {
  caller?: Ends & { leg: string };
  /** By leg. */
  operators: Record<string, { operator: string; occurredAt?: string }>;
}

/** The participant who left; otherwise those who are present. */
function operatorsIn({ caller, operators }: Conference, left: string, leftAt?: string): VoipWebhookRequest[] {
  if (!caller) {
    return [];
  }
  return Object.entries(operators).filter(([leg]) => !left || leg === left).map(([legId, { operator, occurredAt }]) => ({
    ...incoming(caller.from, caller.to, operator), callId: caller.leg, legId,
    event: left ? VoipWebhookEvent.NotifyEnd : VoipWebhookEvent.NotifyAnswer,
    disposition: left ? VoipCallDisposition.Answered : VoipCallDisposition.Unknown,
    occurredAt: left ? leftAt : occurredAt,
  }));
}

function held(field: Read, callId: string): VoipWebhookParseResult {
  const event = HOLDS.get(field('StatusCallbackEvent'));
  const { occurredAt } = when(field);
  return event && callId ? { event: { event, disposition: VoipCallDisposition.Unknown, callId, occurredAt } } : {};
}

const HOLDS = new Map([
  ['participant-hold', VoipWebhookEvent.NotifyHold],
  ['participant-unhold', VoipWebhookEvent.NotifyUnhold],
]);

async function recorded(field: Read, hint: Read): Promise<VoipWebhookParseResult> {
  if (field('RecordingStatus') !== 'completed') {
    return {};
  }
  // For a recorded conference, only the conference is reported, so the call must be in the address.
  const callId = hint('call') || await firstLegOf(field('CallSid'), field('RecordingSource') === 'StartCallRecordingAPI');
  if (!callId) {
    return {};
  }
  const record = recordingOf(field, callId);
  if (field('RecordingSource') === 'RecordVerb') {
    return { callRecord: { ...record, disposition: VoipCallDisposition.Voicemail } };
  }
  return { callRecord: { callId, call: record.call } }; // its length is not that of the talk
}

interface Recording { recordingSid: string }

function recordingOf(field: Read, callId: string): VoipCallRecord {
  const recordingSid = field('RecordingSid') || field('RecordingUrl').replace(/^.*\//, '').replace(/\..*$/, '');
  const call: Recording = { recordingSid };
  return { callId, duration: Number(field('RecordingDuration')) || undefined, call };
}

// ----------------------------------------------------------------------------------------------- who is who in a leg

/** What Twilio reports about a leg. */
interface Ends { from: string; to: string; direction: string; parent?: string }

type Parties = Pick<VoipWebhookRequest, 'direction' | 'srcPhone' | 'srcPhoneExt' | 'dstPhone' | 'dstPhoneExt' | 'line'>;

function incoming(client: string, line: string, operator?: string): Parties {
  return {
    direction: VoipCallDirection.In, srcPhone: numberOf(client), srcPhoneExt: operator,
    dstPhone: line ? numberOf(line) : operator ?? 'anonymous', line: lineOf(line),
  };
}

function outgoing(operator: string | undefined, line: string, client: string): Parties {
  return {
    direction: VoipCallDirection.Out, srcPhone: operator ?? numberOf(line), dstPhone: numberOf(client),
    dstPhoneExt: operator, line: lineOf(line),
  };
}

function internal(caller: string, called: string): Parties {
  return { direction: VoipCallDirection.Internal, srcPhone: caller, dstPhone: called };
}

/** A call by an operator, if known, to a colleague or a client. */
function callBy(operator: string | undefined, called: string | undefined, line: string, client: string): Parties {
  return operator && called ? internal(operator, called) : outgoing(operator, line, client);
}

/** The parties may be given in the callback's address by whoever wrote it. */
function hinted(hint: Read, line = ''): Parties | undefined {
  const [operator, client] = [hint('operator'), hint('client')];
  if (!operator || !client) {
    return undefined;
  }
  return hint('way') === 'in' ? incoming(client, hint('line'), operator) : outgoing(operator, hint('line') || line, client);
}

function partiesOfFirst({ from, to, direction }: Ends, hint: Read): Parties | undefined {
  const given = hinted(hint, from);
  if (given) {
    return given;
  }
  const [caller, called] = [callerOf(from), operatorOf(to)];
  if (direction.startsWith('outbound')) { // called by the API
    return called ? undefined : outgoing(undefined, from, to);
  }
  if (!caller) {
    return incoming(from, to, called);
  }
  // A desk phone or a Voice SDK client calls out. An SDK client may pass the callee in its own parameters.
  return to ? callBy(caller, called, '', to) : undefined;
}

async function partiesOfDialled(field: Read, hint: Read): Promise<Parties> {
  const [from, to] = [field('From'), field('To')];
  const [caller, called] = [callerOf(from), operatorOf(to)];
  const given = hinted(hint, from);
  if (given) {
    return given;
  }
  const operator = hint('operator');
  if (operator) {
    return called ? incoming(from, '', operator) : outgoing(operator, from, to);
  }
  // A dialled telephone number is a client's, or that of an operator to whom the call is forwarded.
  const first = await legKnown(field('ParentCallSid'), !called && !caller);
  if (!first) {
    return called && !caller ? incoming(from, '', called) : callBy(caller, called, from, to);
  }
  if (first.direction.startsWith('outbound')) {
    const own = operatorOf(first.to);
    return own ? callBy(own, called, from, to) : outgoing(called ?? idOf(to), first.from, first.to);
  }
  const own = callerOf(first.from);
  return own ? callBy(own, called, from, to) : incoming(first.from, first.to, called ?? idOf(to));
}

async function keepLeg(field: Read): Promise<void> {
  const parent = field('ParentCallSid') || undefined;
  const ends: Ends = { from: field('From'), to: field('To'), direction: field('Direction'), parent };
  await Namespace.storage.set(`leg ${field('CallSid')}`, ends, { ttlSeconds: DAY });
}

/** A leg as known from its own callbacks; otherwise, if needed, from the API. */
async function legKnown(sid: string, ask: boolean): Promise<Ends | undefined> {
  const make = async () => {
    const { from, to, direction, parent_call_sid } =
      await api<{ from: string; to: string; direction: string; parent_call_sid?: string }>('GET', `/Calls/${sid}.json`);
    return { value: { from, to, direction, parent: parent_call_sid ?? undefined }, ttlSeconds: DAY };
  };
  try {
    const key = `leg ${sid}`;
    return ask ? await Namespace.storage.remember<Ends>(key, make) : await Namespace.storage.get<Ends>(key);
  } catch (error) {
    console.warn(`The parties of leg ${sid} are unknown:`, error);
    return undefined;
  }
}

async function firstLegOf(sid: string, ask = false): Promise<string> {
  return sid && ((await legKnown(sid, ask))?.parent ?? sid);
}

// ------------------------------------------------------------------------------------------------ addresses, operators

const SIP = /sips?:([^@;?>\s]+)@([^;?>:\s]+)/i;
const NUMBER = /^(\+\d{5,15}|\d{7,15})$/;
/** Withheld numbers, and dialled codes that are not addresses, such as *98. */
const NOBODY = /^(anonymous|restricted|unknown|unavailable|private|[*#].*)$/i;

/** The operators from the settings. */
const listed: VoipMember[] = (settings.operators ?? '').split(/[,;\n]/).flatMap((entry) => {
  const [id, name] = entry.split('=').map((part) => part.trim());
  const address = idOf(id);
  return address ? [{ id: address, name: name || address }] : [];
});

const listsClients = listed.some(({ id }) => id.startsWith('client:'));
const sipHosts = (settings.sipDomain ?? '').toLowerCase().split(/[,;\s]+/).filter(Boolean);

/** The member that an address belongs to; `undefined` if it is a client's. */
function operatorOf(address: string): string | undefined {
  const id = idOf(address);
  if (listed.some((member) => member.id === id)) {
    return id;
  }
  if (id.startsWith('client:')) {
    return listsClients || NOBODY.test(id.slice(7)) ? undefined : id;
  }
  const host = SIP.exec(address)?.[2]?.toLowerCase();
  if (!host || NUMBER.test(id) || NOBODY.test(id)) {
    return undefined;
  }
  return !sipHosts.length || isOwn(host) ? id : undefined;
}

/** A host from the settings, or a Twilio SIP domain, where telephones have to register. */
function isOwn(host: string): boolean {
  return sipHosts.includes(host) || host.endsWith('.sip.twilio.com');
}

/**
 * The calling member. Numbers can be forged, and an operator's mobile calls in as a client's does: it never calls out.
 * Users of an own SIP domain may have names that consist of digits.
 */
function callerOf(address: string): string | undefined {
  const id = idOf(address);
  const isUser = !id.startsWith('+') && isOwn(SIP.exec(address)?.[2]?.toLowerCase() ?? '');
  return NUMBER.test(id) && !isUser ? undefined : operatorOf(address);
}

/** The member id of an address: the user of a SIP address, a number without blanks, anything else as is. */
function idOf(address: string): string {
  const user = SIP.exec(address)?.[1];
  if (user !== undefined) {
    return decoded(user);
  }
  return address.startsWith('+') ? address.replace(/[\s().-]/g, '') : address.replace(/^client:/i, 'client:');
}

/** A client's number, or the company's. */
function numberOf(address: string): string {
  const user = SIP.exec(address)?.[1];
  if (user !== undefined && NUMBER.test(decoded(user))) {
    return decoded(user);
  }
  return /^client:/i.test(address) && NOBODY.test(address.slice(7)) ? 'anonymous' : address || 'anonymous';
}

function lineOf(address: string): string | undefined {
  const number = numberOf(address);
  return NUMBER.test(number) ? number : undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Where to call a member. */
function addressOf(id: string): string {
  if (id.startsWith('client:') || id.startsWith('+')) {
    return id;
  }
  if (!sipHosts[0]) {
    throw new Error('The SIP domain is not set: enter it in the module\'s settings.');
  }
  return `sip:${encodeURIComponent(id)}@${sipHosts[0]}`;
}

// -------------------------------------------------------------------------------------------------------- call flow
//
// A call of the flow is a conference named after its first leg. Operators are called through the API; whoever
// picks up first joins. Only reports from the conference and the legs become events.

/** Path suffixes of the flow's addresses. */
const FLOW = { call: '/flow', answered: '/flow/answered', leg: '/flow/leg', room: '/flow/room', over: '/flow/over' };

/** The client's label in the conference. */
const CLIENT = 'client';

/** What the flow's addresses contain about a call. */
interface About { call: string; client: string; line: string; way: 'in' | 'out' }

interface Room {
  about: About;
  /** The client's leg. */
  client?: string;
  /** The legs of operators called by the flow. */
  legs: Record<string, 'rings' | 'over'>;
  /** Whether all legs to ring have been created. */
  rung?: boolean;
  /** The leg of the operator who has the call. */
  taken?: string;
  /** Whether the client is on hold until the next operator picks up. */
  handedOn?: boolean;
  /** A colleague being consulted before a transfer. */
  consult?: { leg: string; to: string; joined: boolean };
  /** The legs of everybody consulted. */
  asked?: string[];
  /** Legs that handed the call over to a colleague. */
  moved: Record<string, { leg: string; to: string; talks: boolean }>;
  over?: boolean;
}

function roomOf(call: string): Promise<Room | undefined> {
  return Namespace.storage.get<Room>(`room ${call}`);
}

function changeRoom(call: string, change: (room: Room) => Room): Promise<Room | undefined> {
  return Namespace.storage.update<Room>(`room ${call}`, (room) => room && change(room), { ttlSeconds: DAY });
}

/** Creates the room. Returns whether it is new, so that a repeated voice request rings nobody twice. */
async function opens(call: string, room: Room): Promise<boolean> {
  let isNew = false;
  const keep = (kept: Room | undefined): Room => {
    isNew = kept === undefined;
    return kept ?? room;
  };
  await Namespace.storage.update<Room>(`room ${call}`, keep, { ttlSeconds: DAY });
  return isNew;
}

async function isOperatorOfRoom(firstLeg: string): Promise<boolean> {
  return (await roomOf(firstLeg))?.about.way === 'out';
}

/** Twilio's voice request: somebody calls a number, or an operator calls out. */
async function callFlow(field: Read, hint: Read): Promise<VoipWebhookParseResult> {
  if (!settings.flow) {
    const error = 'The call flow is switched off in the module\'s settings.';
    return { response: new HttpResponse().status(404).json({ error }) };
  }
  if (!field('CallSid')) {
    return { response: twiml('') };
  }
  await keepLeg(field);
  const operator = hint('operator') || callerOf(field('From'));
  if (!operator) {
    return callIn(field);
  }
  const called = operatorOf(field('To'));
  if (called && !hint('client')) {
    return callColleague(field, operator, called);
  }
  return callOut(field, operator, hint('client') || numberOf(field('To')));
}

async function callIn(field: Read): Promise<VoipWebhookParseResult> {
  const call = field('CallSid');
  const about: About = { call, client: numberOf(field('From')), line: numberOf(field('To')), way: 'in' };
  const callerName = field('CallerName') || undefined;
  const event = start({ ...incoming(about.client, about.line), callId: call, callerName });
  if (await opens(call, { about, client: call, legs: {}, moved: {} })) {
    const operators = (await whoRings()).filter((operator) => operator !== about.client);
    await Promise.all(operators.map((operator) => quietly(ring(about, operator))));
    const room = await changeRoom(call, (now) => ({ ...now, rung: true }));
    await hangUpRest(room);
    if (room && isForsaken(room)) {
      return { event, response: twiml(sorry()) };
    }
  }
  return { event, response: join(about, CLIENT, { starts: false, ends: true }) };
}

async function whoRings(): Promise<string[]> {
  const ids = (settings.ring ?? '').split(/[,;\n]/).map((id) => idOf(id.trim())).filter(Boolean);
  if (ids.length) {
    return ids;
  }
  const make = async () => {
    const members = await VoipGetMembers();
    return { value: members.map(({ id }) => id).slice(0, MOST_RINGING), ttlSeconds: 300 };
  };
  return await quietly(Namespace.storage.remember<string[]>('members', make)) ?? [];
}

/** Limited by the number of API requests that the server allows per call. */
const MOST_RINGING = 20;

async function callOut(field: Read, operator: string, client: string): Promise<VoipWebhookParseResult> {
  const call = field('CallSid');
  if (!NUMBER.test(client)) {
    console.warn(`${operator} dialled "${client}", which is not a phone number.`);
    return { response: twiml('<Hangup/>') };
  }
  const about: About = { call, client, line: settings.callerId ? callerId() : '', way: 'out' };
  const event = start({ ...outgoing(operator, about.line, client), callId: call, legId: call });
  if (await opens(call, { about, legs: {}, taken: call, moved: {} })) {
    const added = await quietly(addClient(about, operator));
    if (!added) {
      return { event, response: twiml('<Hangup/>') };
    }
    await changeRoom(call, (room) => ({ ...room, client: added.call_sid }));
  }
  return { event, response: join(about, operator, { starts: true, ends: true }) };
}

function addClient(about: About, operator: string): Promise<{ call_sid: string }> {
  return api('POST', `/Conferences/${about.call}/Participants.json`, {
    From: callerId(), To: about.client, Label: CLIENT, Beep: 'false', EndConferenceOnExit: 'true',
    ...progress(ownUrl(FLOW.leg, { ...about, operator, role: CLIENT })),
    ConferenceStatusCallback: ownUrl(FLOW.room, { ...about }), ConferenceStatusCallbackEvent: ROOM_EVENTS.split(' '),
    ...settings.recordCalls && {
      ConferenceRecord: 'record-from-start',
      ConferenceRecordingStatusCallback: ownUrl('', { call: about.call }),
    },
  });
}

/** Internal calls need no conference. */
function callColleague(field: Read, caller: string, called: string): VoipWebhookParseResult {
  const callId = field('CallSid');
  const noun = called.startsWith('client:') ? 'Client' : called.startsWith('+') ? 'Number' : 'Sip';
  const attributes = { statusCallback: ownUrl('', {}), statusCallbackEvent: PROGRESS };
  const address = noun === 'Client' ? called.slice('client:'.length) : addressOf(called);
  const dial = element('Dial', {}, element(noun, attributes, escapeXml(address)));
  return { event: start({ ...internal(caller, called), callId }), response: twiml(dial) };
}

/** Calls an operator; answering is handled at FLOW.answered. Returns the new leg. */
async function ring(about: About, operator: string, role: Record<string, string> = {}): Promise<string> {
  const query = { ...about, operator, ...role };
  const { sid } = await api<{ sid: string }>('POST', '/Calls.json', {
    To: addressOf(operator), From: NUMBER.test(about.line) ? about.line : callerId(),
    Url: ownUrl(FLOW.answered, query), Timeout: String(ringSeconds()), ...progress(ownUrl(FLOW.leg, query)),
  });
  await changeRoom(about.call, (room) => ({ ...room, legs: { [sid]: 'rings', ...room.legs } }));
  return sid;
}

function ringSeconds(): number {
  return Math.min(Math.max(settings.ringSeconds ?? 30, 5), 600);
}

/** An operator's telephone was picked up: checks whether the call is still available. */
async function operatorAnswered(field: Read, hint: Read): Promise<VoipWebhookParseResult> {
  const [about, leg] = [aboutOf(hint), field('CallSid')];
  const room = await changeRoom(about.call, (now) => {
    const isFree = !now.taken && !now.over && now.consult?.leg !== leg;
    return isFree ? { ...now, taken: leg } : now;
  });
  if (!leg || !room || room.over) {
    return { response: twiml('<Hangup/>') };
  }
  if (room.consult?.leg === leg) {
    return { response: join(about, hint('operator'), { starts: true, ends: false }) };
  }
  if (room.taken !== leg) {
    return { response: twiml('<Hangup/>') };
  }
  await hangUpRest(room);
  return { response: join(about, hint('operator'), { starts: true, ends: true }) };
}

/** The progress of a leg created by the flow. */
async function legOfFlow(field: Read, hint: Read): Promise<VoipWebhookParseResult> {
  const [leg, status] = [field('CallSid'), field('CallStatus')];
  const callId = hint('call') || leg;
  const parties = hinted(hint);
  if (!leg || !parties || !isStatus(status)) {
    return {};
  }
  const { occurredAt } = when(field);
  if (hint('role') === CLIENT) {
    if (ENDED.has(status)) {
      await endRoom(callId);
    }
    return { event: eventOf(field, { ...parties, callId, occurredAt }) };
  }
  if (ENDED.has(status)) {
    return { events: await operatorLeft(callId, leg, hint, { occurredAt, status }) };
  }
  const begin = start({ ...parties, callId, legId: leg, occurredAt });
  if (hint('role') === 'consult') {
    return {}; // the client is still with the other operator
  }
  const from = hint('from');
  if (!from || status !== 'initiated') {
    return { event: begin };
  }
  const redirect = { ...begin, ...hinted(as(from, hint)), event: VoipWebhookEvent.NotifyRedirect, legId: undefined };
  return { events: [{ ...redirect, redirectTo: hint('operator') }, begin] };
}

/** Events of the conference. */
async function roomOfFlow(field: Read, hint: Read): Promise<VoipWebhookParseResult> {
  const [callId, leg, label] = [hint('call'), field('CallSid'), field('ParticipantLabel')];
  const { occurredAt } = when(field);
  const isClient = label === CLIENT;
  const call = { callId, occurredAt, disposition: VoipCallDisposition.Unknown };
  switch (field('StatusCallbackEvent')) {
    case 'participant-join': return isClient ? {} : operatorJoined(callId, leg, as(label, hint), occurredAt);
    case 'participant-hold':
    case 'participant-unhold': return isClient ? held(field, callId) : {};
    case 'participant-leave': {
      if (!isClient) {
        return { events: await operatorLeft(callId, leg, as(label, hint), { occurredAt }) };
      }
      await endRoom(callId);
      const disposition = unanswered(field('ParticipantCallStatus'));
      return { event: { ...call, event: VoipWebhookEvent.NotifyEnd, disposition } };
    }
    case 'conference-end':
      await endRoom(callId);
      return { event: { ...call, event: VoipWebhookEvent.NotifyEnd } };
    default: return {};
  }
}

async function operatorJoined(
  callId: string, leg: string, hint: Read, occurredAt?: string,
): Promise<VoipWebhookParseResult> {
  const room = await changeRoom(callId, (now) => {
    return now.consult?.leg === leg ? { ...now, consult: { ...now.consult, joined: true } } : now;
  });
  if (room?.taken !== leg || leg === callId) {
    return {}; // a colleague who is asked; or the operator who calls out, while the client's telephone rings
  }
  if (room.handedOn) {
    await quietly(holdClient(callId, false));
  }
  const parties = hinted(hint);
  const event = VoipWebhookEvent.NotifyAnswer;
  return { event: { ...parties, event, disposition: VoipCallDisposition.Unknown, callId, legId: leg, occurredAt } };
}

/**
 * An operator's leg has ended. If they were consulting a colleague, the colleague now has the call; if it was the colleague,
 * the client is back with the operator. Idempotent, because both the leg and the conference report it.
 */
async function operatorLeft(
  callId: string, leg: string, hint: Read, { occurredAt, status = '' }: { occurredAt?: string; status?: string },
): Promise<VoipWebhookRequest[]> {
  let back: string | undefined; // the leg that has the client again, or now
  const room = await changeRoom(callId, (now) => {
    back = undefined;
    const legs: Room['legs'] = { ...now.legs, [leg]: 'over' };
    const consult = now.consult;
    if (consult?.leg === leg) {
      back = now.taken;
      return { ...now, legs, consult: undefined };
    }
    if (!consult || now.taken !== leg) {
      return { ...now, legs };
    }
    back = consult.joined ? consult.leg : undefined;
    const moved = { ...now.moved, [leg]: { leg: consult.leg, to: consult.to, talks: consult.joined } };
    return { ...now, legs, moved, consult: undefined, taken: back, handedOn: true };
  });
  if (back) {
    await quietly(holdClient(callId, false));
    await quietly(changeParticipant(callId, back, { EndConferenceOnExit: 'true' }));
  } else if (room && isForsaken(room)) {
    await letGo(callId);
  }
  const tookOver = Object.values(room?.moved ?? {}).some((moved) => moved.leg === leg);
  if (room?.asked?.includes(leg) && !tookOver) {
    return [];
  }
  const common = { callId, occurredAt, disposition: VoipCallDisposition.Unknown };
  const ends = { ...common, ...hinted(hint), event: VoipWebhookEvent.NotifyEnd, legId: leg };
  // "completed" may be a telephone picked up too late: the conference has reported who talked.
  const events: VoipWebhookRequest[] = [{ ...ends, disposition: unanswered(status) }];
  const moved = room?.moved[leg];
  if (moved) {
    const next = { ...common, ...hinted(as(moved.to, hint)), legId: moved.leg };
    const event = moved.talks ? VoipWebhookEvent.NotifyAnswer : VoipWebhookEvent.NotifyStart;
    const redirect = { ...ends, event: VoipWebhookEvent.NotifyRedirect, legId: undefined, redirectTo: moved.to };
    events.unshift(redirect, { ...next, event });
  }
  return events;
}

/** <Dial> has ended for this leg: for the first leg of an incoming call, the caller has left. */
async function leftRoom(field: Read, hint: Read): Promise<VoipWebhookParseResult> {
  const [callId, response] = [hint('call'), twiml('<Hangup/>')];
  if (!callId || callId !== field('CallSid') || hint('way') !== 'in') {
    return { response };
  }
  await endRoom(callId);
  return { event: { event: VoipWebhookEvent.NotifyEnd, disposition: VoipCallDisposition.Unknown, callId }, response };
}

/** How an unanswered leg ended. */
function unanswered(status: string): VoipCallDisposition {
  const disposition = ENDED.get(status);
  return !disposition || disposition === VoipCallDisposition.Answered ? VoipCallDisposition.Unknown : disposition;
}

/** The same for another operator. */
function as(operator: string, hint: Read): Read {
  return (name) => name === 'operator' ? operator : hint(name);
}

function aboutOf(hint: Read): About {
  return { call: hint('call'), client: hint('client'), line: hint('line'), way: hint('way') === 'out' ? 'out' : 'in' };
}

/** Whether nobody is left for the client to wait for. */
function isForsaken(room: Room): boolean {
  return !!room.rung && !room.taken && !room.over && Object.values(room.legs).every((leg) => leg === 'over');
}

/** Tells the client that nobody is available, and ends the call. */
async function letGo(call: string): Promise<void> {
  const room = await changeRoom(call, (now) => ({ ...now, over: true }));
  if (room?.client) {
    await quietly(api('POST', `/Calls/${room.client}.json`, { Twiml: xml(sorry()) }));
  }
}

/** The client is gone: ends all other legs. */
async function endRoom(call: string): Promise<void> {
  let wasOpen = false;
  const room = await changeRoom(call, (now) => {
    wasOpen = !now.over;
    return { ...now, over: true };
  });
  if (!room || !wasOpen) {
    return;
  }
  await hangUpRest(room);
  if (room.about.way === 'out' && room.taken) {
    await quietly(hangUp(room.taken)); // the conference may never have had the client in it
  }
}

async function hangUpRest(room: Room | undefined): Promise<void> {
  if (!room?.taken && !room?.over) {
    return;
  }
  const rest = Object.entries(room.legs).filter(([leg, state]) => state === 'rings' && leg !== room.taken);
  await Promise.all(rest.map(([leg]) => quietly(hangUp(leg))));
}

// ------------------------------------------------------------------------------------------------------------ TwiML

const PROGRESS = 'initiated ringing answered completed';
const ROOM_EVENTS = 'join leave hold end';

function twiml(verbs: string): HttpResponse {
  return new HttpResponse().header('content-type', 'text/xml').content(xml(verbs));
}

function xml(verbs: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Response>${verbs}</Response>`;
}

type Attributes = Record<string, string | boolean>;

function element(name: string, attributes: Attributes, content: string): string {
  const all = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(String(value))}"`);
  return `<${name}${all.join('')}>${content}</${name}>`;
}

function sorry(): string {
  const text = settings.nobody ? element('Say', { language: settings.language || 'en-US' }, escapeXml(settings.nobody)) : '';
  return `${text}<Hangup/>`;
}

function join(about: About, label: string, { starts, ends }: { starts: boolean; ends: boolean }): HttpResponse {
  const recording: Attributes = settings.recordCalls
    ? { record: 'record-from-start', recordingStatusCallback: ownUrl('', { call: about.call }) }
    : {};
  const conference = element('Conference', {
    participantLabel: label, beep: false, startConferenceOnEnter: starts, endConferenceOnExit: ends,
    statusCallback: ownUrl(FLOW.room, { ...about }), statusCallbackEvent: ROOM_EVENTS, ...recording,
  }, escapeXml(about.call));
  return twiml(element('Dial', { action: ownUrl(FLOW.over, { ...about }) }, conference));
}

/** An address of this module for Twilio to call. */
function ownUrl(path: string, query: Record<string, string>, webhookUrl = Namespace.webhookUrl): string {
  if (!webhookUrl) {
    throw new Error('The server does not know its own address: set its public URL.');
  }
  const url = new URL(webhookUrl);
  url.pathname = url.pathname.replace(/\/+$/, '') + path;
  Object.entries(query).forEach(([name, value]) => url.searchParams.append(name, value));
  return url.href;
}

function progress(url: string): Form {
  return { StatusCallback: url, StatusCallbackEvent: PROGRESS.split(' ') };
}

// -------------------------------------------------------------------------------------------------------- signatures

/** The parameters of a request: its form or, for a GET, its query. JSON bodies are never about calls. */
function parametersOf(request: FetchRequest): URLSearchParams {
  if (request.method !== 'GET') {
    return formFields(request);
  }
  const parameters = new URLSearchParams();
  for (const [name, values] of Object.entries(request.query)) {
    [values].flat().forEach((value) => parameters.append(name, value));
  }
  return parameters;
}

/**
 * HMAC-SHA1 of the URL followed, for a form, by each name and value sorted by name. Any other body is
 * covered by its hash in the URL.
 */
async function isSigned(request: FetchRequest, parameters: URLSearchParams): Promise<boolean> {
  const given = request.headers['x-twilio-signature'] ?? '';
  const token = required('authToken', 'Auth Token');
  const hash = request.query.bodySHA256;
  if (hash !== undefined && hash !== await sha256(request.body)) {
    return false;
  }
  const form = hash === undefined && request.method !== 'GET' ? sorted(parameters) : '';
  for (const url of spellings(request.url)) {
    const signature = await crypto.hmac('SHA-1', token, url + form);
    if (crypto.timingSafeEqual(signature.toBase64(), given)) {
      return true;
    }
  }
  return false;
}

function sorted(form: URLSearchParams): string {
  const names = [...new Set(form.keys())].sort();
  return names.flatMap((name) => [...new Set(form.getAll(name))].sort().map((value) => name + value)).join('');
}

/** Twilio is inconsistent about the port and about escapes in the query. */
function spellings(url: string): Set<string> {
  const [, scheme, name, port, path, query] = /^(https?):\/\/([^/?#]*?)(:\d+)?([/][^?#]*)?(?:\?(.*))?$/.exec(url) ?? [];
  if (!scheme) {
    return new Set([url]);
  }
  const ports = [port ?? '', '', scheme === 'https' ? ':443' : ':80'];
  const queries = query === undefined ? [''] : [`?${query}`, `?${new URLSearchParams(query)}`];
  return new Set(ports.flatMap((each) => queries.map((search) => `${scheme}://${name}${each}${path ?? ''}${search}`)));
}

async function sha256(body: string | ArrayBuffer | undefined): Promise<string> {
  const bytes = body instanceof ArrayBuffer ? body : new TextEncoder().encode(body ?? '');
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)).toHex();
}

// -------------------------------------------------------------------------------------------------------------- API

export async function VoipTestConnection(): Promise<VoipTestConnectionResult> {
  try {
    const token = required('authToken', 'Auth Token');
    const account = await api<{ friendly_name?: string; status?: string }>('GET', '.json', undefined, [accountSid(), token]);
    if (account.status !== 'active') {
      const message = `The Twilio account is ${account.status ?? 'not usable'}: check the Twilio Console.`;
      return { success: false, message };
    }
    if (settings.apiKey) {
      await api('GET', '/IncomingPhoneNumbers.json?PageSize=1');
    }
    return { success: true, message: `Connected to the account "${account.friendly_name ?? accountSid()}".` };
  } catch (error) {
    return { success: false, message: error instanceof Error ? error.message : String(error) };
  }
}

/** Users of SIP credential lists and the operators from the settings, whose names take precedence. */
export async function VoipGetMembers(): Promise<VoipMember[]> {
  const lists = await pages<{ sid: string }>('/SIP/CredentialLists.json?PageSize=100', 'credential_lists');
  const members = new Map<string, VoipMember>();
  for (const { sid } of lists) {
    const path = `/SIP/CredentialLists/${sid}/Credentials.json?PageSize=100`;
    const credentials = await pages<{ username: string }>(path, 'credentials');
    credentials.forEach(({ username }) => members.set(username, { id: username, name: username }));
  }
  listed.forEach((member) => members.set(member.id, member));
  return [...members.values()];
}

/** Rings the operator, then the client. */
export async function VoipGenerateCall(srcPhone: string, dstPhone: string): Promise<void> {
  const client = dstPhone.replace(/[^\d+]/g, '');
  if (!NUMBER.test(client)) {
    throw new Error(`"${dstPhone}" is not a phone number that can be called.`);
  }
  const line = callerId();
  const about = { way: 'out', operator: srcPhone, client, line };
  const call = settings.flow
    ? { Url: ownUrl(FLOW.call, about), ...progress(ownUrl(FLOW.leg, { ...about, role: 'caller' })) }
    : { Twiml: xml(dial(client, line, ownUrl('', about))), ...progress(ownUrl('', about)) };
  await api('POST', '/Calls.json', { To: addressOf(srcPhone), From: line, ...call });
}

function dial(client: string, line: string, url: string): string {
  const recording: Attributes = settings.recordCalls
    ? { record: 'record-from-answer-dual', recordingStatusCallback: ownUrl('', {}) }
    : {};
  const number = element('Number', { statusCallback: url, statusCallbackEvent: PROGRESS }, escapeXml(client));
  return element('Dial', { callerId: line, ...recording }, number);
}

export function VoipGetCallLink({ recordingSid }: Recording): VoipCallLink {
  if (!recordingSid) {
    throw new Error('Twilio did not say which recording belongs to this call.');
  }
  const url = `${base()}/Recordings/${encodeURIComponent(recordingSid)}.mp3`;
  return { url, headers: { authorization: basic(credentials()) } };
}

/** While ringing, ends the call for this operator only; otherwise for everybody. */
export async function VoipHangupCall(_src: string, _dst: string, call: VoipCallContext): Promise<void> {
  const first = firstLegIn(call);
  if (call.legId && call.legId !== first && call.direction !== 'out') {
    const { status } = await api<{ status: string }>('GET', `/Calls/${call.legId}.json`);
    if (status !== 'in-progress') {
      return hangUp(call.legId);
    }
  }
  await hangUp((await roomOf(first))?.client ?? first);
}

export async function VoipHoldCall(_src: string, _dst: string, hold: boolean, call: VoipCallContext): Promise<void> {
  await openRoom(call);
  await holdClient(firstLegIn(call), hold);
}

export async function VoipMuteCall(_src: string, _dst: string, mute: boolean, call: VoipCallContext): Promise<void> {
  const { leg } = await openRoom(call);
  await changeParticipant(firstLegIn(call), leg, { Muted: String(mute) });
}

/** The client waits on hold until the other operator picks up; if nobody does, the client is told. */
export async function VoipRedirectCall(_src: string, _dst: string, redirectTo: string, call: VoipCallContext): Promise<void> {
  const { room, leg } = await openRoom(call);
  await ring(room.about, redirectTo, { from: call.operator.extension });
  if (room.taken === leg) {
    await leaveAlone(room.about.call, leg);
    const handedOn = await changeRoom(room.about.call, (now) => ({ ...now, taken: undefined, rung: true, handedOn: true }));
    if (handedOn && isForsaken(handedOn)) {
      await letGo(room.about.call); // already busy
    }
  }
  await hangUp(leg);
}

/** Holds the client and calls the colleague. When operator or colleague hangs up, the other one gets the client. */
export async function VoipAttendedTransfer(_src: string, _dst: string, redirectTo: string, call: VoipCallContext): Promise<void> {
  const { room, leg } = await openRoom(call);
  if (room.consult) {
    throw new Error(`${room.consult.to} is already being consulted.`);
  }
  const { call: id } = room.about;
  const asked = await ring(room.about, redirectTo, { role: 'consult' });
  const consult = { leg: asked, to: redirectTo, joined: false };
  const now = await changeRoom(id, (known) => {
    const isOver = known.legs[asked] === 'over';
    return { ...known, asked: [...known.asked ?? [], asked], consult: isOver ? undefined : consult };
  });
  if (!now?.consult) {
    throw new Error(`${redirectTo} cannot be reached.`);
  }
  await leaveAlone(id, leg);
}

/** The client waits with music, and stays if the operator leaves. */
async function leaveAlone(call: string, leg: string): Promise<void> {
  await holdClient(call, true);
  await changeParticipant(call, leg, { EndConferenceOnExit: 'false' });
}

/** The room of a call in progress, and the leg of the operator who clicked. */
async function openRoom(call: VoipCallContext): Promise<{ room: Room; leg: string }> {
  const room = await roomOf(firstLegIn(call));
  const leg = call.legId ?? room?.taken;
  if (!room || room.over || !leg) {
    throw new Error('This call does not go through the module\'s call flow, so Twilio can only end it.');
  }
  return { room, leg };
}

function holdClient(call: string, hold: boolean): Promise<unknown> {
  return changeParticipant(call, CLIENT, { Hold: String(hold) });
}

async function changeParticipant(call: string, participant: string, change: Form): Promise<unknown> {
  const query = new URLSearchParams({ FriendlyName: call, Status: 'in-progress' });
  const { conferences } = await api<{ conferences?: { sid: string }[] }>('GET', `/Conferences.json?${query}`);
  const sid = conferences?.[0]?.sid;
  if (!sid) {
    throw new Error('The conference of this call is over.');
  }
  return api('POST', `/Conferences/${sid}/Participants/${participant}.json`, change);
}

async function hangUp(leg: string): Promise<void> {
  await api('POST', `/Calls/${leg}.json`, { Status: 'completed' });
}

function firstLegIn(call: VoipCallContext): string {
  if (!call.callId) {
    throw new Error('Twilio\'s id of this call is not known, so it cannot be controlled.');
  }
  return call.callId;
}

/** A failing side effect must not lose the event. */
async function quietly<T>(doing: Promise<T>): Promise<T | undefined> {
  try {
    return await doing;
  } catch (error) {
    console.warn(error);
    return undefined;
  }
}

/** Sets the webhook URL of the configured numbers. Addresses set by others are kept. */
export async function VoipOnWebhookUpdated(webhookUrl: string): Promise<void> {
  const before = await Namespace.storage.get<string>('webhook');
  const hosts = [webhookUrl, before].flatMap((url) => url ? [new URL(url).host] : []);
  const isOurs = (url?: string | null) => !url || url === DEMO || (URL.canParse(url) && hosts.includes(new URL(url).host));
  const left: string[] = [];
  const numbers = (settings.phoneNumbers ?? '').split(/[,;\n]/).map((text) => text.replace(/[^\d+]/g, ''));
  for (const number of numbers.filter(Boolean)) {
    const path = `/IncomingPhoneNumbers.json?${new URLSearchParams({ PhoneNumber: number })}`;
    const [own] = await pages<PhoneNumber>(path, 'incoming_phone_numbers');
    if (!own) {
      left.push(`${number} is not a number of this Twilio account.`);
      continue;
    }
    const change: Form = {};
    if (isOurs(own.status_callback)) {
      Object.assign(change, { StatusCallback: webhookUrl, StatusCallbackMethod: 'POST' });
    } else {
      left.push(`${number} has another status callback.`);
    }
    if (settings.flow && isOurs(own.voice_url) && !own.voice_application_sid && !own.trunk_sid) {
      Object.assign(change, { VoiceUrl: ownUrl(FLOW.call, {}, webhookUrl), VoiceMethod: 'POST' });
    } else if (settings.flow) {
      left.push(`${number} has another voice URL, application or trunk.`);
    }
    if (Object.keys(change).length) {
      await api('POST', `/IncomingPhoneNumbers/${own.sid}.json`, change);
    }
  }
  await Namespace.storage.set('webhook', webhookUrl);
  if (left.length) {
    const advice = 'To connect them to this module, enter the module\'s address in the Twilio Console.';
    throw new Error(`Not all addresses were set at Twilio. ${left.join(' ')} ${advice}`);
  }
}

interface PhoneNumber {
  sid: string; status_callback?: string | null; voice_url?: string | null;
  voice_application_sid?: string | null; trunk_sid?: string | null;
}

/** The default voice URL of a new number. */
const DEMO = 'https://demo.twilio.com/welcome/voice/';

type Form = Record<string, string | string[]>;

const MOST_PAGES = 20;

async function pages<T>(path: string, name: string): Promise<T[]> {
  const all: T[] = [];
  let next: string | undefined = path;
  for (let page = 0; next && page < MOST_PAGES; page++) {
    const answer: Record<string, unknown> = await api('GET', next);
    all.push(...answer[name] as T[] ?? []);
    const uri = answer.next_page_uri; // /2010-04-01/Accounts/AC…/…
    next = typeof uri === 'string' ? uri.replace(/^\/2010-04-01\/Accounts\/[^/.]+/, '') : undefined;
  }
  return all;
}

async function api<T = unknown>(method: 'GET' | 'POST', path: string, form?: Form, login = credentials()): Promise<T> {
  const headers: Record<string, string> = { authorization: basic(login) };
  const body = new URLSearchParams();
  for (const [name, values] of Object.entries(form ?? {})) {
    [values].flat().forEach((value) => body.append(name, value));
  }
  let response: Response;
  try {
    response = await fetch(base() + path, form ? { method, headers, body } : { method, headers });
  } catch (error) {
    console.warn('Twilio cannot be reached:', error);
    throw new Error('Twilio cannot be reached: try again later.');
  }
  const answer = await response.json().catch(() => undefined) as T & Refusal | undefined;
  if (response.ok && typeof answer === 'object' && answer && !Array.isArray(answer)) {
    return answer;
  }
  throw new Error(reason(response.status, answer));
}

interface Refusal { code?: number; message?: string }

function reason(status: number, refusal: Refusal | undefined): string {
  const message = refusal?.message;
  const said = message ? ` It said: ${/[.!?]$/.test(message) ? message : `${message}.`}` : '';
  if (refusal?.code === 70051) {
    return `The API key lacks permission for this: grant it in the Twilio Console, or use a standard key.${said}`;
  }
  if (refusal?.code === 21220) {
    return `Twilio says that this call has already ended.${said}`;
  }
  if (status < 300) {
    return 'Twilio\'s answer could not be read: try again later.';
  }
  switch (status) {
    case 401: return 'Twilio did not accept the credentials: check Account SID, Auth Token or API key, and the region, '
      + `in the module's settings.${said}`;
    case 403: return `Twilio does not allow this: check that the account is active and that the API key is allowed to do this.${said}`;
    case 404: return 'Twilio could not find what was requested: the call is over, or the Account SID or the region '
      + `in the module's settings is wrong.${said}`;
    case 429: return `Too many requests to Twilio at once: try again in a minute.${said}`;
    default: return status >= 500
      ? `Twilio's API is not working at the moment (status ${status}): try again later.${said}`
      : `Twilio refused the request (status ${status}).${said}`;
  }
}

function base(): string {
  const host = HOSTS[settings.region ?? 'us1'] ?? HOSTS.us1;
  return `https://${host}/2010-04-01/Accounts/${accountSid()}`;
}

const HOSTS: Record<string, string> = {
  us1: 'api.twilio.com',
  ie1: 'api.dublin.ie1.twilio.com',
  au1: 'api.sydney.au1.twilio.com',
};

function credentials(): [string, string] {
  return settings.apiKey
    ? [settings.apiKey, required('apiSecret', 'API key secret')]
    : [accountSid(), required('authToken', 'Auth Token')];
}

function basic([user, password]: [string, string]): string {
  return `Basic ${btoa(`${user}:${password}`)}`;
}

function accountSid(): string {
  return required('accountSid', 'Account SID');
}

function callerId(): string {
  return required('callerId', 'number for outgoing calls').replace(/[^\d+]/g, '');
}

function required(name: 'accountSid' | 'authToken' | 'apiSecret' | 'callerId', label: string): string {
  const value = settings[name]?.trim(); // pasted along
  if (!value) {
    throw new Error(`The ${label} is not set: enter it in the module's settings.`);
  }
  return value;
}
