import type { Schemas } from '$lib/api/client';

/** OpenAPI can only say that headers are an object. */
export type RequestDetail = Omit<Schemas['WebhookRequestDetail'], 'headers'> & { headers: Record<string, string> };
export type Pair = [name: string, value: string];

/** A body in a known format, which can be shown formatted. */
type Readable = { kind: 'json'; text: string } | { kind: 'form'; fields: Pair[] };

/** Placeholder for the token in stored queries. */
const TOKEN_PLACE = '{token}';

/** Placeholder for the values of authenticating headers. */
const HIDDEN = '•••••';

export function headersOf({ headers }: RequestDetail): Pair[] {
  return Object.entries(headers).sort(([one], [other]) => one.localeCompare(other));
}

/** The query parameters without the token. */
export function parametersOf({ query }: RequestDetail): Pair[] {
  return [...new URLSearchParams(query)].filter(([name, value]) => name !== 'token' || value !== TOKEN_PLACE);
}

/** The formatted body; undefined if it is neither JSON nor a form. */
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

/** Keeps numbers that would be rounded, such as long ids, as written; older browsers still round them. */
function exactly(_key: string, value: unknown, context?: { source?: string }): unknown {
  const { rawJSON } = JSON as { rawJSON?: (text: string) => unknown };
  if (typeof value !== 'number' || !context?.source || !rawJSON) return value;
  return String(value) === context.source ? value : rawJSON(context.source);
}

/** Headers that the client sets itself or that belong to the original connection. */
const NOT_SENT_AGAIN = new Set([
  'host',
  'content-length',
  'connection',
  'accept-encoding',
  'transfer-encoding',
  'expect',
]);

/** A curl command that resends the request to the webhook. It contains the webhook's token. */
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
  // The request used the URL with the token in its path.
  return `${base}/${token}${suffix}${query && '?'}${query}`;
}

/** Quotes a text for a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
