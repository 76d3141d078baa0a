// Plivo Voice: its callbacks, its REST API (version 1) and an optional small call flow in Plivo XML.
//
// The reference is https://www.plivo.com/docs/voice. Comments here cover only what is not documented there,
// and the reasons.
//
// A Plivo call is an A leg and B legs created by <Dial>. The A leg's CallUUID is our `callId`, a B leg's is our `legId`. The
// A leg of an incoming call counts as answered as soon as XML runs: only the B legs know whether anybody talked. Most
// callbacks carry no time, so none of our events does.

interface Settings {
  authId?: string; authToken?: string; operators?: string; callerId?: string; recordCalls?: boolean; applicationId?: string;
  flow?: boolean; ring?: string; ringSeconds?: number; nobody?: string; language?: string;
}
const settings = Namespace.params.data as Settings;

// -------------------------------------------------------------------------------------------------------- callbacks

/** Reads a parameter of a callback; missing ones are empty. */
type Read = (name: string) => string;

export async function VoipParseWebhookRequest(request: FetchRequest): Promise<VoipWebhookParseResult> {
  const parameters = parametersOf(request);
  if (!await isSigned(request, parameters)) {
    return { response: new HttpResponse().status(403).json({ error: 'The signature is missing or wrong.' }) };
  }
  const field: Read = (name) => parameters.get(name) ?? '';
  const [, kind, ...parts] = request.path.split('/').map(decoded);
  const about = aboutOf(parts);
  switch (kind) {
    case FLOW.call: return callFlow(field, about);
    case FLOW.answered: return about ? answeredInFlow(field, about) : {};
    case FLOW.leg: return about ? legOfFlow(field, about) : {};
    case FLOW.room: return about ? roomOfFlow(field, about) : {};
    case FLOW.nobody: return { response: xml(sorry()) };
    case FLOW.dial: return about ? { response: xml(dial(about)) } : {};
    default: return reported(field, parameters.has('Digits'), about);
  }
}

async function reported(field: Read, hasDigits: boolean, about?: About): Promise<VoipWebhookParseResult> {
  if (field('EventName')) {
    return inMultiPartyCall(field);
  }
  if (field('DialAction')) {
    return dialledLeg(field, about);
  }
  const recording = recordingOf(field);
  if (recording && field('Event') !== 'Hangup') {
    return recorded(field, recording, hasDigits);
  }
  if (!field('CallUUID') || !isStatus(field('CallStatus'))) {
    return {}; // messages, digits, conferences and so on
  }
  await keepLeg(field);
  const parties = about ? partiesOf(about) : partiesOfFirst(endsOf(field));
  if (!parties) {
    return {}; // an operator is called whose client is not known yet; the client's leg will report it
  }
  const result = field('DialStatus') ? dialOver(field, parties) : await firstLeg(field, parties);
  const wantsXml = field('DialStatus') || field('Event') === 'StartApp';
  return wantsXml ? { ...result, response: xml('') } : { ...result, callRecord: result.callRecord ?? recording };
}

/** How a leg ended, by CallStatus. */
const ENDED = new Map([
  ['completed', VoipCallDisposition.Answered],
  ['busy', VoipCallDisposition.Busy],
  ['no-answer', VoipCallDisposition.NoAnswer],
  ['timeout', VoipCallDisposition.NoAnswer],
  ['cancel', VoipCallDisposition.Cancelled],
  ['failed', VoipCallDisposition.Failed],
]);

const IN_PROGRESS = new Set(['ringing', 'in-progress']);

function isStatus(text: string): boolean {
  return ENDED.has(text) || IN_PROGRESS.has(text);
}

type Leg = Omit<VoipWebhookRequest, 'event'> & { callId: string };

function start(leg: Leg): VoipWebhookRequest {
  return { ...leg, event: VoipWebhookEvent.NotifyStart, disposition: VoipCallDisposition.Unknown };
}

function answer(leg: Leg, field: Read): VoipWebhookRequest {
  const disposition = field('Machine') === 'true' ? VoipCallDisposition.Voicemail : VoipCallDisposition.Unknown;
  return { ...leg, event: VoipWebhookEvent.NotifyAnswer, disposition };
}

function end(leg: Leg, disposition = VoipCallDisposition.Unknown): VoipWebhookRequest {
  return { ...leg, event: VoipWebhookEvent.NotifyEnd, disposition };
}

/** The A leg. */
async function firstLeg(field: Read, parties: Parties): Promise<VoipWebhookParseResult> {
  const callId = field('CallUUID');
  const leg: Leg = { ...parties, callId, callerName: callerNameOf(field) };
  const isClient = field('Direction') === 'outbound' && !parties.dstPhoneExt; // called directly by the API
  const status = field('CallStatus');
  if (!ENDED.has(status)) {
    // XML is running, or the operator of a click-to-call picked up: the client has not answered.
    return { event: status === 'in-progress' && isClient ? answer(leg, field) : start(leg) };
  }
  const room = await roomOf(callId);
  if (room?.about.way === 'out') { // the client may be with somebody else by now
    return { events: await operatorLeft(callId, callId, room.about, status) };
  }
  await endRoom(callId);
  const seconds = isClient && status === 'completed' ? Number(field('Duration')) : 0;
  return {
    event: end(leg, isClient ? ENDED.get(status) : unanswered(status)),
    callRecord: seconds ? { callId, duration: seconds } : undefined,
  };
}

