/**
 * What a telephony module's script sees: the language of ES2023 (without Intl and shared memory), these globals, and nothing
 * else. No DOM, no Node, no imports.
 *
 * A script declares functions by name; which of them exist is found by loading the script. Each may be `async` or not, exported
 * or a plain top-level declaration.
 *
 * ```ts
 * async function VoipTestConnection(): Promise<VoipTestConnectionResult>
 * async function VoipParseWebhookRequest(request: FetchRequest): Promise<VoipWebhookParseResult>
 * async function VoipGetMembers(): Promise<VoipMember[]>
 * async function VoipGenerateCall(srcPhone: string, dstPhone: string, call: VoipCallContext): Promise<void>
 * async function VoipGetCallLink(callData: any): Promise<string | VoipCallLink>
 * // Optional; a button whose function is missing is not shown:
 * async function VoipOnWebhookUpdated(webhookUrl: string): Promise<void>
 * async function VoipAcceptCall(srcPhone: string, dstPhone: string, call: VoipCallContext): Promise<void>
 * async function VoipHangupCall(srcPhone: string, dstPhone: string, call: VoipCallContext): Promise<void>
 * async function VoipRedirectCall(srcPhone: string, dstPhone: string, redirectTo: string, call: VoipCallContext): Promise<void>
 * async function VoipHoldCall(srcPhone: string, dstPhone: string, hold: boolean, call: VoipCallContext): Promise<void>
 * async function VoipMuteCall(srcPhone: string, dstPhone: string, mute: boolean, call: VoipCallContext): Promise<void>
 * async function VoipSendDtmf(srcPhone: string, dstPhone: string, digits: string, call: VoipCallContext): Promise<void>
 * async function VoipAttendedTransfer(srcPhone: string, dstPhone: string, redirectTo: string, call: VoipCallContext): Promise<void>
 * ```
 *
 * Calls of one module run beside each other wherever one waits. Globals may survive from call to call, and may not: keep what must
 * last in `Namespace.storage`. While the script is being loaded (at its top level), `fetch`, storage and timers are refused.
 */

// ---- Telephony ----------------------------------------------------------------------------------------------------------

/** Which way a call goes, seen from the company. */
declare enum VoipCallDirection {
  /** From a client. */
  In = 'in',
  /** To a client. */
  Out = 'out',
  /** Between two operators. */
  Internal = 'internal',
}

/** What happened to a call. */
declare enum VoipWebhookEvent {
  /** It rings. */
  NotifyStart = 'notifyStart',
  /** It was answered. */
  NotifyAnswer = 'notifyAnswer',
  /** It was put on hold. */
  NotifyHold = 'notifyHold',
  /** It was resumed. */
  NotifyUnhold = 'notifyUnhold',
  /** It was given to another operator. */
  NotifyRedirect = 'notifyRedirect',
  /** It ended; with `legId`, that leg of it did. */
  NotifyEnd = 'notifyEnd',
}

/** How a call ended. */
declare enum VoipCallDisposition {
  Unknown = 'unknown',
  Answered = 'answered',
  NoAnswer = 'noAnswer',
  Busy = 'busy',
  Cancelled = 'cancelled',
  Failed = 'failed',
  Voicemail = 'voicemail',
}

/** The HTTP request that reached the module's webhook. */
interface FetchRequest {
  method: string;
  /** The whole address under the server's public URL, byte for byte as the provider called it, token included. */
  url: string;
  /**
   * What the provider appended to the webhook URL, with its escapes; `''` where that is nothing. Enter one address per kind of webhook
   * (`…/<token>/post-call`) where the webhooks themselves do not say what they are.
   */
  path: string;
  /** Query parameters, without the module's token; a list where a name occurs more than once. */
  query: Record<string, string | string[]>;
  /** Names in lower case. */
  headers: Record<string, string>;
  /** Text byte for byte as it came, without its `Content-Encoding`; an `ArrayBuffer` where it is not UTF-8. */
  body?: string | ArrayBuffer;
  /** The bytes as they were sent, where `body` was decoded (gzip, deflate, br): some signatures are made over these. */
  rawBody?: ArrayBuffer;
  /** The provider's address, also where a trusted proxy stands in between. */
  remoteAddress?: string;
}

/** What the script made of a webhook request. Everything may be left out; without `response`, the answer is 200 with `{}`. */
interface VoipWebhookParseResult {
  event?: VoipWebhookRequest;
  /** Several events, for providers that send batches. */
  events?: VoipWebhookRequest[];
  callRecord?: VoipCallRecord;
  /** What to answer the provider. Headers that act on browsers or proxies are left out, with a warning. */
  response?: HttpResponse | { status?: number; headers?: Record<string, string>; content?: string | object | ArrayBuffer };
}

