// FreeSWITCH: its JSON call records (mod_json_cdr), one for each leg of a call once that leg has ended.
//
// Reference: https://developer.signalwire.com/freeswitch/FreeSWITCH-Explained/Modules/mod_json_cdr_3965134.
// What is not documented there, and how certain it is, is in README.md.

interface Settings {
  extensions?: string; credentials?: string;
  recordingsUrl?: string; recordingsFolder?: string; recordingsCredentials?: string;
}
const settings = Namespace.params.data as Settings;

// ---------------------------------------------------------------------------------------------------------- records

/** The relevant parts of a record. Variables are URL-encoded strings. */
interface Cdr { variables?: Record<string, unknown>; callflow?: Flow[]; app_log?: { applications?: Application[] } }
interface Application { app_name?: string; app_data?: string }

/** A route that the leg took, newest first. Times are in microseconds; "0" means never. */
interface Flow { caller_profile?: Profile; times?: Record<string, string | number | undefined> }

interface Profile {
  uuid?: string; caller_id_number?: string; caller_id_name?: string; destination_number?: string;
  originator?: { originator_caller_profiles?: Profile[] }; originatee?: { originatee_caller_profiles?: Profile[] };
}

/** A parsed leg. */
interface Leg {
  uuid: string; variable: (name: string) => string; flows: Flow[]; applications: Application[];
}

export async function VoipParseWebhookRequest(request: FetchRequest): Promise<VoipWebhookParseResult> {
  if (settings.credentials && !hasCredentials(request.headers.authorization ?? '', settings.credentials)) {
    const answer = new HttpResponse().status(401).header('www-authenticate', 'Basic realm="records"');
    return { response: answer.json({ error: 'User or password is missing or wrong.' }) };
  }
  const leg = legIn(cdrIn(textOf(request.body)));
  if (!leg) {
    return {};
  }
  await Namespace.storage.set(HEARD, new Date().toISOString());
  const parent = parentOf(leg);
  return parent ? partOf(leg, parent) : callOf(leg);
}

function hasCredentials(authorization: string, credentials: string): boolean {
  const expected = new TextEncoder().encode(credentials).toBase64();
  return crypto.timingSafeEqual(authorization, `Basic ${expected}`);
}

/** The body is JSON, a URL-encoded form field or a base64 one; the content type is unreliable. */
function cdrIn(body: string): Cdr | undefined {
  const text = body.trim();
  const field = /^cdr=(.*)$/s.exec(text)?.[1];
  try {
    const json = field === undefined ? text : /^[\w+/\s]+=*$/.test(field) ? fromBase64(field) : decoded(field);
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
  } catch {
    console.warn('A request that is not a record in JSON was accepted and ignored.');
    return undefined;
  }
}

function fromBase64(text: string): string {
  return new TextDecoder().decode(Uint8Array.fromBase64(text));
}

function legIn(cdr: Cdr | undefined): Leg | undefined {
  const variables = cdr?.variables ?? {};
  const variable = (name: string): string => {
    const value = variables[name];
    return typeof value === 'string' || typeof value === 'number' ? decoded(String(value)) : '';
  };
  const flows = Array.isArray(cdr?.callflow) ? cdr.callflow.filter((flow) => !!flow) : [];
  const applications = Array.isArray(cdr?.app_log?.applications) ? cdr.app_log.applications.filter((one) => !!one) : [];
  const uuid = variable('uuid');
  return uuid ? { uuid, variable, flows, applications } : undefined;
}

/** Returned as is if it was not encoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The leg that this one was created for. A queue calls its agents separately, but on behalf of a caller. */
function parentOf({ uuid, variable }: Leg): string | undefined {
  if (variable('direction') !== 'outbound') {
    return undefined; // it came to FreeSWITCH
  }
  const agents = variable('cc_side') === 'agent' ? variable('cc_member_session_uuid') : '';
  const candidates = [agents, variable('originating_leg_uuid'), variable('originator'), variable('call_uuid')];
  return candidates.find((candidate) => candidate && candidate !== uuid);
}

// ------------------------------------------------------------------------------------------- what the records report

