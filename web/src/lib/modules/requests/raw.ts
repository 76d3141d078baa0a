import type { Schemas } from '$lib/api/client';

/** The API's description knows only that headers are an object. */
export type RequestDetail = Omit<Schemas['WebhookRequestDetail'], 'headers'> & { headers: Record<string, string> };
export type Pair = [name: string, value: string];

/** What a body holds, where that is known: shown formatted rather than as it came. */
type Readable = { kind: 'json'; text: string } | { kind: 'form'; fields: Pair[] };

/** The server puts this in the place of the token before it stores a query. */
const TOKEN_PLACE = '{token}';

/** The server puts this in the place of a header's value that proves who sent the request. */
const HIDDEN = '•••••';

export function headersOf({ headers }: RequestDetail): Pair[] {
  return Object.entries(headers).sort(([one], [other]) => one.localeCompare(other));
}

/** The query's parameters, without the token. */
export function parametersOf({ query }: RequestDetail): Pair[] {
  return [...new URLSearchParams(query)].filter(([name, value]) => name !== 'token' || value !== TOKEN_PLACE);
}

/** The body laid out; nothing where it is neither JSON nor a form. */
export function readable({ body, headers }: RequestDetail): Readable | undefined {
  if (!body) return undefined;
  const type = headers['content-type'] ?? '';
  if (type.includes('x-www-form-urlencoded')) return { kind: 'form', fields: [...new URLSearchParams(body)] };
  try {
    return { kind: 'json', text: JSON.stringify(JSON.parse(body, exactly), null, 2) };
  } catch {
    return undefined;
  }
}

/** Numbers that a browser would round, such as long ids, stay as they were written; older browsers round them. */
function exactly(_key: string, value: unknown, context?: { source?: string }): unknown {
  const { rawJSON } = JSON as { rawJSON?: (text: string) => unknown };
  if (typeof value !== 'number' || !context?.source || !rawJSON) return value;
  return String(value) === context.source ? value : rawJSON(context.source);
}

/** Set by whoever sends a request again, or true only of the connection it came by. */
const NOT_SENT_AGAIN = new Set([
  'host',
  'content-length',
  'connection',
  'accept-encoding',
  'transfer-encoding',
  'expect',
]);

/** A command that sends the request again to the webhook; it holds the webhook's token. */
export function curlOf(request: RequestDetail, webhookUrl: string): string {
  const headers = headersOf(request)
    .filter(([name, value]) => !NOT_SENT_AGAIN.has(name) && value !== HIDDEN)
    .map(([name, value]) => `-H ${quoted(value ? `${name}: ${value}` : `${name};`)}`);
  const { body, bodyBase64 } = request;
  const data = bodyBase64 ? ['--data-binary @-'] : body ? [`--data-raw ${quoted(body)}`] : [];
  const command = [`curl -X ${request.method}`, ...headers, ...data, quoted(addressOf(request, webhookUrl))];
  const lines = command.join(' \\\n  ');
  return bodyBase64 ? `printf %s ${quoted(bodyBase64)} | base64 -d | ${lines}` : lines;
}

function addressOf({ path, query }: RequestDetail, webhookUrl: string): string {
  const [base = '', given = ''] = webhookUrl.split('?');
  const token = encodeURIComponent(new URLSearchParams(given).get('token') ?? '');
  const suffix = path === '/' ? '' : path;
  if (query.includes(TOKEN_PLACE)) return `${base}${suffix}?${query.replace(TOKEN_PLACE, token)}`;
  // It came to the address with the token in its path.
  return `${base}/${token}${suffix}${query && '?'}${query}`;
}

/** As one word for a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