/** Who talks with whom. Numbers and direction may be left out where `callId` is given and the call is known already. */
interface VoipCallNumbers {
  /** in, internal: from a client or operator · out, internal: to a client or operator. */
  direction?: VoipCallDirection | `${VoipCallDirection}`;
  /**
   * in: the client's number · out, internal: internal number of the operator who calls. A client's number may be written in
   * any way, also as a SIP address; a caller who withholds it is `anonymous`.
   */
  srcPhone?: string;
  /** in, internal: internal number of the operator called · out: the client's number. */
  dstPhone?: string;
  /** in: extension (`id` of the member) of the operator who gets the call, where `dstPhone` is the company's number. */
  srcPhoneExt?: string;
  /** out: extension (`id` of the member) of the operator who calls, where `srcPhone` is the company's number. */
  dstPhoneExt?: string;
  /** The provider's id of the call. With it, two calls between the same two numbers stay two. */
  callId?: string;
  /** How it ended; `Unknown` while it has not. */
  disposition?: VoipCallDisposition | `${VoipCallDisposition}`;
}

/** A telephony event. Events may come late, twice and out of order. */
interface VoipWebhookRequest extends VoipCallNumbers {
  event: VoipWebhookEvent | `${VoipWebhookEvent}`;
  /** One operator's part of a call that rings several. `NotifyEnd` with it ends that leg; the call ends with its last. */
  legId?: string;
  /** Orders the events of a call, where the provider numbers them. */
  sequence?: number;
  /** When it happened, RFC 3339. */
  occurredAt?: string;
  /** `NotifyRedirect`: internal number of the operator who gets the call. */
  redirectTo?: string;
  /** The name the provider shows for the client. */
  callerName?: string;
  /** The company's number that was called or called from. */
  line?: string;
}

/** A call's record: how long was talked, and what its recording is found by. */
interface VoipCallRecord extends VoipCallNumbers {
  /** Seconds of talk. Required unless `callId` is given. */
  duration?: number;
  /** Kept as it is and passed to `VoipGetCallLink`. Without it, there is no recording. */
  call?: any;
}

/** A recording that the provider gives only with headers. The server fetches it with them; no browser ever sees them. */
interface VoipCallLink {
  /** http or https. */
  url: string;
  /** For example `{ authorization: 'Bearer …' }`. They do not follow a redirect to another host. */
  headers?: Record<string, string>;
}

/** A user at the provider. */
interface VoipMember {
  /**
   * What stands for this user in `srcPhone`, `dstPhone` or their `Ext`: an extension, or whatever the provider knows its users by,
   * also an e-mail address.
   */
  id: string;
  name: string;
  email?: string;
}

/** What `VoipTestConnection` tells the user. */
interface VoipTestConnectionResult {
  success: boolean;
  message?: string;
}

/** The call a control function is about: its last argument. */
interface VoipCallContext {
  /** The system's id of the call. */
  id: string;
  /** The provider's id, where its events gave one. */
  callId?: string;
  legId?: string;
  direction: `${VoipCallDirection}`;
  operator: { id: string; name: string; extension: string };
  /** `VoipGenerateCall`: the extension to dial behind the number, where the module says that it dials them. */
  dstExtension?: string;
  /** The `call` value of the call's record, once there is one. */
  data?: any;
}

/** The answer to a webhook request. */
declare class HttpResponse {
  /** Status code; 200 unless set. */
  status(code: number): this;
  /** Text or bytes as they are, any other object as JSON. */
  content(body: string | object | ArrayBuffer): this;
  header(name: string, value: string): this;
  /** The value as JSON, with its content type. */
  json(value: unknown): this;
  toJSON(): { status?: number; headers: Record<string, string>; content?: string | object };
}

// ---- The module -----------------------------------------------------------------------------------------------------------

