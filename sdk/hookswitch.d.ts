/**
 * Everything available to a telephony module's script: ES2023 (without Intl and shared memory) and these globals, nothing
 * else. No DOM, no Node.js, no imports.
 *
 * A script declares functions by name; the server loads the script to find out which of them exist. Each may be `async` or
 * not, and exported or a plain top-level declaration.
 *
 * ```ts
 * async function VoipTestConnection(): Promise<VoipTestConnectionResult>
 * async function VoipParseWebhookRequest(request: FetchRequest): Promise<VoipWebhookParseResult>
 * async function VoipGetMembers(): Promise<VoipMember[]>
 * async function VoipGenerateCall(srcPhone: string, dstPhone: string, call: VoipCallContext): Promise<void>
 * async function VoipGetCallLink(callData: any): Promise<string | VoipCallLink>
 * // Optional; buttons whose function is missing are not shown:
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
 * Function calls of one module run concurrently: while one waits, others run. Globals may or may not survive between calls, so
 * keep anything that must last in `Namespace.storage`. `fetch`, storage and timers throw while the script is being loaded (at
 * its top level).
 */

// ---- Telephony ----------------------------------------------------------------------------------------------------------

/** The direction of a call, as seen from the company. */
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
  /** It started ringing. */
  NotifyStart = 'notifyStart',
  /** It was answered. */
  NotifyAnswer = 'notifyAnswer',
  /** It was put on hold. */
  NotifyHold = 'notifyHold',
  /** It was taken off hold. */
  NotifyUnhold = 'notifyUnhold',
  /** It was redirected to another operator. */
  NotifyRedirect = 'notifyRedirect',
  /** It ended; with `legId`, only that leg ended. */
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
  /** The full URL under the server's public URL, byte for byte as the provider requested it, including the token. */
  url: string;
  /**
   * What the provider appended to the webhook URL, still percent-encoded; `''` if nothing. If webhooks do not say what they are, enter
   * a different address for each kind (`…/<token>/post-call`).
   */
  path: string;
  /** Query parameters, without the module's token; an array if a name occurs more than once. */
  query: Record<string, string | string[]>;
  /** Headers by lower-case name. */
  headers: Record<string, string>;
  /** The raw body as text, with any `Content-Encoding` decoded; an `ArrayBuffer` if it is not UTF-8. */
  body?: string | ArrayBuffer;
  /** The bytes as sent, if `body` was decoded (gzip, deflate, br). Some signatures cover these. */
  rawBody?: ArrayBuffer;
  /** The provider's IP address, even behind a trusted proxy. */
  remoteAddress?: string;
}

/** The result of parsing a webhook request. All fields are optional; without `response`, the answer is 200 with `{}`. */
interface VoipWebhookParseResult {
  event?: VoipWebhookRequest;
  /** Several events, for providers that send batches. */
  events?: VoipWebhookRequest[];
  callRecord?: VoipCallRecord;
  /** The answer to the provider. Headers that affect browsers or proxies are dropped, with a warning. */
  response?: HttpResponse | { status?: number; headers?: Record<string, string>; content?: string | object | ArrayBuffer };
}

/** The parties of a call. Numbers and direction may be omitted if `callId` is given and the call is already known. */
interface VoipCallNumbers {
  /** `in`: from a client · `out`: to a client · `internal`: between operators. */
  direction?: VoipCallDirection | `${VoipCallDirection}`;
  /**
   * in: the client's number · out, internal: internal number of the calling operator. A client's number may be in any format,
   * including a SIP address; a withheld number is `anonymous`.
   */
  srcPhone?: string;
  /** in, internal: internal number of the called operator · out: the client's number. */
  dstPhone?: string;
  /** in: extension (the member's `id`) of the operator who gets the call, if `dstPhone` is the company's number. */
  srcPhoneExt?: string;
  /** out: extension (the member's `id`) of the calling operator, if `srcPhone` is the company's number. */
  dstPhoneExt?: string;
  /** The provider's id of the call. It keeps two calls between the same numbers apart. */
  callId?: string;
  /** How it ended; `Unknown` until then. */
  disposition?: VoipCallDisposition | `${VoipCallDisposition}`;
}

