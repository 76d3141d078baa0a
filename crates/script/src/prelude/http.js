// Headers, Request, Response and the contract's HttpResponse.

const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

class Headers {
  #list = [];

  constructor(init = {}) {
    if (init === null || typeof init !== 'object') throw new TypeError('headers are an object or a list of pairs');
    const pairs = typeof init[Symbol.iterator] === 'function' ? init : Object.entries(init);
    for (const [name, value] of pairs) this.append(name, value);
  }

  static list(headers) { return headers.#list; }

  append(name, value) { this.#list.push([headerName(name), headerValue(name, value)]); }
  delete(name) { this.#list = this.#list.filter(([key]) => key !== headerName(name)); }
  get(name) {
    const values = this.#list.filter(([key]) => key === headerName(name)).map(([, value]) => value);
    return values.length > 0 ? values.join(', ') : null;
  }
  getSetCookie() { return this.#list.filter(([key]) => key === 'set-cookie').map(([, value]) => value); }
  has(name) { return this.#list.some(([key]) => key === headerName(name)); }
  set(name, value) {
    this.delete(name);
    this.append(name, value);
  }
  forEach(callback, self) { for (const [name, value] of this) callback.call(self, value, name, this); }
  *entries() {
    for (const name of [...new Set(this.#list.map(([key]) => key))].sort()) {
      if (name === 'set-cookie') for (const value of this.getSetCookie()) yield [name, value];
      else yield [name, this.get(name)];
    }
  }
  *keys() { for (const [name] of this) yield name; }
  *values() { for (const [, value] of this) yield value; }
  [Symbol.iterator]() { return this.entries(); }
}

const headerName = (name) => {
  if (!HEADER_NAME.test(name)) throw new TypeError(`invalid header name ${stringify(text(name).slice(0, 100))}`);
  return text(name).toLowerCase();
};
const headerValue = (name, value) => {
  const trimmed = text(value).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '');
  if (/[\0\r\n]/.test(trimmed)) throw new TypeError(`the value of header ${name} holds a line break or NUL`);
  return trimmed;
};
const headerList = Headers.list;
delete Headers.list;

/** A value as JSON that does not nest too deeply for whoever reads it. */
const boundedJson = (value) => {
  let json;
  try {
    json = stringify(value);
  } catch (error) {
    if (error instanceof RangeError && error.message === 'Maximum call stack size exceeded') native.refuseDepth();
    throw error;
  }
  if (json !== undefined) native.checkDepth(json);
  return json;
};

/** A body as it is kept: a string, an ArrayBuffer or nothing; and the content type it brings along. */
const bodyOf = (body) => {
  if (body === undefined || body === null) return [undefined, undefined];
  if (body instanceof URLSearchParams) {
    return [body.toString(), 'application/x-www-form-urlencoded;charset=UTF-8'];
  }
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return [bufferOf(body, 'the body').slice(0), undefined];
  return [text(body), 'text/plain;charset=UTF-8'];
};

/** What Request and Response share. */
class Message {
  #body;
  #used = false;
  #headers;

  constructor(body, headers) {
    const [kept, type] = bodyOf(body);
    this.#body = kept;
    this.#headers = new Headers(headers);
    if (type !== undefined && !this.#headers.has('content-type')) this.#headers.set('content-type', type);
  }

  static peek(message) {
    if (message.#used) throw new TypeError('the body has been read already; clone() it before the first read');
    return message.#body;
  }
  static take(message) {
    const body = peekBody(message);
    message.#used = body !== undefined;
    return body ?? '';
  }

  get headers() { return this.#headers; }
  get bodyUsed() { return this.#used; }
  async text() {
    const body = takeBody(this);
    return typeof body === 'string' ? body : native.decode('utf-8', body, false, false);
  }
  async json() { return parse(await this.text()); }
  async arrayBuffer() {
    const body = takeBody(this);
    return typeof body === 'string' ? native.encodeUtf8(body) : body.slice(0);
  }
}
const { peek: peekBody, take } = Message;
delete Message.peek;
delete Message.take;
const takeBody = (message) => take(message);

class HttpResponse {
  #status;
  #headers = Object.create(null);
  #content;

  status(code) { this.#status = Number(code); return this; }
  content(body) { this.#content = body; return this; }
  header(name, value) { this.#headers[headerName(name)] = headerValue(name, value); return this; }
  json(value) {
    if (this.#headers['content-type'] === undefined) this.header('content-type', 'application/json');
    return this.content(boundedJson(value));
  }
  toJSON() { return { status: this.#status, headers: this.#headers, content: this.#content }; }
}
