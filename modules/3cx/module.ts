// 3CX: the requests that its CRM integration sends as defined by our template: a report of each external call once it
// has ended, and a lookup of the caller's name while it rings.
//
// Reference: https://www.3cx.com/docs/server-side-crm-template-xml-description/.
// What is not documented there, and how certain it is, is in README.md.

interface Settings { extensions?: string; findEverybody?: boolean }
const settings = Namespace.params.data as Settings;

export async function VoipParseWebhookRequest(request: FetchRequest): Promise<VoipWebhookParseResult> {
  const number = request.query.number;
  if (number !== undefined) {
    return { response: new HttpResponse().json({ contacts: contactsOf(String(number)) }) };
  }
  if (request.method === 'GET') {
    return { response: template(Namespace.webhookUrl ?? request.url) };
  }
  const field = fieldsOf(request);
  const kind = KINDS[plain(field('callType'))];
  if (!kind) {
    return {};
  }
  await Namespace.storage.set(HEARD, new Date().toISOString());
  return reported(field, kind);
}

// ---------------------------------------------------------------------------------------------------------- reports

/** Reads a field of a report; missing ones are empty. */
type Field = (name: string) => string;

interface Kind { direction: 'in' | 'out'; answered: boolean }

const KINDS: Record<string, Kind | undefined> = {
  inbound: { direction: 'in', answered: true },
  missed: { direction: 'in', answered: false },
  outbound: { direction: 'out', answered: true },
  notanswered: { direction: 'out', answered: false },
  unanswered: { direction: 'out', answered: false },
};

/** Accepts any spelling of the names, because administrators may use their own templates. */
function fieldsOf(request: FetchRequest): Field {
  const entries = [...formFields(request), ...Object.entries(jsonIn(textOf(request.body)))];
  const values = new Map(entries.map(([name, value]) => [plain(name), value]));
  return (name) => {
    const value = values.get(plain(name));
    const text = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
    return /^\[\w+\]$/.test(text) ? '' : text; // a variable that this 3CX does not know stays as it is written
  };
}

function plain(word: string): string {
  return word.toLowerCase().replace(/[^a-z]/g, '');
}