/** A telephony event. Events may arrive late, twice and out of order. */
interface VoipWebhookRequest extends VoipCallNumbers {
  event: VoipWebhookEvent | `${VoipWebhookEvent}`;
  /** Identifies one operator's leg of a call that rings several. `NotifyEnd` with it ends that leg; the call ends with the last one. */
  legId?: string;
  /** Order of the event within the call, if the provider numbers events. */
  sequence?: number;
  /** The time of the event, as RFC 3339. */
  occurredAt?: string;
  /** `NotifyRedirect`: internal number of the operator who gets the call. */
  redirectTo?: string;
  /** The client's name, as shown by the provider. */
  callerName?: string;
  /** The company's number that was called, or from which the call was made. */
  line?: string;
}

/** A call's record: its talk time, and the data for finding its recording. */
interface VoipCallRecord extends VoipCallNumbers {
  /** Talk time in seconds. Required unless `callId` is given. */
  duration?: number;
  /** Stored unchanged and passed to `VoipGetCallLink`. Without it, the call has no recording. */
  call?: any;
}

/** A recording that requires request headers. The server fetches it with them; they are never sent to a browser. */
interface VoipCallLink {
  /** http or https. */
  url: string;
  /** For example `{ authorization: 'Bearer …' }`. Not sent on redirects to another host. */
  headers?: Record<string, string>;
}

/** A user at the provider. */
interface VoipMember {
  /**
   * Identifies this user in `srcPhone`, `dstPhone` or their `Ext`: an extension, or whatever the provider uses to identify users,
   * such as an e-mail address.
   */
  id: string;
  name: string;
  email?: string;
}

/** The result of `VoipTestConnection`, shown to the user. */
interface VoipTestConnectionResult {
  success: boolean;
  message?: string;
}

/** The call that a control function is about; its last argument. */
interface VoipCallContext {
  /** The server's id of the call. */
  id: string;
  /** The provider's id, if its events had one. */
  callId?: string;
  legId?: string;
  direction: `${VoipCallDirection}`;
  operator: { id: string; name: string; extension: string };
  /** `VoipGenerateCall`: the extension to dial after the number, if the module is set to dial extensions. */
  dstExtension?: string;
  /** The `call` value of the call's record, once it exists. */
  data?: any;
}

/** The answer to a webhook request. */
declare class HttpResponse {
  /** Status code; 200 unless set. */
  status(code: number): this;
  /** Strings and bytes are sent as is, any other object as JSON. */
  content(body: string | object | ArrayBuffer): this;
  header(name: string, value: string): this;
  /** Sends the value as JSON, with the matching content type. */
  json(value: unknown): this;
  toJSON(): { status?: number; headers: Record<string, string>; content?: string | object };
}

// ---- The module -----------------------------------------------------------------------------------------------------------

/** The module's settings, services and storage. */
declare const Namespace: {
  readonly params: {
    /** The settings by name. Read-only; changing a setting reloads the script. */
    readonly data: Readonly<Record<string, any>>;
  };
  /** Services by name, for portability. */
  readonly services: Readonly<Record<string, { fetch(path?: string | URL, init?: RequestInit): Promise<Response> }>>;
  /**
   * Small, durable key-value storage, for example for OAuth tokens. Values are JSON values of up to 64 KiB each (configurable), nested
   * up to 32 levels; keys have up to 512 bytes.
   */
  readonly storage: {
    /** Returns the value; `undefined` if there is none or it has expired. */
    get<T = any>(key: string): Promise<T | undefined>;
    set(key: string, value: unknown, options?: { ttlSeconds?: number }): Promise<void>;
    /**
     * Reads, changes and writes a value atomically, even across concurrent calls and servers. Stores and returns the result of `change`,
     * which gets the current value (`undefined` if there is none). Returning `undefined` deletes the key. `change` must not be async and
     * is called again on a conflict, so it must have no side effects.
     */
    update<T = any>(
      key: string,
      change: (value: T | undefined) => T | undefined,
      options?: { ttlSeconds?: number },
    ): Promise<T | undefined>;
    /**
     * Returns the stored value or, if there is none, the one that `make` returns, which is stored for `ttlSeconds`. For access tokens.
     *
     * Concurrent calls of the module share one `make`; another server of a cluster may run its own. If `make` throws, nothing is
     * stored and all waiting calls get its error. If `ttlSeconds` is zero or less, the value is returned but not stored. To force a
     * new value, for example after a 401, `delete` the key.
     */
    remember<T>(key: string, make: () => Promise<{ value: T; ttlSeconds: number }>): Promise<T>;
    delete(key: string): Promise<void>;
  };
  /**
   * The URL that the provider calls. It contains the module's token, so treat it as a secret. A new token or public URL reloads the
   * script. `undefined` while the module is being created.
   */
  readonly webhookUrl: string | undefined;
};