/** A B leg, reported to the callbackUrl of <Dial>: an operator's if a client calls, otherwise the client's. */
async function dialledLeg(field: Read, about?: About): Promise<VoipWebhookParseResult> {
  const callId = field('DialALegUUID') || field('CallUUID');
  const legId = field('DialBLegUUID');
  if (!callId || !legId) {
    return {};
  }
  const leg: Leg = { ...about ? partiesOf(about) : await partiesOfDialled(field, callId), callId, legId };
  switch (field('DialAction')) {
    case 'answer':
    case 'connected': return { events: [start(leg), answer(leg, field)] };
    case 'hangup': break;
    default: return {}; // digits
  }
  const seconds = Number(field('DialBLegDuration'));
  const events = [end(leg, seconds ? VoipCallDisposition.Answered : whyUnanswered(field))];
  return seconds ? { events, callRecord: { callId, duration: await talkOf(callId, legId, seconds) } } : { events };
}

/** By DialBLegHangupCauseCode or, if missing, by the cause itself. */
function whyUnanswered(field: Read): VoipCallDisposition {
  const code = Number(field('DialBLegHangupCauseCode'));
  const cause = field('DialBLegHangupCause').toUpperCase().replace(/[^A-Z]+/g, '_');
  const said = (codes: number[], causes: RegExp) => codes.includes(code) || (!code && causes.test(cause));
  if (said([3010, 3020], /BUSY|REJECT/)) {
    return VoipCallDisposition.Busy;
  }
  if (said([3000, 6010, 9100, 9110], /NO_ANSWER|NO_USER_RESPONSE|TIMEOUT/)) {
    return VoipCallDisposition.NoAnswer;
  }
  if (said([1000, 9000], /CANCEL|RACE/)) {
    return VoipCallDisposition.Cancelled;
  }
  const isNormal = code ? code >= 4000 && code < 5000 : cause.startsWith('NORMAL');
  return isNormal ? VoipCallDisposition.Unknown : unanswered(field('DialBLegStatus'), VoipCallDisposition.Failed);
}

/** The action URL of <Dial> with its result. The caller may continue to something else. */
function dialOver(field: Read, parties: Parties): VoipWebhookParseResult {
  const callId = field('CallUUID');
  const leg: Leg = { ...parties, callId };
  const disposition = ENDED.get(field('DialStatus'));
  return { event: start(leg), callRecord: disposition && { callId, disposition } };
}

/** Total talk time of a call's legs, in seconds. */
async function talkOf(callId: string, leg: string, seconds: number): Promise<number> {
  const add = (legs: Record<string, number> = {}) => ({ ...legs, [leg]: seconds });
  const legs = await Namespace.storage.update<Record<string, number>>(`talk ${callId}`, add, { ttlSeconds: DAY });
  return Object.values(legs ?? {}).reduce((sum, each) => sum + each, 0);
}

const DAY = 24 * 3600;

/**
 * A multiparty call set up by the customer. Its first customer identifies the call; only the name tells which call a
 * recording belongs to.
 */
async function inMultiPartyCall(field: Read): Promise<VoipWebhookParseResult> {
  const [kind, leg] = [field('EventName'), field('ParticipantCallUUID')];
  const isCustomer = /customer/i.test(field('ParticipantRole'));
  const event = HOLDS.get(kind);
  if (event) {
    return isCustomer && leg ? { event: { event, disposition: VoipCallDisposition.Unknown, callId: leg } } : {};
  }
  if (leg && (kind === 'ParticipantJoin' || kind === 'ParticipantExit')) {
    return { events: await participants(field, kind, leg, isCustomer) };
  }
  return recordingOfRoom(field);
}

function recordingOfRoom(field: Read): VoipWebhookParseResult {
  const [callId, recordingId] = [field('MPCName'), field('RecordingUUID')];
  const isThere = field('EventName') === 'MPCRecordingCompleted' && recordingId && UUID.test(callId);
  return isThere ? { callRecord: { callId, call: { recordingId } satisfies Recording } } : {};
}

interface MultiPartyCall {
  caller?: Ends & { leg: string };
  /** By leg. */
  agents: Record<string, string>;
}

async function participants(field: Read, kind: string, leg: string, isCustomer: boolean): Promise<VoipWebhookRequest[]> {
  const ends = await legKnown(leg, true);
  const agent = !isCustomer && ends ? (ends.direction === 'outbound' ? operatorOf(ends.to) : callerOf(ends.from)) : undefined;
  const call = await Namespace.storage.update<MultiPartyCall>(`mpc ${field('MPCUUID')}`, (known = { agents: {} }) => {
    if (!ends || kind === 'ParticipantExit') {
      return known;
    }
    const agents = agent ? { ...known.agents, [leg]: agent } : known.agents;
    return { agents, caller: known.caller ?? (isCustomer ? { ...ends, leg } : undefined) };
  }, { ttlSeconds: DAY });
  const { caller, agents = {} } = call ?? {};
  if (caller?.direction !== 'inbound') {
    return [];
  }
  const of = (legId: string) => ({ ...incoming(caller.from, caller.to, agents[legId]), callId: caller.leg, legId });
  if (kind === 'ParticipantExit') {
    return agents[leg] ? [end(of(leg), VoipCallDisposition.Answered)] : [];
  }
  return Object.keys(agents).map((legId) => answer(of(legId), () => ''));
}

const HOLDS = new Map([
  ['ParticipantHold', VoipWebhookEvent.NotifyHold],
  ['ParticipantUnhold', VoipWebhookEvent.NotifyUnhold],
]);

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

interface Recording { recordingId: string }

/** The callback's finished recording. Until finished, the duration is −1. */
function recordingOf(field: Read): VoipCallRecord | undefined {
  const recordingId = field('RecordingID');
  const call: Recording = { recordingId };
  return recordingId && Number(field('RecordingDuration')) > 0 ? { callId: field('CallUUID'), call } : undefined;
}

