// The demo PBX (`hookswitch demo-pbx`). It does everything a module can do, so this is also the example to read first.

interface Settings { pbxUrl: string; apiKey: string; webhookSecret: string }
const settings = Namespace.params.data as unknown as Settings;

// --------------------------------------------------------------------------------------------------------- webhooks

/** The body of the PBX's webhooks. */
interface PbxEvent {
  event: 'ringing' | 'answered' | 'held' | 'resumed' | 'redirected' | 'legEnded' | 'ended' | 'recorded';
  callId: string;
  legId?: string;
  sequence: number;
  occurredAt: string;
  direction: 'incoming' | 'outgoing' | 'internal';
  from: string;
  to: string;
  extension?: string;
  redirectTo?: string;
  callerName?: string;
  outcome?: 'answered' | 'noAnswer' | 'busy' | 'cancelled';
  talkSeconds?: number;
  recordingId?: string;
}

const EVENTS: Record<Exclude<PbxEvent['event'], 'recorded'>, VoipWebhookEvent> = {
  ringing: VoipWebhookEvent.NotifyStart,
  answered: VoipWebhookEvent.NotifyAnswer,
  held: VoipWebhookEvent.NotifyHold,
  resumed: VoipWebhookEvent.NotifyUnhold,
  redirected: VoipWebhookEvent.NotifyRedirect,
  legEnded: VoipWebhookEvent.NotifyEnd, // with a legId: only this extension's part ends
  ended: VoipWebhookEvent.NotifyEnd,
};

const DIRECTIONS: Record<PbxEvent['direction'], VoipCallDirection> = {
  incoming: VoipCallDirection.In,
  outgoing: VoipCallDirection.Out,
  internal: VoipCallDirection.Internal,
};

const DISPOSITIONS: Record<NonNullable<PbxEvent['outcome']>, VoipCallDisposition> = {
  answered: VoipCallDisposition.Answered,
  noAnswer: VoipCallDisposition.NoAnswer,
  busy: VoipCallDisposition.Busy,
  cancelled: VoipCallDisposition.Cancelled,
};

export async function VoipParseWebhookRequest(request: FetchRequest): Promise<VoipWebhookParseResult> {
  const body = typeof request.body === 'string' ? request.body : '';
  if (!await isSigned(body, request.headers['x-pbx-signature'])) {
    return { response: new HttpResponse().status(401).json({ error: 'The signature is missing or wrong.' }) };
  }
  const event = eventIn(body);
  if (!event) {
    return {}; // not an event that this module knows
  }
  if (event.event === 'recorded') {
    const call = { recordingId: event.recordingId };
    return { callRecord: { ...parties(event), disposition: dispositionOf(event), duration: event.talkSeconds ?? 0, call } };
  }
  return {
    event: {
      event: EVENTS[event.event],
      ...parties(event),
      disposition: dispositionOf(event),
      legId: event.legId,
      sequence: event.sequence,
      occurredAt: event.occurredAt,
      redirectTo: event.redirectTo,
      callerName: event.callerName,
    },
  };
}

function eventIn(body: string): PbxEvent | undefined {
  try {
    const event = JSON.parse(body) as Partial<PbxEvent> | null;
    const isKnown = event?.event === 'recorded' || Object.hasOwn(EVENTS, event?.event ?? '');
    return isKnown ? event as PbxEvent : undefined;
  } catch {
    return undefined; // no JSON
  }
}

/** The parties: the client, the company's number and the phone that the event is about. */
function parties({ direction, from, to, extension, callId }: PbxEvent) {
  const numbers = { direction: DIRECTIONS[direction], srcPhone: from, dstPhone: to, callId };
  switch (direction) {
    case 'incoming': return { ...numbers, srcPhoneExt: extension };
    case 'outgoing': return { ...numbers, dstPhoneExt: extension };
    // After a redirect, the phone differs from the one dialled.
    case 'internal': return { ...numbers, dstPhone: extension ?? to };
  }
}

function dispositionOf({ event, outcome }: PbxEvent): VoipCallDisposition {
  if (event === 'recorded') {
    return VoipCallDisposition.Answered;
  }
  return outcome ? DISPOSITIONS[outcome] : VoipCallDisposition.Unknown;
}