/** The module's settings, services and storage. */
declare const Namespace: {
  readonly params: {
    /** The settings by name. Read-only; a change in the module's page loads the script afresh. */
    readonly data: Readonly<Record<string, any>>;
  };
  /** Portable services by name. */
  readonly services: Readonly<Record<string, { fetch(path?: string | URL, init?: RequestInit): Promise<Response> }>>;
  /**
   * Small and durable: OAuth tokens and the like. Values are what JSON can hold, up to 64 KiB each unless configured, nested up to
   * 32 levels; a key has up to 512 bytes.
   */
  readonly storage: {
    /** `undefined` where there is no value, or it has expired. */
    get<T = any>(key: string): Promise<T | undefined>;
    set(key: string, value: unknown, options?: { ttlSeconds?: number }): Promise<void>;
    /**
     * Reads, changes and writes a value as one step, also beside other calls and other servers: keeps what `change` makes of the
     * value (`undefined` where there is none), and gives it. `undefined` deletes the key. `change` must not be async, and is called
     * again when somebody else was faster: it should do nothing but compute.
     */
    update<T = any>(
      key: string,
      change: (value: T | undefined) => T | undefined,
      options?: { ttlSeconds?: number },
    ): Promise<T | undefined>;
    /**
     * The kept value, or the one that `make` makes: it is kept for so many seconds, and given. For access tokens.
     *
     * Calls of the module that ask at the same time wait for one `make`; another server of a cluster may make one of its own. When
     * `make` throws, nothing is kept, and whoever waits gets its error. With a `ttlSeconds` of zero or less the value is given but not
     * kept. To have a new one made, for example after a 401, `delete` the key.
     */
    remember<T>(key: string, make: () => Promise<{ value: T; ttlSeconds: number }>): Promise<T>;
    delete(key: string): Promise<void>;
  };
  /**
   * The address that the provider calls, with the module's token in it: treat it as a secret. A new token or public URL loads the
   * script afresh. `undefined` while a module is being made.
   */
  readonly webhookUrl: string | undefined;
};

/** Writes to the module's log, with the line of the script. Values are shown in bounded form. */
declare const console: {
  debug(...values: unknown[]): void;
  log(...values: unknown[]): void;
  info(...values: unknown[]): void;
  warn(...values: unknown[]): void;
  error(...values: unknown[]): void;
};

// ---- HTTP -------------------------------------------------------------------------------------------------------------------

type HeadersInit = Headers | Record<string, string> | Iterable<readonly [string, string]>;
type BufferSource = ArrayBuffer | ArrayBufferView;
type BodyInit = string | BufferSource | URLSearchParams;

interface RequestInit {
  method?: string;
  headers?: HeadersInit;
  body?: BodyInit | null;
  /** `follow` unless given. */
  redirect?: 'follow' | 'manual' | 'error';
  signal?: AbortSignal | null;
}

interface ResponseInit {
  status?: number;
  statusText?: string;
  headers?: HeadersInit;
}

/**
 * Sends an HTTP request to a public address.
 *
 * Rejects with a `TypeError` that has a `code` when there is no response. A status such as 404 is a response: look at `ok`.
 * A call may make 50 fetches of 8 MiB together unless configured otherwise; the one over that ends the call.
 */
declare function fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;

declare class Headers {
  constructor(init?: HeadersInit);
  append(name: string, value: string): void;
  delete(name: string): void;
  get(name: string): string | null;
  getSetCookie(): string[];
  has(name: string): boolean;
  set(name: string, value: string): void;
  forEach(callback: (value: string, name: string, headers: Headers) => void, self?: unknown): void;
  entries(): IterableIterator<[string, string]>;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  [Symbol.iterator](): IterableIterator<[string, string]>;
}

declare class Request {
  constructor(input: string | URL | Request, init?: RequestInit);
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly redirect: 'follow' | 'manual' | 'error';
  readonly signal: AbortSignal | null;
  readonly bodyUsed: boolean;
  text(): Promise<string>;
  json(): Promise<any>;
  arrayBuffer(): Promise<ArrayBuffer>;
  clone(): Request;
}

declare class Response {
  constructor(body?: BodyInit | null, init?: ResponseInit);
  readonly status: number;
  readonly statusText: string;
  /** Whether the status is 200 to 299. */
  readonly ok: boolean;
  readonly headers: Headers;
  /** The URL that answered, after redirects. */
  readonly url: string;
  readonly redirected: boolean;
  readonly bodyUsed: boolean;
  text(): Promise<string>;
  json(): Promise<any>;
  arrayBuffer(): Promise<ArrayBuffer>;
  clone(): Response;
}

/** Only for time-outs: `fetch(url, { signal: AbortSignal.timeout(5000) })`. */
declare class AbortSignal {
  private constructor();
  static timeout(milliseconds: number): AbortSignal;
}