/** Only the action URL of a standalone <Record> has digits and a length: somebody left a message. */
function recorded(field: Read, recording: VoipCallRecord, hasDigits: boolean): VoipWebhookParseResult {
  if (!hasDigits) {
    return { callRecord: recording }; // its length is not that of the talk
  }
  const disposition = VoipCallDisposition.Voicemail;
  const callRecord = { ...recording, duration: Number(field('RecordingDuration')), disposition };
  return { callRecord, response: xml('') };
}

// ----------------------------------------------------------------------------------------------- who is who in a leg

/** What Plivo reports about a leg. */
interface Ends { from: string; to: string; direction: string }

type Parties = Pick<VoipWebhookRequest, 'direction' | 'srcPhone' | 'srcPhoneExt' | 'dstPhone' | 'dstPhoneExt' | 'line'>;

/** What the addresses of our own callbacks contain. */
interface About {
  way: 'in' | 'out'; call: string; operator: string; client: string; line: string;
  /** The leg's role, if it is not an operator who may take the call: CLIENT or CONSULT. */
  role?: string;
  /** The operator who transferred the call to this one. */
  from?: string;
}

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

function partiesOf({ way, operator, client, line }: About): Parties {
  return way === 'in' ? incoming(client, line, operator) : outgoing(operator, line, client);
}

function endsOf(field: Read): Ends {
  return { from: field('From'), to: field('To'), direction: field('Direction') };
}

function partiesOfFirst({ from, to, direction }: Ends): Parties | undefined {
  const [caller, called] = [callerOf(from), operatorOf(to)];
  if (direction === 'outbound') { // called by the API
    return called ? undefined : outgoing(undefined, from, to);
  }
  if (!caller) {
    return incoming(from, to, called);
  }
  return to ? callBy(caller, called, '', to) : undefined;
}

async function partiesOfDialled(field: Read, callId: string): Promise<Parties> {
  const [from, to] = [field('DialBLegFrom'), field('DialBLegTo')];
  const called = operatorOf(to);
  const first = await firstLegKnown(field, callId, !called && !callerOf(from));
  const caller = callerOf(first?.from || from);
  if (first?.direction === 'outbound') {
    const own = operatorOf(first.to);
    return own ? callBy(own, called, from, to) : outgoing(called ?? idOf(to), first.from, first.to);
  }
  // A dialled telephone number is a client's, or that of an operator to whom the call is forwarded.
  const isIncoming = !caller && (called || first);
  return isIncoming ? incoming(first?.from || from, first?.to ?? '', called ?? idOf(to)) : callBy(caller, called, from, to);
}

async function keepLeg(field: Read): Promise<void> {
  await Namespace.storage.set(`leg ${field('CallUUID')}`, endsOf(field), { ttlSeconds: DAY });
}

/** The A leg as known from this or other callbacks of the call; otherwise, if needed, from the API. */
async function firstLegKnown(field: Read, callId: string, ask: boolean): Promise<Ends | undefined> {
  return field('Direction') && field('From') ? endsOf(field) : legKnown(callId, ask);
}

async function legKnown(leg: string, ask: boolean): Promise<Ends | undefined> {
  const make = async () => {
    const { from, to, direction } = await api<Ends>('GET', `/Call/${leg}/?status=live`);
    return { value: { from, to, direction }, ttlSeconds: DAY };
  };
  try {
    const key = `leg ${leg}`;
    return ask ? await Namespace.storage.remember<Ends>(key, make) : await Namespace.storage.get<Ends>(key);
  } catch (error) {
    console.warn(`The parties of leg ${leg} are unknown:`, error);
    return undefined;
  }
}

// ------------------------------------------------------------------------------------------------ addresses, operators