/** An operator's telephone that rang for a call. The record of the call itself often arrives later. */
function partOf(leg: Leg, callId: string): VoipWebhookParseResult {
  const extension = rungAt(leg);
  if (!extension) {
    return recordingOf(leg, callId); // a trunk: what came of it stands in the caller's record
  }
  const profile = leg.flows.at(-1)?.caller_profile;
  const caller = callerOf(leg);
  const called = profile?.originator?.originator_caller_profiles?.[0]?.destination_number;
  const numbers = isListed(caller)
    ? { callId, direction: VoipCallDirection.Internal, srcPhone: caller, dstPhone: extension }
    : isExtension(caller)
      ? { callId, srcPhoneExt: extension } // a short number outside or an extension not listed: the caller's record says
      : {
        callId, direction: VoipCallDirection.In,
        srcPhone: caller, dstPhone: called || extension, srcPhoneExt: extension,
      };
  const answeredAt = moment(leg, 'answer');
  const disposition = answeredAt ? VoipCallDisposition.Answered : causeOf(leg, ['hangup_cause']);
  const part = { ...numbers, legId: leg.uuid };
  const events = [
    // Only the caller's own record ends their leg: another telephone may have been faster, or have the call now.
    ...happened(VoipWebhookEvent.NotifyStart, moment(leg, 'start'), { callId, legId: callId }),
    ...happened(VoipWebhookEvent.NotifyStart, moment(leg, 'start'), part),
    ...happened(VoipWebhookEvent.NotifyAnswer, answeredAt, part),
    ended(leg, part, disposition),
  ];
  return { events, ...recordingOf(leg, callId) };
}

function rungAt({ variable, flows }: Leg): string | undefined {
  const agent = variable('cc_agent').split('@')[0] ?? '';
  const dialled = variable('sip_gateway_name') ? '' : flows.at(-1)?.caller_profile?.destination_number ?? '';
  return variable('dialed_user') || [agent, dialled].find(isExtension);
}

type Numbers = Required<Pick<VoipCallRecord, 'callId' | 'direction' | 'srcPhone' | 'dstPhone'>>
  & Pick<VoipCallRecord, 'srcPhoneExt' | 'dstPhoneExt'>;

/** The first leg of a call: the call itself. */
function callOf(leg: Leg): VoipWebhookParseResult {
  const numbers = numbersOf(leg);
  if (!numbers) {
    return {};
  }
  const talk = talkOf(leg);
  const disposition = talk ? VoipCallDisposition.Answered : outcomeOf(leg);
  const operator = numbers.direction === VoipCallDirection.Out ? numbers : takenBy(leg, numbers);
  const events = [
    ...happened(VoipWebhookEvent.NotifyStart, moment(leg, 'start'), numbers),
    ...(operator ? happened(VoipWebhookEvent.NotifyAnswer, talk?.from, operator) : []),
    ended(leg, numbers, disposition),
  ];
  const duration = talk ? Math.round((talk.to - talk.from) / 1e6) : 0;
  const recording = recordingOf(leg, leg.uuid).callRecord;
  return { events, callRecord: { ...recording, ...numbers, disposition, duration } };
}

/** Who called whom. FreeSWITCH's `direction` is that of the leg: an outgoing call from a desk phone is «inbound». */
function numbersOf(leg: Leg): Numbers | undefined {
  const { uuid: callId, variable, flows } = leg;
  if (variable('direction') === 'outbound') {
    return undefined; // FreeSWITCH itself began it: nobody can tell for whom
  }
  const profile = flows.at(-1)?.caller_profile; // as first dialled, before menus and transfers
  const dialled = profile?.destination_number || variable('destination_number');
  const caller = callerOf(leg);
  const users = [variable('sip_auth_username'), variable('user_name')].filter((name) => name !== '');
  const user = users.length > 0 ? [...users, caller].find(isExtension) : isListed(caller) ? caller : undefined;
  if (!user) {
    return { callId, direction: VoipCallDirection.In, srcPhone: caller, dstPhone: dialled || 'unknown' };
  }
  if (!/^\+?\d{2,}$/.test(dialled)) {
    return undefined; // a feature code
  }
  return isExtension(dialled)
    ? { callId, direction: VoipCallDirection.Internal, srcPhone: user, dstPhone: dialled }
    : { callId, direction: VoipCallDirection.Out, srcPhone: user, dstPhoneExt: user, dstPhone: dialled };
}