/** Writes to the module's log, with the script's line number. Long values are shortened. */
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
  /** Defaults to `follow`. */
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
 * Rejects with a `TypeError` that has a `code` if there is no response. A status such as 404 is a response: check `ok`.
 * By default, a function call may make 50 fetches with 8 MiB in total; exceeding a limit ends the call.
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

/** Only for timeouts: `fetch(url, { signal: AbortSignal.timeout(5000) })`. */
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
  /** Live: changing it changes the URL. */
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
  /** Accepts any label of the Encoding Standard: `utf-8`, `windows-1251`, `latin1`, … */
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  decode(input?: BufferSource): string;
}

/** Encodes a string of characters up to U+00FF as base64. */
declare function btoa(data: string): string;
/** Decodes base64 to a string of characters up to U+00FF. */
declare function atob(data: string): string;

interface Uint8ArrayConstructor {
  /** Decodes base64. White space and missing padding are accepted; anything else invalid is a `SyntaxError`. */
  fromBase64(text: string, options?: { alphabet?: 'base64' | 'base64url' }): Uint8Array<ArrayBuffer>;
  /** Decodes hexadecimal digits in upper or lower case; anything else is a `SyntaxError`. */
  fromHex(text: string): Uint8Array<ArrayBuffer>;
}

interface Uint8Array<TArrayBuffer extends ArrayBufferLike = ArrayBufferLike> {
  /** Encodes the bytes as base64. */
  toBase64(options?: { alphabet?: 'base64' | 'base64url'; omitPadding?: boolean }): string;
  /** Encodes the bytes as lower-case hexadecimal digits. */
  toHex(): string;
}

/**
 * Escapes text for an XML element or attribute: `&`, `<`, `>` and quotes are escaped, characters that XML does not allow are removed.
 * For answers that providers parse as XML.
 *
 * ```ts
 * const xml = `<Response><Say>${escapeXml('Smith & Sons')}</Say></Response>`;
 * ```
 */
declare function escapeXml(text: string): string;

/**
 * Parses the fields of a form sent to the webhook, an `application/x-www-form-urlencoded` or `multipart/form-data` body. Files and
 * truncated parts are skipped. Empty if the body is neither. More than 1000 fields are a `RangeError`.
 */
declare function formFields(request: Pick<FetchRequest, 'headers' | 'body'>): URLSearchParams;

// ---- Time -------------------------------------------------------------------------------------------------------------------

/**
 * Converts a local time in a time zone to a `Date`: `zonedTime('2026-03-02 14:00:00', 'Europe/Moscow')`. Seconds and their fractions
 * are optional, and date and time may be separated by a `T`. The zone is a name from the IANA database.
 *
 * A time that occurs twice, when clocks go back, is the first one. A time that is skipped, when clocks go forward, is shifted by
 * the skipped amount: 02:30 means 03:30. An unknown zone, or a text that is not a local time (such as one with an offset), is a
 * `RangeError`.
 */
declare function zonedTime(local: string, timeZone: string): Date;

// ---- Cryptography -------------------------------------------------------------------------------------------------------------

/** `SHA-1`, `SHA-256`, `SHA-384` or `SHA-512`. */
type HashName = string | { name: string };
/** `HMAC`, `Ed25519` or `RSASSA-PKCS1-v1_5`. */
type SignatureName = string | { name: string };
/** HMAC and RSASSA-PKCS1-v1_5 keys specify their hash. */
type KeyAlgorithm = string | { name: string; hash?: HashName };
type KeyUsage = 'sign' | 'verify';