const SIP = /sips?:([^@;?>\s]+)@([^;?>:\s]+)/i;
const NUMBER = /^\+?\d{7,15}$/;
/** Withheld numbers, and dialled codes that are not addresses, such as *98. */
const NOBODY = /^(anonymous|restricted|unknown|unavailable|private|[*#].*)$/i;

/** The operators from the settings, and where to call them. */
const listed: (VoipMember & { address: string })[] = (settings.operators ?? '').split(/[,;\n]/).flatMap((entry) => {
  const [address = '', name] = entry.split('=').map((part) => part.trim());
  const id = idOf(address);
  return id ? [{ id, name: name || id, address }] : [];
});

/** The member that an address belongs to; `undefined` if it is a client's. */
function operatorOf(address: string): string | undefined {
  const id = idOf(address);
  if (!id || listed.some((member) => member.id === id)) {
    return id || undefined;
  }
  const host = SIP.exec(address)?.[2]?.toLowerCase();
  const isEndpoint = host === undefined ? /^[a-z]\w*$/i.test(address) : host === 'plivo.com' || host.endsWith('.plivo.com');
  return isEndpoint && !NUMBER.test(id) && !NOBODY.test(id) ? id : undefined;
}

/** The calling member. Numbers can be forged, and an operator's mobile calls in as a client's does: it never calls out. */
function callerOf(address: string): string | undefined {
  return NUMBER.test(idOf(address)) ? undefined : operatorOf(address);
}

/** The member id of an address: the user of a SIP address, or a number with a plus. */
function idOf(address: string): string {
  return international(decoded(SIP.exec(address)?.[1] ?? address));
}

/** A client's number, or the company's. */
function numberOf(address: string): string {
  const id = idOf(address);
  return NUMBER.test(id) ? id : address || 'anonymous';
}

function lineOf(address: string): string | undefined {
  const number = numberOf(address);
  return NUMBER.test(number) ? number : undefined;
}

/** Numbers have a country code but mostly no plus. Numbers beginning with 0 have no country code. */
function international(number: string): string {
  const bare = number.replace(/[\s()-]/g, '');
  return /^[1-9]\d{7,14}$/.test(bare) ? `+${bare}` : /^\+\d+$/.test(bare) ? bare : number;
}

/** In call flows, a missing caller name is replaced by the number. */
function callerNameOf(field: Read): string | undefined {
  const name = field('CallerName');
  return name && !NUMBER.test(name.replace(/[\s()-]/g, '')) && name !== field('From') ? name : undefined;
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
  const address = listed.find((member) => member.id === id)?.address ?? id;
  if (NUMBER.test(id)) {
    return id.replace('+', '');
  }
  return SIP.test(address) ? address : `sip:${encodeURIComponent(id)}@phone.plivo.com`;
}

// -------------------------------------------------------------------------------------------------------- call flow
//
// A call of the flow is a multiparty call named after its A leg. Operators are called through the API; whoever
// picks up first joins.

/** Path suffixes of our own addresses. Details follow as further path segments. */
const FLOW = { call: 'flow', answered: 'answered', leg: 'leg', room: 'room', nobody: 'nobody', dial: 'dial' };
const PLAIN = 'call';

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

/** Creates the room. Returns whether it is new, so that a repeated request rings nobody twice. */
async function opens(call: string, room: Room): Promise<boolean> {
  let isNew = false;
  const keep = (kept: Room | undefined): Room => {
    isNew = kept === undefined;
    return kept ?? room;
  };
  await Namespace.storage.update<Room>(`room ${call}`, keep, { ttlSeconds: DAY });
  return isNew;
}

/** Plivo requests the answer URL: somebody calls a number, or an operator calls out. */
async function callFlow(field: Read, about?: About): Promise<VoipWebhookParseResult> {
  if (field('Event') === 'Hangup') { // also sent here if the application has no hangup URL
    return reported(field, false);
  }
  if (!settings.flow) {
    const error = 'The call flow is switched off in the module\'s settings.';
    return { response: new HttpResponse().status(404).json({ error }) };
  }
  if (!field('CallUUID')) {
    return { response: xml('') };
  }
  await keepLeg(field);
  const operator = about?.operator || callerOf(field('From'));
  if (!operator) {
    return callIn(field);
  }
  const called = operatorOf(field('To'));
  if (called && !about) {
    return callColleague(field, operator, called);
  }
  return callOut(field, operator, about?.client ?? numberOf(field('To')));
}

async function callIn(field: Read): Promise<VoipWebhookParseResult> {
  const call = field('CallUUID');
  const [client, line] = [numberOf(field('From')), numberOf(field('To'))];
  const about: About = { way: 'in', call, operator: '', client, line };
  const event = start({ ...incoming(client, line), callId: call, callerName: callerNameOf(field) });
  if (await opens(call, { about, client: call, legs: {}, moved: {} })) {
    const operators = (await whoRings()).filter((operator) => operator !== client);
    await Promise.all(operators.map((operator) => quietly(ring({ ...about, operator }))));
    const room = await changeRoom(call, (now) => ({ ...now, rung: true }));
    await hangUpRest(room);
    if (room && isForsaken(room)) {
      return { event, response: xml(sorry()) };
    }
  }
  return { event, response: join(about, 'Customer', { starts: false, ends: true }) };
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
  const call = field('CallUUID');
  if (!NUMBER.test(client)) {
    console.warn(`${operator} dialled "${client}", which is not a phone number.`);
    return { response: xml('<Hangup/>') };
  }
  const about: About = { way: 'out', call, operator, client, line: international(settings.callerId ?? '') };
  const event = start({ ...partiesOf(about), callId: call, legId: call });
  if (await opens(call, { about, legs: {}, taken: call, moved: {} })) {
    const leg = await quietly(callUp({ ...about, role: CLIENT }, client.replace('+', '')));
    if (!leg) {
      return { event, response: xml('<Hangup/>') };
    }
    await changeRoom(call, (room) => ({ ...room, client: leg }));
  }
  return { event, response: join(about, 'Agent', { starts: false, ends: false }) };
}

/** Internal calls need no multiparty call. */
function callColleague(field: Read, caller: string, called: string): VoipWebhookParseResult {
  const callId = field('CallUUID');
  const address = addressOf(called);
  const noun = element(SIP.test(address) ? 'User' : 'Number', {}, escapeXml(address));
  const verb = element('Dial', { callbackUrl: ownUrl(PLAIN), callbackMethod: 'POST' }, noun);
  return { event: start({ ...internal(caller, called), callId }), response: xml(verb) };
}

/** The role of the client's leg in our addresses. */
const CLIENT = 'client';
const CONSULT = 'consult';

/** Calls an operator; answering is handled at FLOW.answered. Returns the new leg. */
async function ring(about: About): Promise<string> {
  const leg = await callUp(about, addressOf(about.operator));
  await changeRoom(about.call, (room) => ({ ...room, legs: { [leg]: 'rings', ...room.legs } }));
  return leg;
}

async function callUp(about: About, to: string): Promise<string> {
  const call = await api<{ request_uuid: string }>('POST', '/Call/', {
    from: lineOf(about.line)?.replace('+', '') ?? callerId(), to, ring_timeout: ringSeconds(),
    answer_url: ownUrl(FLOW.answered, about), answer_method: 'POST',
    ring_url: ownUrl(FLOW.leg, about), ring_method: 'POST', hangup_url: ownUrl(FLOW.leg, about), hangup_method: 'POST',
  });
  return call.request_uuid;
}

function ringSeconds(): number {
  return Math.min(Math.max(settings.ringSeconds ?? 30, 5), 600);
}

/** The leg of a flow's callback. In older traffic, the requested call and the actual call have different ids. */
function legOf(field: Read): string {
  return field('RequestUUID') || field('CallUUID');
}

/** A telephone called by the flow was picked up: checks whether the call is still available. */
async function answeredInFlow(field: Read, about: About): Promise<VoipWebhookParseResult> {
  const [leg, callId] = [legOf(field), about.call];
  if (field('Event') === 'Hangup') {
    return legOfFlow(field, about);
  }
  if (!leg || !isStatus(field('CallStatus'))) {
    return {};
  }
  if (about.role === CLIENT) {
    const response = join(about, 'Customer', { starts: true, ends: true });
    return { event: answer({ ...partiesOf(about), callId }, field), response };
  }
  const room = await changeRoom(callId, (now) => {
    if (now.consult?.leg === leg) {
      return { ...now, consult: { ...now.consult, joined: true } };
    }
    return now.taken || now.over ? now : { ...now, taken: leg };
  });
  const isAsked = room?.consult?.leg === leg;
  if (!room || room.over || (room.taken !== leg && !isAsked)) {
    return { response: xml('<Hangup/>') };
  }
  const response = join(about, 'Agent', { starts: true, ends: false });
  if (isAsked) {
    return { response }; // the client is still with the other operator
  }
  await hangUpRest(room);
  if (room.handedOn) {
    await quietly(holdClient(callId, false));
  }
  return { event: answer({ ...partiesOf(about), callId, legId: leg }, () => ''), response };
}

/** The progress of a leg created by the flow. */
async function legOfFlow(field: Read, about: About): Promise<VoipWebhookParseResult> {
  const [leg, status] = [legOf(field), field('CallStatus')];
  const callId = about.call || leg;
  if (!leg || !isStatus(status)) {
    return {};
  }
  const parties = partiesOf(about);
  if (about.role === CLIENT) {
    if (!ENDED.has(status)) {
      return { event: start({ ...parties, callId }) };
    }
    await endRoom(callId);
    return { event: end({ ...parties, callId }, ENDED.get(status)) };
  }
  if (ENDED.has(status)) {
    return { events: await operatorLeft(callId, leg, about, status) };
  }
  if (about.role === CONSULT) {
    return {};
  }
  const begin = start({ ...parties, callId, legId: leg });
  if (!about.from) {
    return { event: begin };
  }
  const redirect = { ...begin, ...partiesOf({ ...about, operator: about.from }), legId: undefined };
  return { events: [{ ...redirect, event: VoipWebhookEvent.NotifyRedirect, redirectTo: about.operator }, begin] };
}

/** Events of the multiparty call. */
async function roomOfFlow(field: Read, about: About): Promise<VoipWebhookParseResult> {
  const callId = about.call;
  const isClient = /customer/i.test(field('ParticipantRole'));
  const hold = HOLDS.get(field('EventName'));
  if (hold) {
    return isClient ? { event: { event: hold, disposition: VoipCallDisposition.Unknown, callId } } : {};
  }
  if (field('EventName') === 'MPCEnd' || (isClient && field('EventName') === 'ParticipantExit')) {
    await endRoom(callId);
    return { event: end({ callId }) };
  }
  return recordingOfRoom(field);
}

/**
 * An operator's leg has ended. If they were consulting a colleague, the colleague now has the call; if it was the colleague,
 * the client is back with the operator. Idempotent: a repeated report changes nothing and returns the same events.
 */
async function operatorLeft(callId: string, leg: string, about: About, status: string): Promise<VoipWebhookRequest[]> {
  let [back, hadIt] = [false, false];
  const room = await changeRoom(callId, (now) => {
    const { consult } = now;
    const legs: Room['legs'] = { ...now.legs, [leg]: 'over' };
    back = !!consult && (consult.leg === leg || (now.taken === leg && consult.joined));
    hadIt = !consult && now.taken === leg && !now.over;
    if (consult?.leg === leg) {
      return { ...now, legs, consult: undefined };
    }
    if (!consult || now.taken !== leg) {
      return { ...now, legs };
    }
    const moved = { ...now.moved, [leg]: { leg: consult.leg, to: consult.to, talks: consult.joined } };
    return { ...now, legs, moved, consult: undefined, taken: consult.joined ? consult.leg : undefined, handedOn: true };
  });
  if (back) {
    await quietly(holdClient(callId, false));
  } else if (room && hadIt) {
    await endRoom(callId); // the client would be left alone
  } else if (room && isForsaken(room)) {
    await letGo(room);
  }
  const tookOver = Object.values(room?.moved ?? {}).some((moved) => moved.leg === leg);
  if (about.role === CONSULT && !tookOver) {
    return [];
  }
  const ends: Leg = { ...partiesOf(about), callId, legId: leg };
  // "completed" may be a telephone picked up too late: who talked was reported when they joined.
  const events = [end(ends, unanswered(status))];
  const moved = room?.moved[leg];
  if (moved) {
    const next: Leg = { ...partiesOf({ ...about, operator: moved.to }), callId, legId: moved.leg };
    const redirect = { ...start({ ...ends, legId: undefined }), redirectTo: moved.to };
    const goesOn = moved.talks ? answer(next, () => '') : start(next);
    events.unshift({ ...redirect, event: VoipWebhookEvent.NotifyRedirect }, goesOn);
  }
  return events;
}

/** How an unanswered leg ended. */
function unanswered(status: string, otherwise = VoipCallDisposition.Unknown): VoipCallDisposition {
  const disposition = ENDED.get(status);
  return !disposition || disposition === VoipCallDisposition.Answered ? otherwise : disposition;
}

/** Whether nobody is left for the client to wait for. */
function isForsaken(room: Room): boolean {
  return !!room.rung && !room.taken && !room.over && Object.values(room.legs).every((leg) => leg === 'over');
}

/** Tells the client that nobody is available, and ends the call. */
async function letGo({ about, client }: Room): Promise<void> {
  await changeRoom(about.call, (now) => ({ ...now, over: true }));
  const to = { legs: 'aleg', aleg_url: ownUrl(FLOW.nobody), aleg_method: 'POST' };
  await quietly(api('POST', `/Call/${client ?? about.call}/`, to));
}

/** The client is gone or would be alone: ends all other legs. */
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
  const ends = room.about.way === 'out' ? [room.client, room.taken] : [room.client];
  await Promise.all(ends.flatMap((leg) => leg ? [quietly(hangUp(leg))] : []));
}

async function hangUpRest(room: Room | undefined): Promise<void> {
  if (!room?.taken && !room?.over) {
    return;
  }
  const rest = Object.entries(room.legs).filter(([leg, state]) => state === 'rings' && leg !== room.taken);
  await Promise.all(rest.map(([leg]) => quietly(api('DELETE', `/Request/${leg}/`))));
}

// -------------------------------------------------------------------------------------------------------- Plivo XML

function xml(verbs: string): HttpResponse {
  const text = `<?xml version="1.0" encoding="UTF-8"?><Response>${verbs}</Response>`;
  return new HttpResponse().header('content-type', 'text/xml').content(text);
}

type Attributes = Record<string, string | number | boolean>;

function element(name: string, attributes: Attributes, content: string): string {
  const all = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(String(value))}"`);
  return `<${name}${all.join('')}>${content}</${name}>`;
}

