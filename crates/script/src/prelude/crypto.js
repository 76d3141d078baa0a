// crypto: random values, digests, HMAC, Ed25519, RSASSA-PKCS1-v1_5, md5, comparing.

class CryptoKey {
  #material;
  constructor(material, type, algorithm, extractable, usages) {
    this.#material = material;
    Object.assign(this, { type, algorithm: Object.freeze(algorithm), extractable, usages: Object.freeze(usages) });
    Object.freeze(this);
  }
  static material(key) { return key.#material; }
}
const materialOf = CryptoKey.material;
delete CryptoKey.material;

const HASHES = ['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'];
const ALGORITHMS = ['HMAC', 'Ed25519', 'RSASSA-PKCS1-v1_5'];

const notSupported = (message) => Object.assign(new Error(message), { name: 'NotSupportedError' });

/** The standard's spelling of a name that may be given as a string or as `{ name }`, in any case. */
const named = (given, known, what) => {
  const name = text(typeof given === 'object' && given !== null ? given.name : given);
  const found = known.find((one) => one.toLowerCase() === name.toLowerCase());
  if (found === undefined) throw notSupported(`unknown ${what} ${name.slice(0, 100)}: use ${known.join(', ')}`);
  return found;
};

const base64url = (value, what) => {
  const standard = text(value).replaceAll('-', '+').replaceAll('_', '/');
  const bytes = native.decodeBase64(standard + '='.repeat((4 - standard.length % 4) % 4));
  if (bytes === undefined) throw new TypeError(`the JWK's ${what} is not base64url`);
  return bytes;
};

/** Reads a key in one of its formats: `[type, material]`. */
const readKey = (format, data, name) => {
  if (format === 'jwk') return readJwk(data, name);
  const bytes = bufferOf(data, 'the key').slice(0);
  if (format === 'raw' && name === 'HMAC') return ['secret', bytes];
  if (format === 'raw' && name === 'Ed25519') {
    if (bytes.byteLength !== 32) throw new TypeError('an Ed25519 public key has 32 bytes');
    return ['public', bytes];
  }
  if (format === 'spki' && name !== 'HMAC') return ['public', native.publicKeyOfSpki(name, bytes)];
  if (format === 'pkcs8' && name !== 'HMAC') return privateKey(name, bytes);
  throw notSupported(`${name} keys cannot be imported as ${text(format).slice(0, 100)}`);
};

const privateKey = (name, bytes) => {
  native.checkPrivateKey(name, bytes);
  return ['private', bytes];
};

const readJwk = (jwk, name) => {
  if (jwk.kty === 'oct' && name === 'HMAC') return ['secret', base64url(jwk.k, 'k')];
  if (jwk.kty === 'OKP' && jwk.crv === 'Ed25519' && name === 'Ed25519') {
    return jwk.d === undefined ? ['public', base64url(jwk.x, 'x')] : privateKey(name, base64url(jwk.d, 'd'));
  }
  if (jwk.kty === 'RSA' && jwk.d === undefined && name === 'RSASSA-PKCS1-v1_5') {
    return ['public', native.rsaPublicKey(base64url(jwk.n, 'n'), base64url(jwk.e, 'e'))];
  }
  throw notSupported(`this JWK is no ${name} key that can be imported`);
};

const usable = (algorithm, key, usage) => {
  const name = named(algorithm, ALGORITHMS, 'algorithm');
  if (!(key instanceof CryptoKey) || key.algorithm.name !== name || !key.usages.includes(usage)) {
    throw Object.assign(new Error(`the key is not for ${usage} with ${name}`), { name: 'InvalidAccessError' });
  }
  return [name, key.algorithm.hash?.name ?? '', materialOf(key)];
};

const subtle = Object.freeze({
  async digest(algorithm, data) {
    return native.digest(named(algorithm, HASHES, 'hash'), bufferOf(data, 'the data'));
  },
  async importKey(format, data, algorithm, extractable, usages) {
    const name = named(algorithm, ALGORITHMS, 'algorithm');
    const described = name === 'Ed25519' ? { name } : { name, hash: { name: named(algorithm.hash, HASHES, 'hash') } };
    const [type, material] = readKey(format, data, name);
    return new CryptoKey(material, type, described, Boolean(extractable), [...usages]);
  },
  async sign(algorithm, key, data) {
    const [name, hash, material] = usable(algorithm, key, 'sign');
    const bytes = bufferOf(data, 'the data');
    if (name === 'HMAC') return native.hmacSign(hash, material, bytes);
    if (key.type !== 'private') throw new TypeError('signing needs a private key');
    return native.sign(name, hash, material, bytes);
  },
  async verify(algorithm, key, signature, data) {
    const [name, hash, material] = usable(algorithm, key, 'verify');
    const [signed, bytes] = [bufferOf(signature, 'the signature'), bufferOf(data, 'the data')];
    if (name === 'HMAC') return native.hmacVerify(hash, material, signed, bytes);
    if (key.type !== 'public') throw new TypeError('verifying needs a public key');
    return native.verify(name, hash, material, signed, bytes);
  },
});

const hexOf = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, '0')).join('');

const crypto = Object.freeze({
  subtle,
  randomUUID() {
    const bytes = new Uint8Array(native.random(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    return hexOf(bytes.buffer).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  },
  getRandomValues(array) {
    if (!ArrayBuffer.isView(array)) throw new TypeError('getRandomValues fills a typed array');
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(new Uint8Array(native.random(array.byteLength)));
    return array;
  },
  md5(data) { return native.md5(bytesOf(data, 'the data')); },
  async hmac(hash, key, data) {
    const name = named(hash, HASHES, 'hash');
    const [secret, bytes] = [bytesOf(key, 'the key'), bytesOf(data, 'the data')];
    if (secret.byteLength === 0) throw new TypeError('the key is empty');
    return new Uint8Array(native.hmacSign(name, secret, bytes));
  },
  timingSafeEqual(a, b) {
    // A signature that is not there equals nothing, not even one that is not there.
    if (a === undefined || a === null || b === undefined || b === null) return false;
    return native.equal(bytesOf(a, 'what is compared'), bytesOf(b, 'what is compared'));
  },
});
