// Jwt: signed tokens. The Rust side reads and checks them.

/** What the script's clock says, in milliseconds; set in globals.js. */
let clock;

const isObject = (value) => typeof value === 'object' && value !== null && !isArray(value);

/** An object as JSON. */
const objectJson = (value, what) => {
  const json = isObject(value) ? boundedJson(value) : undefined;
  if (json === undefined || json[0] !== '{') throw new TypeError(`${what} must be an object`);
  return json;
};

const Jwt = Object.freeze({
  async sign(claims, key, { algorithm, header } = {}) {
    if (header !== undefined && !isObject(header)) throw new TypeError('the header must be an object');
    const alg = text(algorithm);
    const head = { alg, typ: 'JWT', ...header };
    head.alg = alg;
    return native.jwtSign(alg, bytesOf(key, 'the key'), objectJson(head, 'the header'), objectJson(claims, 'the claims'));
  },
  async verify(token, key, { algorithms, leewaySeconds = 60 } = {}) {
    if (typeof token !== 'string') throw new TypeError('the token must be a string');
    if (!isArray(algorithms)) throw new TypeError('algorithms must be a list of those that are accepted');
    if (typeof leewaySeconds !== 'number' || !(leewaySeconds >= 0 && leewaySeconds < Infinity)) {
      throw new TypeError('leewaySeconds must be a number of seconds');
    }
    const accepted = [];
    for (let index = 0; index < algorithms.length && index < 10; index += 1) accepted[index] = text(algorithms[index]);
    return parse(native.jwtVerify(accepted, bytesOf(key, 'the key'), text(token), clock() / 1000, leewaySeconds));
  },
});