function sorry(): string {
  const language = settings.language || 'en-US';
  return `${settings.nobody ? element('Speak', { language }, escapeXml(settings.nobody)) : ''}<Hangup/>`;
}

function join(about: About, role: 'Agent' | 'Customer', { starts, ends }: { starts: boolean; ends: boolean }): HttpResponse {
  const url = ownUrl(FLOW.room, { ...about, operator: '', role: undefined, from: undefined });
  const recording: Attributes = settings.recordCalls
    ? { record: true, recordingCallbackUrl: url, recordingCallbackMethod: 'POST' }
    : {};
  return xml(element('MultiPartyCall', {
    role, startMpcOnEnter: starts, endMpcOnExit: ends, stayAlone: true, enterSound: 'none', exitSound: 'none',
    statusCallbackUrl: url, statusCallbackMethod: 'POST',
    statusCallbackEvents: 'mpc-state-changes,participant-state-changes',
    ...recording,
  }, escapeXml(about.call)));
}

/** Click to call without the flow: the operator picked up, so the client is called. */
function dial(about: About): string {
  const record = {
    recordSession: true, startOnDialAnswer: true, redirect: false, maxLength: 14_400,
    callbackUrl: ownUrl(PLAIN), callbackMethod: 'POST',
  };
  const number = element('Number', {}, escapeXml(about.client.replace('+', '')));
  const attributes = { callerId: about.line.replace('+', ''), callbackUrl: ownUrl(PLAIN, about), callbackMethod: 'POST' };
  return `${settings.recordCalls ? element('Record', record, '') : ''}${element('Dial', attributes, number)}`;
}