/** The header is `sha256=` and the hexadecimal HMAC-SHA256 of the raw body. `verify` compares in constant time. */
async function isSigned(body: string, header: string | undefined): Promise<boolean> {
  const hex = /^sha256=([0-9a-f]{64})$/.exec(header ?? '')?.[1];
  if (!hex) {
    return false;
  }
  const signature = Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const utf8 = new TextEncoder();
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', utf8.encode(settings.webhookSecret), algorithm, false, ['verify']);
  return crypto.subtle.verify('HMAC', key, signature, utf8.encode(body));
}

// -------------------------------------------------------------------------------------------------------------- API

export async function VoipTestConnection(): Promise<VoipTestConnectionResult> {
  try {
    const { name, line, extensions } = await api<{ name: string; line: string; extensions: number }>('GET', '/account');
    return { success: true, message: `${name} on ${line} with ${extensions} extensions.` };
  } catch (error) {
    return { success: false, message: error instanceof Error ? error.message : String(error) };
  }
}

export async function VoipGetMembers(): Promise<VoipMember[]> {
  const { members } = await api<{ members: { number: string; name: string }[] }>('GET', '/members');
  return members.map(({ number, name }) => ({ id: number, name }));
}

export async function VoipGenerateCall(srcPhone: string, dstPhone: string): Promise<void> {
  await api('POST', '/calls', { extension: srcPhone, number: dstPhone });
}

export async function VoipGetCallLink(callData: { recordingId: string }): Promise<string> {
  const { url } = await api<{ url: string }>('GET', `/recordings/${encodeURIComponent(callData.recordingId)}/link`);
  return url;
}

export async function VoipOnWebhookUpdated(webhookUrl: string): Promise<void> {
  await api('PUT', '/webhook-url', { url: webhookUrl });
}

/** What the server knows about the call besides its two numbers. */
type Call = VoipCallContext;

export async function VoipAcceptCall(_src: string, _dst: string, call: Call): Promise<void> {
  await control(call, 'accept', { extension: call.operator.extension });
}

export async function VoipHangupCall(_src: string, _dst: string, call: Call): Promise<void> {
  await control(call, 'hangup', { extension: call.operator.extension });
}

export async function VoipRedirectCall(_src: string, _dst: string, redirectTo: string, call: Call): Promise<void> {
  await control(call, 'redirect', { to: redirectTo });
}

export async function VoipAttendedTransfer(_src: string, _dst: string, redirectTo: string, call: Call): Promise<void> {
  await control(call, 'transfer', { to: redirectTo });
}

export async function VoipHoldCall(_src: string, _dst: string, hold: boolean, call: Call): Promise<void> {
  await control(call, 'hold', { on: hold });
}

export async function VoipMuteCall(_src: string, _dst: string, mute: boolean, call: Call): Promise<void> {
  await control(call, 'mute', { on: mute });
}

export async function VoipSendDtmf(_src: string, _dst: string, digits: string, call: Call): Promise<void> {
  await control(call, 'dtmf', { digits });
}

async function control(call: Call, action: string, body: object): Promise<void> {
  await api('POST', `/calls/${encodeURIComponent(call.callId ?? '')}/${action}`, body);
}

async function api<T = unknown>(method: string, path: string, body?: object): Promise<T> {
  const headers: Record<string, string> = { 'x-api-key': settings.apiKey };
  if (body) {
    headers['content-type'] = 'application/json';
  }
  const url = `${settings.pbxUrl.replace(/\/+$/, '')}/api${path}`;
  const response = await fetch(url, { method, headers, body: body && JSON.stringify(body) }).catch((error) => {
    console.warn('The PBX cannot be reached:', error);
    throw new Error('The PBX cannot be reached: try again later.');
  });
  const answer = await response.json().catch(() => undefined) as T & { error?: unknown } | undefined;
  if (response.ok && answer) {
    return answer;
  }
  if (response.status === 401) {
    throw new Error('The PBX did not accept the API key: check it in the module\'s settings.');
  }
  if (response.ok) {
    throw new Error('The PBX sent an unexpected answer: check its address in the module\'s settings.');
  }
  const reason = typeof answer?.error === 'string' ? answer.error : `status ${response.status}`;
  throw new Error(`The PBX refused: ${reason}.`);
}