function jsonIn(body: string): object {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

function reported(field: Field, { direction, answered }: Kind): VoipWebhookParseResult {
  const number = field('number') || 'anonymous';
  const agent = field('agent');
  // Reports contain no call id. Two identical reports are the same call.
  const started = field('startedAt') || field('CallStartTimeUTC');
  const at = started || field('DateTime');
  const callId = at ? [at, agent, number, field('callType')].join(' ') : undefined;
  const line = field('queueExtension') || 'unknown';
  const numbers = direction === 'in'
    ? { callId, direction, srcPhone: number, dstPhone: agent || line, srcPhoneExt: agent || undefined }
    : { callId, direction, srcPhone: agent || 'unknown', dstPhone: number };
  const disposition = answered ? VoipCallDisposition.Answered : VoipCallDisposition.NoAnswer;
  const callerName = settings.findEverybody ? undefined : field('name') || undefined;
  const start = moment(started);
  const answer = answered && agent ? moment(field('answeredAt') || field('CallEstablishedTimeUTC')) : undefined;
  const end = moment(field('endedAt') || field('CallEndTimeUTC'));
  const events: VoipWebhookRequest[] = [];
  if (start && end) {
    events.push({ event: VoipWebhookEvent.NotifyStart, ...numbers, callerName, occurredAt: start });
    if (answer) {
      events.push({ event: VoipWebhookEvent.NotifyAnswer, ...numbers, occurredAt: answer });
    }
    events.push({ event: VoipWebhookEvent.NotifyEnd, ...numbers, disposition, occurredAt: end });
  }
  return { events, callRecord: { ...numbers, disposition, duration: answered ? secondsOf(field('duration')) : 0 } };
}

/** For times that never happened, 3CX writes the year 1. */
function moment(text: string): string | undefined {
  const isMoment = /^[12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text);
  return isMoment ? text : undefined;
}

/** `hh:mm:ss`, optionally preceded by days and followed by fractions; or a number of seconds. */
function secondsOf(duration: string): number {
  const parts = /^(?:(\d+)\.)?(\d+):(\d+):(\d+)(?:\.\d+)?$/.exec(duration);
  if (!parts) {
    return Number(duration) || 0;
  }
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = parts.slice(1).map((part) => Number(part ?? 0));
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
}

function textOf(body: string | ArrayBuffer | undefined): string {
  return body instanceof ArrayBuffer ? new TextDecoder().decode(body) : body ?? '';
}

// ----------------------------------------------------------------------------------------- name lookup, the template

/** The server knows the callers, not this module. Answers with nobody, unless 3CX needs a contact. */
function contactsOf(number: string): object[] {
  return settings.findEverybody && number ? [{ id: number, name: number }] : [];
}

/** The template that administrators load into 3CX, served when the webhook URL is opened in a browser. */
function template(webhookUrl: string): HttpResponse {
  const url = escapeXml(webhookUrl);
  const lookup = `${url}${url.includes('?') ? '&amp;' : '?'}number=[Number]`;
  const xml = `<?xml version="1.0" encoding="utf-8"?>
<Crm xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"
  Country="US" Name="Hookswitch" Version="1" SupportsEmojis="true">
  <Number Prefix="AsIs" MaxLength="" />
  <Connection MaxConcurrentRequests="4" />
  <Parameters>
    <Parameter Name="ReportCallEnabled" Type="Boolean" Parent="" Editor="String" Title="Report calls" Default="True" />
  </Parameters>
  <Authentication Type="No" />
  <Scenarios>
    <Scenario Id="" Type="REST">
      <Request Url="${lookup}" MessagePasses="0" RequestEncoding="UrlEncoded" RequestType="Get" ResponseType="Json" />
      <Rules>
        <Rule Type="Any">contacts.id</Rule>
      </Rules>
      <Variables>
        <Variable Name="Id" Path="contacts.id"><Filter /></Variable>
        <Variable Name="Name" Path="contacts.name"><Filter /></Variable>
      </Variables>
      <Outputs AllowEmpty="false">
        <Output Type="FirstName" Passes="0" Value="[Name]" />
        <Output Type="EntityId" Passes="0" Value="[Id]" />
        <Output Type="EntityType" Passes="0" Value="Contacts" />
      </Outputs>
    </Scenario>
    <Scenario Id="ReportCall" Type="REST">
      <Request SkipIf="[ReportCallEnabled]!=True" Url="${url}" MessagePasses="0"
        RequestContentType="application/json" RequestEncoding="Json" RequestType="Post" ResponseType="Json">
        <PostValues Key="">
${REPORTED.map(value).join('\n')}
        </PostValues>
      </Request>
    </Scenario>
  </Scenarios>
</Crm>
`;
  const file = 'attachment; filename="hookswitch-3cx.xml"';
  return new HttpResponse().header('content-type', 'application/xml').header('content-disposition', file).content(xml);
}

/** The fields of a report and their 3CX variables. */
const REPORTED: [string, string][] = [
  ['callType', 'CallType'], ['number', 'Number'], ['name', 'Name'], ['agent', 'Agent'],
  ['queueExtension', 'QueueExtension'], ['duration', 'Duration'],
  ['startedAt', 'CallStartTimeUTC'], ['answeredAt', 'CallEstablishedTimeUTC'], ['endedAt', 'CallEndTimeUTC'],
];

/** Times are objects in 3CX and are formatted in a second pass. */
function value([key, variable]: [string, string]): string {
  const isTime = variable.endsWith('UTC');
  const text = isTime ? `[[${variable}].ToString("yyyy-MM-ddTHH:mm:ssZ")]` : `[${variable}]`;
  return `          <Value Key="${key}" Passes="${isTime ? 2 : 1}" Type="String">${text}</Value>`;
}

// ------------------------------------------------------------------------------------------ what 3CX cannot be asked

const HEARD = 'last report';

export async function VoipTestConnection(): Promise<VoipTestConnectionResult> {
  const heard = await Namespace.storage.get<string>(HEARD);
  return heard
    ? { success: true, message: `3CX reported its last call at ${heard}. There is nothing else to test.` }
    : {
      success: false,
      message: 'No call has been reported yet. Open the webhook URL in a browser to get the CRM template, import it into 3CX '
        + '(Integrations, CRM), turn on "Report calls" there, and make an external call. The licence must include the CRM '
        + 'integration: Professional or Enterprise.',
    };
}

export function VoipGetMembers(): VoipMember[] {
  const members = (settings.extensions ?? '').split(/[,;\n]/).flatMap((entry) => {
    const [, id, name] = /^\s*(\d+)[\s:=-]*(.*?)\s*$/.exec(entry) ?? [];
    return id ? [{ id, name: name || `Extension ${id}` }] : [];
  });
  if (members.length === 0) {
    throw new Error('No extensions are listed: enter them in the module\'s settings, such as 101 Reception, 102 Sales.');
  }
  return members;
}

export function VoipGenerateCall(): void {
  throw new Error('This module cannot start calls in 3CX: it only receives reports. Dial in the 3CX app.');
}

export function VoipGetCallLink(): string {
  throw new Error('3CX gives recordings only to users who are signed in to it: look for it in the 3CX web client.');
}