declare class URL {
  constructor(input: string | URL, base?: string | URL);
  static canParse(input: string | URL, base?: string | URL): boolean;
  href: string;
  protocol: string;
  username: string;
  password: string;
  host: string;
  hostname: string;
  port: string;
  pathname: string;
  search: string;
  hash: string;
  readonly origin: string;
  /** Live: changes to it change the URL. */
  readonly searchParams: URLSearchParams;
  toString(): string;
  toJSON(): string;
}

declare class URLSearchParams {
  constructor(init?: string | Record<string, string> | Iterable<readonly [string, string]>);
  readonly size: number;
  append(name: string, value: string): void;
  delete(name: string, value?: string): void;
  get(name: string): string | null;
  getAll(name: string): string[];
  has(name: string, value?: string): boolean;
  set(name: string, value: string): void;
  sort(): void;
  forEach(callback: (value: string, name: string, params: URLSearchParams) => void, self?: unknown): void;
  entries(): IterableIterator<[string, string]>;
  keys(): IterableIterator<string>;
  values(): IterableIterator<string>;
  [Symbol.iterator](): IterableIterator<[string, string]>;
  toString(): string;
}

// ---- Text and bytes -----------------------------------------------------------------------------------------------------------

declare class TextEncoder {
  readonly encoding: 'utf-8';
  encode(input?: string): Uint8Array<ArrayBuffer>;
}

declare class TextDecoder {
  /** Any label of the encoding standard: `utf-8`, `windows-1251`, `latin1`, … */
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  decode(input?: BufferSource): string;
}

/** Base64 of a string of characters up to U+00FF. */
declare function btoa(data: string): string;
/** The characters up to U+00FF that base64 stands for. */
declare function atob(data: string): string;

interface Uint8ArrayConstructor {
  /** The bytes that base64 stands for. White space and missing padding do not matter; anything else is a `SyntaxError`. */
  fromBase64(text: string, options?: { alphabet?: 'base64' | 'base64url' }): Uint8Array<ArrayBuffer>;
  /** The bytes that hexadecimal digits stand for, in upper or lower case; anything else is a `SyntaxError`. */
  fromHex(text: string): Uint8Array<ArrayBuffer>;
}

interface Uint8Array<TArrayBuffer extends ArrayBufferLike = ArrayBufferLike> {
  /** The bytes as base64. */
  toBase64(options?: { alphabet?: 'base64' | 'base64url'; omitPadding?: boolean }): string;
  /** The bytes as hexadecimal digits, in lower case. */
  toHex(): string;
}

/**
 * Text for an element or an attribute of XML: `&`, `<`, `>` and quotes are escaped, characters that XML cannot hold left out. For
 * answers that providers read as XML.
 *
 * ```ts
 * const xml = `<Response><Say>${escapeXml('Smith & Sons')}</Say></Response>`;
 * ```
 */
declare function escapeXml(text: string): string;

/**
 * The fields of a form that came to the webhook: an `application/x-www-form-urlencoded` or `multipart/form-data` body. Files are left
 * out, and so is a part that is cut off. Empty where the body is neither. More than 1000 fields are a `RangeError`.
 */
declare function formFields(request: Pick<FetchRequest, 'headers' | 'body'>): URLSearchParams;

// ---- Time -------------------------------------------------------------------------------------------------------------------

/**
 * The moment at which clocks somewhere show that time: `zonedTime('2026-03-02 14:00:00', 'Europe/Moscow')`. Seconds and fractions of
 * them may be left out, and a `T` may stand between date and time. The zone is a name of the IANA database.
 *
 * Of a time that comes twice, when clocks go back, it is the first. A time that clocks skip, when they go forward, is as much later
 * as they skip: 02:30 means 03:30. An unknown zone, or a text that is not a local time (one with an offset, say), is a `RangeError`.
 */
declare function zonedTime(local: string, timeZone: string): Date;

// ---- Cryptography -------------------------------------------------------------------------------------------------------------

/** `SHA-1`, `SHA-256`, `SHA-384` or `SHA-512`. */
type HashName = string | { name: string };
/** `HMAC`, `Ed25519` or `RSASSA-PKCS1-v1_5`. */
type SignatureName = string | { name: string };
/** HMAC and RSASSA-PKCS1-v1_5 keys say their hash. */
type KeyAlgorithm = string | { name: string; hash?: HashName };
type KeyUsage = 'sign' | 'verify';

/** A key; made by `crypto.subtle.importKey`. */
declare class CryptoKey {
  private constructor();
  readonly type: 'secret' | 'public' | 'private';
  readonly algorithm: { readonly name: string; readonly hash?: { readonly name: string } };
  readonly extractable: boolean;
  readonly usages: readonly KeyUsage[];
}

