// fetch, Request, Response, AbortSignal.timeout.

const NORMAL_METHODS = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT']);
const REDIRECTS = new Set(['follow', 'manual', 'error']);

class AbortSignal {
  #milliseconds;
  static timeout(milliseconds) {
    const signal = new AbortSignal();
    signal.#milliseconds = Math.max(0, Number(milliseconds) || 0);
    return signal;
  }
  static milliseconds(signal) {
    if (signal === undefined || signal === null) return undefined;
    if (!(#milliseconds in signal)) throw new TypeError('signal must come from AbortSignal.timeout');
    return signal.#milliseconds;
  }
}
const timeoutOf = AbortSignal.milliseconds;
delete AbortSignal.milliseconds;

class Request extends Message {
  #url; #method; #redirect; #signal;

  constructor(input, init = {}) {
    const from = input instanceof Request ? input : undefined;
    super(init.body ?? (from && peekBody(from)), init.headers ?? from?.headers ?? {});
    this.#url = from ? from.url : new URL(input).href;
    const method = text(init.method ?? from?.method ?? 'GET');
    this.#method = NORMAL_METHODS.has(method.toUpperCase()) ? method.toUpperCase() : method;
    if (!HEADER_NAME.test(method)) throw new TypeError(`invalid method ${stringify(method.slice(0, 100))}`);
    if (peekBody(this) !== undefined && (this.#method === 'GET' || this.#method === 'HEAD')) {
      throw new TypeError(`a ${this.#method} request has no body`);
    }
    this.#redirect = init.redirect ?? from?.redirect ?? 'follow';
    if (!REDIRECTS.has(this.#redirect)) throw new TypeError('redirect is "follow", "manual" or "error"');
    this.#signal = init.signal ?? from?.signal ?? null;
    timeoutOf(this.#signal);
  }

  get url() { return this.#url; }
  get method() { return this.#method; }
  get redirect() { return this.#redirect; }
  get signal() { return this.#signal; }
  clone() { return new Request(this); }
}

class Response extends Message {
  #status; #statusText; #url = ''; #redirected = false;

  constructor(body, init = {}) {
    super(body, init.headers ?? {});
    this.#status = Number(init.status ?? 200);
    if (!(this.#status >= 200 && this.#status <= 599)) throw new RangeError('status is a number from 200 to 599');
    this.#statusText = text(init.statusText ?? '');
  }

  static received({ status, statusText, url, redirected, headers, body }) {
    const response = new Response(body, { headers, statusText });
    response.#status = status;
    response.#url = url;
    response.#redirected = redirected;
    return response;
  }

  get status() { return this.#status; }
  get statusText() { return this.#statusText; }
  get ok() { return this.#status >= 200 && this.#status <= 299; }
  get url() { return this.#url; }
  get redirected() { return this.#redirected; }
  clone() {
    const { status, statusText, url, redirected, headers } = this;
    return received({ status, statusText, url, redirected, headers, body: peekBody(this) });
  }
}
const { received } = Response;
delete Response.received;

/** Sends a request; to a service when one is named, and then `url` is only a path. */
const send = async (request, service, url) => {
  const body = peekBody(request);
  if (typeof body === 'string' && request.headers.get('content-type')?.includes('json')) native.checkDepth(body);
  return received(await operation(() => native.fetch({
    service,
    url,
    method: request.method,
    headers: headerList(request.headers),
    body,
    redirect: request.redirect,
    timeoutMs: timeoutOf(request.signal),
  })));
};

const fetch = async (input, init) => {
  const request = new Request(input, init);
  return send(request, undefined, request.url);
};

/** `Namespace.services.<name>.fetch`: the path is checked against a base that no request ever goes to. */
const serviceFetch = (service) => async (path = '/', init = {}) => {
  const url = new URL(text(path), 'http://service.invalid/');
  if (url.origin !== 'http://service.invalid') throw new TypeError('a service is reached by path, not by URL');
  return send(new Request(url, init), service, url.pathname + url.search);
};
