// URL and URLSearchParams. The parsing is the Rust side's; what scripts change goes back through it.

class URLSearchParams {
  #pairs = [];
  #changed = () => {};

  constructor(init = '') {
    if (typeof init === 'object' && init !== null) {
      const pairs = typeof init[Symbol.iterator] === 'function' ? [...init] : Object.entries(init);
      this.#pairs = pairs.map((pair) => {
        const [name, value, ...rest] = pair;
        if (value === undefined || rest.length > 0) throw new TypeError('each query pair needs a name and a value');
        return [text(name), text(value)];
      });
    } else {
      this.#pairs = native.parseQuery(text(init).replace(/^\?/, ''));
    }
  }

  /** The parameters of a URL: changes reach it through `changed`. */
  static of(query, changed) {
    const params = new URLSearchParams(query);
    params.#changed = changed;
    return params;
  }
  static reset(params, query) { params.#pairs = native.parseQuery(query.replace(/^\?/, '')); }

  get size() { return this.#pairs.length; }
  append(name, value) { this.#set([...this.#pairs, [text(name), text(value)]]); }
  delete(name, value) { this.#set(this.#pairs.filter((pair) => !matches(pair, name, value))); }
  get(name) { return this.#pairs.find(([key]) => key === text(name))?.[1] ?? null; }
  getAll(name) { return this.#pairs.filter(([key]) => key === text(name)).map(([, value]) => value); }
  has(name, value) { return this.#pairs.some((pair) => matches(pair, name, value)); }
  set(name, value) {
    const first = this.#pairs.findIndex(([key]) => key === text(name));
    if (first < 0) return this.append(name, value);
    const rest = this.#pairs.filter(([key], index) => index <= first || key !== text(name));
    rest[first] = [text(name), text(value)];
    this.#set(rest);
  }
  sort() { this.#set(this.#pairs.toSorted(([a], [b]) => (a < b ? -1 : Number(a > b)))); }
  forEach(callback, self) { for (const [name, value] of this.#pairs) callback.call(self, value, name, this); }
  *entries() { for (const [name, value] of this.#pairs) yield [name, value]; }
  *keys() { for (const [name] of this.#pairs) yield name; }
  *values() { for (const [, value] of this.#pairs) yield value; }
  [Symbol.iterator]() { return this.entries(); }
  toString() { return native.formatQuery(this.#pairs); }

  #set(pairs) {
    this.#pairs = pairs;
    this.#changed(this.toString());
  }
}

const matches = ([key, held], name, value) => key === text(name) && (value === undefined || held === text(value));

const { of: paramsOf, reset: resetParams } = URLSearchParams;
delete URLSearchParams.of;
delete URLSearchParams.reset;

const URL_PARTS =
  ['href', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash', 'origin'];

class URL {
  #parts;
  #params;

  constructor(input, base) {
    this.#parts = native.parseUrl(text(input), base === undefined ? undefined : text(base));
    if (this.#parts === undefined) throw new TypeError(`invalid URL: ${text(input).slice(0, 200)}`);
  }

  static canParse(input, base) {
    return native.parseUrl(text(input), base === undefined ? undefined : text(base)) !== undefined;
  }
  static part(url, index) { return url.#parts[index]; }
  static change(url, name, value) {
    if (name === 'href') url.#parts = new URL(value).#parts;
    else url.#parts = native.changeUrl(url.#parts[0], name, text(value)) ?? url.#parts;
    if (url.#params && (name === 'href' || name === 'search')) resetParams(url.#params, url.search);
  }

  get searchParams() {
    this.#params ??= paramsOf(this.search, (query) => {
      this.#parts = native.changeUrl(this.#parts[0], 'search', query) ?? this.#parts;
    });
    return this.#params;
  }
  toString() { return this.#parts[0]; }
  toJSON() { return this.#parts[0]; }
}

{
  const { part, change } = URL;
  delete URL.part;
  delete URL.change;
  URL_PARTS.forEach((name, index) => Object.defineProperty(URL.prototype, name, {
    configurable: true,
    enumerable: true,
    get() { return part(this, index); },
    set: name === 'origin' ? undefined : function (value) { change(this, name, value); },
  }));
}