/**
 * An address of this module for Plivo to call. Details of the call are in the path, because Plivo signs queries in its own
 * order and with its own escaping.
 */
function ownUrl(kind: string, about?: About, webhookUrl = Namespace.webhookUrl): string {
  if (!webhookUrl) {
    throw new Error('The server does not know its own address: set its public URL.');
  }
  const url = new URL(webhookUrl);
  const { way, call, operator, client, line, role, from } = about ?? {};
  const parts = about ? [way, call, operator, client, line, role, from].map((part) => encodeURIComponent(part || '-')) : [];
  url.pathname = [url.pathname.replace(/\/+$/, ''), kind, ...parts].join('/');
  return url.href;
}

function aboutOf(parts: string[]): About | undefined {
  const [way, call, operator, client, line, role, from] = parts.map((part) => part === '-' ? '' : part);
  if (way !== 'in' && way !== 'out') {
    return undefined;
  }
  return { way, call: call ?? '', operator: operator ?? '', client: client ?? '', line: line ?? '', role, from };
}

// -------------------------------------------------------------------------------------------------------- signatures

/** The parameters of a callback: its form or, for a GET, its query. */
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
 * Version 3: the HMAC-SHA256 of address, form and nonce. The header may contain several signatures; a main account's token
 * also signs callbacks of its subaccounts.
 */
async function isSigned(request: FetchRequest, parameters: URLSearchParams): Promise<boolean> {
  const nonce = request.headers['x-plivo-signature-v3-nonce'];
  if (!nonce) {
    return false;
  }
  const form = request.method === 'GET' ? '' : sorted(parameters, '', '');
  const text = `${signedUrl(request.url, form !== '')}${form}.${nonce}`;
  const signature = (await crypto.hmac('SHA-256', required('authToken', 'Auth Token'), text)).toBase64();
  const given = [request.headers['x-plivo-signature-v3'], request.headers['x-plivo-signature-ma-v3']].join(',').split(',');
  return given.some((each) => crypto.timingSafeEqual(each.trim(), signature));
}

/** The address with its query sorted and unescaped, followed by a dot if a form follows. */
function signedUrl(url: string, hasForm: boolean): string {
  const [address = '', query = ''] = url.split(/\?(.*)/s);
  const parameters = sorted(new URLSearchParams(query), '=', '&');
  if (!parameters) {
    return hasForm ? `${address}?` : address;
  }
  return `${address}?${parameters}${hasForm ? '.' : ''}`;
}

function sorted(parameters: URLSearchParams, equals: string, between: string): string {
  const names = [...new Set(parameters.keys())].sort();
  return names.flatMap((name) => parameters.getAll(name).sort().map((value) => name + equals + value)).join(between);
}