/** The talk's start and end. Menus and queues answer earlier, and early media is connected earlier. */
function talkOf(leg: Leg): { from: number; to: number } | undefined {
  const queued = Number(leg.variable('cc_queue_answered_epoch')) * 1e6;
  const bridged = leg.flows.map(({ times }) => Number(times?.bridged_time) || 0).filter((time) => time > 0);
  const connected = queued || (bridged.length > 0 ? Math.min(...bridged) : 0);
  const answered = moment(leg, 'answer');
  const to = moment(leg, 'end');
  return connected && answered && to ? { from: Math.max(connected, answered), to } : undefined;
}

function callerOf({ flows, variable }: Leg): string {
  return String(flows.at(-1)?.caller_profile?.caller_id_number || variable('caller_id_number') || ANONYMOUS);
}

/** The extension that took the call, if the caller's record knows it; otherwise the extension's own record reports it. */
function takenBy({ variable, flows }: Leg, numbers: Numbers): Numbers | undefined {
  const uuids = [variable('last_bridge_to'), variable('bridge_uuid')];
  const called = flows.flatMap(({ caller_profile }) => caller_profile?.originatee?.originatee_caller_profiles ?? []);
  const extension = called.find(({ uuid }) => uuid && uuids.includes(uuid))?.destination_number;
  if (!extension || !isExtension(extension)) {
    return undefined;
  }
  return numbers.direction === VoipCallDirection.Internal
    ? { ...numbers, dstPhone: extension }
    : { ...numbers, srcPhoneExt: extension };
}

function outcomeOf(leg: Leg): VoipCallDisposition {
  if (leg.applications.some(({ app_name }) => app_name === 'voicemail') && moment(leg, 'answer')) {
    return VoipCallDisposition.Voicemail;
  }
  if (Number(leg.variable('cc_queue_canceled_epoch'))) {
    return VoipCallDisposition.Cancelled; // left the queue
  }
  const cause = causeOf(leg, ['hangup_cause', 'originate_disposition', 'last_bridge_hangup_cause']);
  return cause === VoipCallDisposition.Unknown ? VoipCallDisposition.NoAnswer : cause;
}

/** The outcome of the first meaningful cause. (Cause numbers are useless: 16 stands for every private cause.) */
function causeOf({ variable }: Leg, names: string[]): VoipCallDisposition {
  const cause = names.map(variable).find((name) => !SILENT.includes(name));
  return cause === undefined ? VoipCallDisposition.Unknown : CAUSES[cause] ?? VoipCallDisposition.Failed;
}

/** A normal end, or one that only concerns this leg. */
const SILENT = [
  '', 'NONE', 'SUCCESS', 'NORMAL_CLEARING', 'NORMAL_UNSPECIFIED', 'LOSE_RACE', 'PICKED_OFF', 'ATTENDED_TRANSFER',
  'BLIND_TRANSFER', 'MANAGER_REQUEST',
];

const CAUSES: Record<string, VoipCallDisposition | undefined> = {
  USER_BUSY: VoipCallDisposition.Busy,
  CALL_REJECTED: VoipCallDisposition.Busy,
  NO_ANSWER: VoipCallDisposition.NoAnswer,
  NO_USER_RESPONSE: VoipCallDisposition.NoAnswer,
  ALLOTTED_TIMEOUT: VoipCallDisposition.NoAnswer,
  PROGRESS_TIMEOUT: VoipCallDisposition.NoAnswer,
  SUBSCRIBER_ABSENT: VoipCallDisposition.NoAnswer,
  USER_NOT_REGISTERED: VoipCallDisposition.NoAnswer,
  ORIGINATOR_CANCEL: VoipCallDisposition.Cancelled,
};

/** In microseconds: the year 5138. Later values are not times. */
const LATEST = 1e17;

/** From microseconds; `undefined` if it never happened. */
function moment({ variable, flows }: Leg, what: 'start' | 'answer' | 'end'): number | undefined {
  const field = { start: 'created_time', answer: 'answered_time', end: 'hangup_time' }[what];
  const times = flows.map(({ times }) => Number(times?.[field]) || 0).filter((time) => time > 0);
  const epoch = Number(variable(`${what}_uepoch`)) || Number(variable(`${what}_epoch`)) * 1e6;
  const at = epoch || Math.min(...times);
  return at > 0 && at < LATEST ? at : undefined;
}