declare const crypto: {
  randomUUID(): string;
  /** Fills the array with unpredictable values, up to 65536 bytes. */
  getRandomValues<T extends ArrayBufferView>(array: T): T;
  /** MD5 in hexadecimal, for the providers that still sign with it. */
  md5(data: string | BufferSource): string;
  /**
   * An HMAC, which `toHex` or `toBase64` makes a text of. Texts count as UTF-8. An empty key is a `TypeError`.
   *
   * ```ts
   * const signature = (await crypto.hmac('SHA-256', 'key', 'text')).toBase64();
   * ```
   */
  hmac(
    hash: 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512',
    key: string | BufferSource,
    data: string | BufferSource,
  ): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Whether two texts or byte strings are the same, in a time that does not tell where they differ. For signatures and tokens, where
   * `===` would give them away piece by piece. What is missing (`undefined`, `null`) equals nothing. A text equals its bytes in UTF-8.
   */
  timingSafeEqual(a: string | BufferSource | null | undefined, b: string | BufferSource | null | undefined): boolean;
  readonly subtle: {
    digest(algorithm: HashName, data: BufferSource): Promise<ArrayBuffer>;
    /**
     * HMAC: `raw`, `jwk`. Ed25519: `raw` (public), `spki`, `pkcs8`, `jwk`. RSASSA-PKCS1-v1_5: `spki`, `pkcs8`, `jwk` (public).
     */
    importKey(
      format: 'raw' | 'spki' | 'pkcs8',
      key: BufferSource,
      algorithm: KeyAlgorithm,
      extractable: boolean,
      usages: readonly KeyUsage[],
    ): Promise<CryptoKey>;
    importKey(
      format: 'jwk',
      key: Record<string, unknown>,
      algorithm: KeyAlgorithm,
      extractable: boolean,
      usages: readonly KeyUsage[],
    ): Promise<CryptoKey>;
    /** RSA signs with SHA-256, SHA-384 and SHA-512. */
    sign(algorithm: SignatureName, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer>;
    verify(
      algorithm: SignatureName,
      key: CryptoKey,
      signature: BufferSource,
      data: BufferSource,
    ): Promise<boolean>;
  };
};

/**
 * How a JSON Web Token is signed: HMAC with SHA-256, RSASSA-PKCS1-v1_5 with SHA-256, or ECDSA on the curve P-256 with SHA-256.
 */
type JwtAlgorithm = 'HS256' | 'RS256' | 'ES256';

/**
 * JSON Web Tokens.
 *
 * The key of HS256 is the secret: a text, which counts as UTF-8, or bytes. The key of RS256 and ES256 is a PEM, also one whose line
 * breaks got lost or became `\n` in a settings field, or its bytes: to sign a private key (PKCS#8; for RS256 also PKCS#1), to verify a
 * public one (SPKI; for RS256 also PKCS#1).
 */
declare const Jwt: {
  /**
   * A signed token. `header` adds to `alg` and `typ`, for example a `kid`. Times among the claims are seconds since 1970:
   * `exp: Math.floor(Date.now() / 1000) + 60`.
   */
  sign(
    claims: object,
    key: string | BufferSource,
    options: { algorithm: JwtAlgorithm; header?: object },
  ): Promise<string>;
  /**
   * The claims of a token, once its signature and times are checked; an `Error` that says what is wrong with it otherwise.
   *
   * Only the algorithms listed are accepted, whatever the token says, and `none` never is. HS256 is accepted alone or not at all: a
   * public key, which everybody may have, must not serve as a secret. `exp` and `nbf` are checked with the script's
   * clock, give or take `leewaySeconds` (60 unless given). Whether other claims (`iss`, `aud`, `iat`) are the right ones, the script has to
   * look at. A token has at most 64 KiB.
   */
  verify<T = any>(
    token: string,
    key: string | BufferSource,
    options: { algorithms: readonly JwtAlgorithm[]; leewaySeconds?: number },
  ): Promise<T>;
};

// ---- Timers -----------------------------------------------------------------------------------------------------------------------

/** Runs the function once, after at least that many milliseconds; not after its call has ended. */
declare function setTimeout<T extends unknown[]>(callback: (...args: T) => void, delay?: number, ...args: T): number;
/** Runs the function again and again, until cleared or its call has ended. */
declare function setInterval<T extends unknown[]>(callback: (...args: T) => void, delay?: number, ...args: T): number;
declare function clearTimeout(id: number | undefined): void;
declare function clearInterval(id: number | undefined): void;
declare function queueMicrotask(callback: () => void): void;