// -------------------------------------------------------------------------------------------------------------- API

export async function VoipTestConnection(): Promise<VoipTestConnectionResult> {
  try {
    const { name, cash_credits } = await api<{ name?: string; cash_credits?: string }>('GET', '/');
    if (name === undefined) {
      const message = 'Plivo\'s answer is not that of an account: check the Auth ID in the module\'s settings.';
      return { success: false, message };
    }
    const credit = cash_credits === undefined ? '' : ` It has ${cash_credits} of credit.`;
    return { success: true, message: `Connected to the account "${name}".${credit}` };
  } catch (error) {
    return { success: false, message: error instanceof Error ? error.message : String(error) };
  }
}

/** Plivo's endpoints and the operators from the settings, whose names take precedence. */
export async function VoipGetMembers(): Promise<VoipMember[]> {
  const members = new Map<string, VoipMember>();
  for (let page = 0; page < MOST_PAGES; page++) {
    const path = `/Endpoint/?limit=${PAGE}&offset=${page * PAGE}`;
    const { meta, objects } = await api<{ meta?: { next?: string | null }; objects?: Endpoint[] }>('GET', path);
    (objects ?? []).forEach(({ username, alias }) => members.set(username, { id: username, name: alias || username }));
    if (!meta?.next) {
      break;
    }
  }
  listed.forEach(({ id, name }) => members.set(id, { id, name }));
  return [...members.values()];
}

interface Endpoint { username: string; alias?: string }

const PAGE = 20; // at most
const MOST_PAGES = 40;

/** Rings the operator, then the client. */
export async function VoipGenerateCall(srcPhone: string, dstPhone: string): Promise<void> {
  const client = international(dstPhone.replace(/[^\d+]/g, ''));
  if (!NUMBER.test(client)) {
    throw new Error(`"${dstPhone}" is not a phone number that can be called.`);
  }
  const about: About = { way: 'out', call: '', operator: srcPhone, client, line: `+${callerId()}` };
  const [answered, status] = settings.flow ? [FLOW.call, FLOW.leg] : [FLOW.dial, PLAIN];
  await api('POST', '/Call/', {
    from: callerId(), to: addressOf(srcPhone), answer_url: ownUrl(answered, about), answer_method: 'POST',
    ring_url: ownUrl(status, about), ring_method: 'POST', hangup_url: ownUrl(status, about), hangup_method: 'POST',
  });
}

/** Fetched for each playback; whether the link needs credentials is set in Plivo's console. */
export async function VoipGetCallLink({ recordingId }: Recording): Promise<VoipCallLink> {
  if (!recordingId) {
    throw new Error('Plivo did not say which recording belongs to this call.');
  }
  const { recording_url } = await api<{ recording_url?: string }>('GET', `/Recording/${encodeURIComponent(recordingId)}/`);
  if (!recording_url || !URL.canParse(recording_url)) {
    throw new Error('Plivo no longer has the file of this recording. It deletes files some time after the call.');
  }
  const isPlivos = /^https:\/\/[\w.-]+\.plivo\.com$/.test(new URL(recording_url).origin);
  return isPlivos ? { url: recording_url, headers: { authorization: authorization() } } : { url: recording_url };
}

/** Ends the call for everybody; while the flow is still ringing, only for this operator. */
export async function VoipHangupCall(_src: string, _dst: string, call: VoipCallContext): Promise<void> {
  const callId = callIdOf(call);
  const room = await roomOf(callId);
  if (room && call.legId && room.legs[call.legId] === 'rings' && room.taken !== call.legId) {
    await api('DELETE', `/Request/${call.legId}/`);
    return;
  }
  await hangUp(room?.client ?? callId);
}

/** Sends tones to the client: their leg of a call made by <Dial>, or their own call in a multiparty call. */
export async function VoipSendDtmf(_src: string, _dst: string, digits: string, call: VoipCallContext): Promise<void> {
  const callId = callIdOf(call);
  const room = await roomOf(callId);
  const isClientsOwn = !!room || call.direction === 'in';
  await api('POST', `/Call/${room?.client ?? callId}/DTMF/`, { digits, leg: isClientsOwn ? 'aleg' : 'bleg' });
}

export async function VoipHoldCall(_src: string, _dst: string, hold: boolean, call: VoipCallContext): Promise<void> {
  const { room } = await openRoom(call);
  await holdClient(room.about.call, hold);
}

export async function VoipMuteCall(_src: string, _dst: string, mute: boolean, call: VoipCallContext): Promise<void> {
  const { room, leg } = await openRoom(call);
  await changeParticipant(room.about.call, (participant) => participant.call_uuid === leg, { mute });
}

/** The client waits on hold until the other operator picks up; if nobody does, the client is told. */
export async function VoipRedirectCall(_src: string, _dst: string, redirectTo: string, call: VoipCallContext): Promise<void> {
  const { room, leg } = await openRoom(call);
  await ring({ ...room.about, operator: redirectTo, from: call.operator.extension });
  if (room.taken !== leg) {
    await api('DELETE', `/Request/${leg}/`); // it was only ringing
    return;
  }
  await holdClient(room.about.call, true);
  const handedOn = await changeRoom(room.about.call, (now) => ({ ...now, taken: undefined, rung: true, handedOn: true }));
  if (handedOn && isForsaken(handedOn)) {
    await letGo(handedOn); // already busy
  }
  await hangUp(leg);
}