/** A key, created by `crypto.subtle.importKey`. */
declare class CryptoKey {
  private constructor();
  readonly type: 'secret' | 'public' | 'private';
  readonly algorithm: { readonly name: string; readonly hash?: { readonly name: string } };
  readonly extractable: boolean;
  readonly usages: readonly KeyUsage[];
}

declare const crypto: {
  randomUUID(): string;
  /** Fills the array, of up to 65536 bytes, with cryptographically secure random values. */
  getRandomValues<T extends ArrayBufferView>(array: T): T;
  /** MD5 in hexadecimal, for providers that still sign with it. */
  md5(data: string | BufferSource): string;
  /**
   * Computes an HMAC; convert it to text with `toHex` or `toBase64`. Strings are encoded as UTF-8. An empty key is a `TypeError`.
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
   * Compares two strings or byte arrays in constant time. For signatures and tokens, which `===` would leak piece by piece through
   * its timing. `undefined` and `null` equal nothing, not even each other. A string equals its UTF-8 bytes.
   */
  timingSafeEqual(a: string | BufferSource | null | undefined, b: string | BufferSource | null | undefined): boolean;
  readonly subtle: {
    digest(algorithm: HashName, data: BufferSource): Promise<ArrayBuffer>;
    /**
     * Formats: HMAC `raw`, `jwk`; Ed25519 `raw` (public), `spki`, `pkcs8`, `jwk`; RSASSA-PKCS1-v1_5 `spki`, `pkcs8`, `jwk` (public).
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
    /** RSA signing supports SHA-256, SHA-384 and SHA-512. */
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
 * Signature algorithm of a JSON Web Token: HMAC with SHA-256, RSASSA-PKCS1-v1_5 with SHA-256, or ECDSA on curve P-256 with SHA-256.
 */
type JwtAlgorithm = 'HS256' | 'RS256' | 'ES256';

/**
 * JSON Web Tokens.
 *
 * The key for HS256 is the secret: a string (encoded as UTF-8) or bytes. The key for RS256 and ES256 is a PEM (line breaks may have been
 * lost or turned into `\n` in a settings field) or its bytes: a private key for signing (PKCS#8; for RS256 also PKCS#1), a public key for
 * verifying (SPKI; for RS256 also PKCS#1).
 */
declare const Jwt: {
  /**
   * Returns a signed token. `header` adds fields to `alg` and `typ`, for example a `kid`. Times in claims are seconds since 1970:
   * `exp: Math.floor(Date.now() / 1000) + 60`.
   */
  sign(
    claims: object,
    key: string | BufferSource,
    options: { algorithm: JwtAlgorithm; header?: object },
  ): Promise<string>;
  /**
   * Checks a token's signature and times and returns its claims. Rejects with an `Error` that says what is wrong.
   *
   * Only the listed algorithms are accepted, whatever the token says, and never `none`. HS256 cannot be combined with others: a public
   * key, which anyone may have, must not serve as a secret. `exp` and `nbf` are checked against the script's clock, with a tolerance of
   * `leewaySeconds` (default 60). The script has to check other claims (`iss`, `aud`, `iat`) itself. A token may have up to 64 KiB.
   */
  verify<T = any>(
    token: string,
    key: string | BufferSource,
    options: { algorithms: readonly JwtAlgorithm[]; leewaySeconds?: number },
  ): Promise<T>;
};

// ---- Timers -----------------------------------------------------------------------------------------------------------------------

/** Runs the function once, after at least `delay` milliseconds, unless the function call that set it has ended. */
declare function setTimeout<T extends unknown[]>(callback: (...args: T) => void, delay?: number, ...args: T): number;
/** Runs the function every `delay` milliseconds, until cleared or the function call that set it has ended. */
declare function setInterval<T extends unknown[]>(callback: (...args: T) => void, delay?: number, ...args: T): number;
declare function clearTimeout(id: number | undefined): void;
declare function clearInterval(id: number | undefined): void;
declare function queueMicrotask(callback: () => void): void;