/** An event, if its time is known. */
function happened(
  event: VoipWebhookEvent, at: number | undefined, numbers: Omit<VoipWebhookRequest, 'event'>,
): VoipWebhookRequest[] {
  return at ? [{ ...numbers, event, occurredAt: new Date(at / 1000).toISOString() }] : [];
}

function ended(
  leg: Leg, numbers: Omit<VoipWebhookRequest, 'event'>, disposition: VoipCallDisposition,
): VoipWebhookRequest {
  const [end] = happened(VoipWebhookEvent.NotifyEnd, moment(leg, 'end'), numbers);
  return { ...(end ?? { ...numbers, event: VoipWebhookEvent.NotifyEnd }), disposition };
}

const ANONYMOUS = 'anonymous';

function isExtension(number: string): boolean {
  return /^\d{2,6}$/.test(number) || isListed(number);
}

function isListed(number: string): boolean {
  return members().some(({ id }) => id === number);
}

function textOf(body: string | ArrayBuffer | undefined): string {
  return body instanceof ArrayBuffer ? new TextDecoder().decode(body) : body ?? '';
}

// ------------------------------------------------------------------------------------------------------- recordings

interface Recording { file: string }

/** The file of `record_session`, or of a variable set by dialplans and queues. */
function recordingOf(leg: Leg, callId: string): VoipWebhookParseResult {
  const recorded = leg.applications.findLast(({ app_name }) => app_name === 'record_session')?.app_data;
  const path = String(recorded ?? '').replace(/^\{[^}]*\}/, '').replace(/ \+\d+.*$/, '').trim()
    || leg.variable('cc_record_filename') || leg.variable('recording_file');
  return path && settings.recordingsUrl ? { callRecord: { callId, call: { file: withinFolder(path) } } } : {};
}

function withinFolder(path: string): string {
  const folder = `${(settings.recordingsFolder ?? '').replace(/\/+$/, '')}/`;
  return path.startsWith(folder) ? path.slice(folder.length) : path.replace(/^.*\//, '');
}

export function VoipGetCallLink(callData: Recording): VoipCallLink {
  const base = settings.recordingsUrl?.replace(/\/+$/, '');
  if (!base) {
    throw new Error('The address of the recordings is not set: enter it in the module\'s settings.');
  }
  const parts = callData.file.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
  const url = `${base}/${parts.map(encodeURIComponent).join('/')}`;
  const { recordingsCredentials } = settings;
  return recordingsCredentials
    ? { url, headers: { authorization: `Basic ${new TextEncoder().encode(recordingsCredentials).toBase64()}` } }
    : { url };
}

// ----------------------------------------------------------------------------------- what FreeSWITCH cannot be asked

const HEARD = 'last record';

export async function VoipTestConnection(): Promise<VoipTestConnectionResult> {
  const heard = await Namespace.storage.get<string>(HEARD);
  return heard
    ? { success: true, message: `FreeSWITCH sent its last record at ${heard}. There is nothing else to test.` }
    : {
      success: false,
      message: 'No record has arrived yet. Make a call, and check in FreeSWITCH: mod_json_cdr is loaded, json_cdr.conf.xml '
        + 'has the webhook URL and the credentials of the settings, and FreeSWITCH reaches this server.',
    };
}

export function VoipGetMembers(): VoipMember[] {
  const listed = members();
  if (listed.length === 0) {
    throw new Error('No extensions are listed: enter them in the module\'s settings, such as 101 Reception, 102 Sales.');
  }
  return listed;
}

function members(): VoipMember[] {
  return (settings.extensions ?? '').split(/[,;\n]/).flatMap((entry) => {
    const [, id, name] = /^\s*(\d+)[\s:=-]*(.*?)\s*$/.exec(entry) ?? [];
    return id ? [{ id, name: name || `Extension ${id}` }] : [];
  });
}

export function VoipGenerateCall(): void {
  throw new Error('This module cannot start calls in FreeSWITCH: it only receives records. Dial on the telephone.');
}