/** Holds the client and calls the colleague. When operator or colleague hangs up, the other one gets the client. */
export async function VoipAttendedTransfer(_src: string, _dst: string, redirectTo: string, call: VoipCallContext): Promise<void> {
  const { room } = await openRoom(call);
  if (room.consult) {
    throw new Error(`${room.consult.to} is already being consulted.`);
  }
  const { call: id } = room.about;
  const leg = await ring({ ...room.about, operator: redirectTo, role: CONSULT });
  const consult = { leg, to: redirectTo, joined: false };
  const now = await changeRoom(id, (known) => ({ ...known, consult: known.legs[leg] === 'over' ? undefined : consult }));
  if (!now?.consult) {
    throw new Error(`${redirectTo} cannot be reached.`);
  }
  await holdClient(id, true);
}

/** The room of a call in progress, and the leg of the operator who clicked. */
async function openRoom(call: VoipCallContext): Promise<{ room: Room; leg: string }> {
  const room = await roomOf(callIdOf(call));
  const leg = call.legId ?? room?.taken;
  if (!room || room.over || !leg) {
    throw new Error('This call does not go through the module\'s call flow, so Plivo can only end it.');
  }
  return { room, leg };
}

interface Participant { member_id: string; call_uuid: string; role: string; exit_time?: string | null }

function holdClient(call: string, hold: boolean): Promise<void> {
  return changeParticipant(call, ({ role }) => /customer/i.test(role), { hold });
}

async function changeParticipant(call: string, which: (participant: Participant) => boolean, change: object): Promise<void> {
  const path = `/MultiPartyCall/name_${call}/Participant/`;
  const { objects } = await api<{ objects?: Participant[] }>('GET', path);
  const participant = objects?.find((each) => !each.exit_time && which(each));
  if (!participant) {
    throw new Error('The multiparty call of this call is over.');
  }
  await api('POST', `${path}${participant.member_id}/`, change);
}

async function hangUp(leg: string): Promise<void> {
  await api('DELETE', `/Call/${leg}/`);
}

function callIdOf(call: VoipCallContext): string {
  if (!call.callId) {
    throw new Error('Plivo\'s id of this call is not known, so it cannot be controlled.');
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

/** Sets the webhook URL in the configured application. Addresses set by others are kept. */
export async function VoipOnWebhookUpdated(webhookUrl: string): Promise<void> {
  if (!settings.applicationId) {
    return;
  }
  const before = await Namespace.storage.get<string>('webhook');
  const hosts = [webhookUrl, before].flatMap((url) => url ? [new URL(url).host] : []);
  const isOurs = (url?: string | null) => !url || (URL.canParse(url) && hosts.includes(new URL(url).host));
  const path = `/Application/${encodeURIComponent(settings.applicationId.trim())}/`;
  const application = await api<{ answer_url?: string | null; hangup_url?: string | null }>('GET', path);
  const change: Record<string, string> = {};
  const left: string[] = [];
  // Plivo shows the answer URL as the hangup URL if none is set.
  if (isOurs(application.hangup_url) || application.hangup_url === application.answer_url) {
    Object.assign(change, { hangup_url: ownUrl(PLAIN, undefined, webhookUrl), hangup_method: 'POST' });
  } else {
    left.push('hangup URL');
  }
  if (settings.flow && isOurs(application.answer_url)) {
    Object.assign(change, { answer_url: ownUrl(FLOW.call, undefined, webhookUrl), answer_method: 'POST' });
  } else if (settings.flow) {
    left.push('answer URL');
  }
  if (Object.keys(change).length) {
    await api('POST', path, change);
  }
  await Namespace.storage.set('webhook', webhookUrl);
  if (left.length) {
    const advice = 'To connect it to this module, enter the module\'s address in the Plivo console.';
    throw new Error(`The application has another ${left.join(' and another ')}. ${advice}`);
  }
}

async function api<T = unknown>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<T> {
  const headers: Record<string, string> = { authorization: authorization() };
  if (body) {
    headers['content-type'] = 'application/json';
  }
  let response: Response;
  try {
    const url = `https://api.plivo.com/v1/Account/${required('authId', 'Auth ID')}${path}`;
    response = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  } catch (error) {
    console.warn('Plivo cannot be reached:', error);
    throw new Error('Plivo cannot be reached: try again later.');
  }
  const answer = await response.json().catch(() => undefined) as T & { error?: unknown } | undefined;
  const isObject = typeof answer === 'object' && answer && !Array.isArray(answer);
  if (response.ok && (isObject || response.status === 204)) {
    return answer as T;
  }
  throw new Error(reason(response.status, answer?.error));
}

function reason(status: number, error: unknown): string {
  const said = typeof error === 'string' && error ? ` It said: ${/[.!?]$/.test(error) ? error : `${error}.`}` : '';
  if (status < 300) {
    return 'Plivo\'s answer could not be read: try again later.';
  }
  switch (status) {
    case 401: return `Plivo did not accept the credentials: check Auth ID and Auth Token in the module's settings.${said}`;
    case 403: return 'Plivo does not allow this: check the account\'s balance, and its geo permissions '
      + `for calls to that country.${said}`;
    case 404: return `Plivo could not find what was requested: the call is over, or it belongs to another account.${said}`;
    case 429: return `Too many requests to Plivo at once: try again in a minute.${said}`;
    default: return status >= 500
      ? `Plivo's API is not working at the moment (status ${status}): try again later.${said}`
      : `Plivo refused the request (status ${status}).${said}`;
  }
}

function authorization(): string {
  return `Basic ${btoa(`${required('authId', 'Auth ID')}:${required('authToken', 'Auth Token')}`)}`;
}

/** In Plivo's format: without the plus. */
function callerId(): string {
  return required('callerId', 'number for outgoing calls').replace(/\D/g, '');
}

function required(name: 'authId' | 'authToken' | 'callerId', label: string): string {
  const value = settings[name]?.trim(); // blanks are pasted along
  if (!value) {
    throw new Error(`The ${label} is not set: enter it in the module's settings.`);
  }
  return value;
}
