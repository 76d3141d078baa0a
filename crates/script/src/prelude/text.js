// Text, bytes and their encodings.

/** What a script gave, as text that Rust can hold. */
const text = (value) => apply(toWellFormed, `${value}`, []);

const viewParts = [Object.getPrototypeOf(Uint8Array.prototype), DataView.prototype].map((prototype) =>
  ['buffer', 'byteOffset', 'byteLength'].map((name) => Object.getOwnPropertyDescriptor(prototype, name).get));
const { slice: sliceBuffer } = ArrayBuffer.prototype;

/** An ArrayBuffer with exactly the bytes of a buffer or view, whatever a script's own class says that these are. */
const bufferOf = (value, what) => {
  if (value instanceof ArrayBuffer) return value;
  if (!isView(value)) throw new TypeError(`${what} must be an ArrayBuffer or a typed array`);
  const [buffer, offset, length] = viewParts[value instanceof DataView ? 1 : 0];
  const start = apply(offset, value, []);
  return apply(sliceBuffer, apply(buffer, value, []), [start, start + apply(length, value, [])]);
};

/** The bytes of a text in UTF-8, or of a buffer or view. */
const bytesOf = (value, what) => {
  if (typeof value === 'string') return native.encodeUtf8(text(value));
  if (value instanceof ArrayBuffer || isView(value)) return bufferOf(value, what);
  throw new TypeError(`${what} must be a string, an ArrayBuffer or a typed array`);
};

class TextEncoder {
  get encoding() { return 'utf-8'; }
  encode(input = '') { return new Uint8Array(native.encodeUtf8(text(input))); }
}

class TextDecoder {
  #label; #fatal; #ignoreBOM;
  constructor(label = 'utf-8', options = {}) {
    this.#label = native.encodingName(text(label));
    if (this.#label === undefined) throw new RangeError(`unknown encoding ${label}`);
    this.#fatal = Boolean(options.fatal);
    this.#ignoreBOM = Boolean(options.ignoreBOM);
  }
  get encoding() { return this.#label; }
  get fatal() { return this.#fatal; }
  get ignoreBOM() { return this.#ignoreBOM; }
  decode(input = new ArrayBuffer(0)) {
    return native.decode(this.#label, bufferOf(input, 'the input'), this.#fatal, this.#ignoreBOM);
  }
}

const invalidCharacter = (message) => Object.assign(new Error(message), { name: 'InvalidCharacterError' });

const btoa = (data) => {
  const encoded = native.btoa(text(data));
  if (encoded === undefined) throw invalidCharacter('btoa takes characters up to U+00FF; encode the text first');
  return encoded;
};

const atob = (data) => {
  const decoded = native.atob(text(data));
  if (decoded === undefined) throw invalidCharacter('the text is not valid base64');
  return decoded;
};
