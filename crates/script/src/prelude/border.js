// How the engine calls the script and takes its results. What is used here is kept before the script runs, which may replace it.

/** The key that marks bytes; `data::MARKER` in Rust. */
const BYTES = '\ufdd0bytes';
const { parse, stringify } = JSON;
const { apply } = Reflect;
const { toWellFormed } = String.prototype;

const functions = Object.create(null);

/** Remembers the contract's functions among a module's exports, and gives their names. */
const register = (exported) => native.functions.filter((name) => {
  const found = exported[name] ?? exported.$hookswitch[name];
  if (typeof found !== 'function') return false;
  functions[name] = found;
  return true;
});

const reviveBytes = (_key, value) => {
  const encoded = typeof value === 'object' && value !== null ? value[BYTES] : undefined;
  return typeof encoded === 'string' ? native.decodeBase64(encoded) ?? value : value;
};

/** Data that came from the script once, its bytes as buffers again. */
const revived = (json) => parse(json, reviveBytes);

/** A function's arguments. Of a webhook's request only the bodies can be bytes: all else is the sender's. */
const readArguments = (name, json, hasBytes) => {
  if (!hasBytes) return parse(json);
  if (name !== 'VoipParseWebhookRequest') return revived(json);
  const args = parse(json);
  for (const body of ['body', 'rawBody']) {
    if (args[0][body] !== undefined) args[0][body] = reviveBytes(body, args[0][body]);
  }
  return args;
};

const valueOfBoxes = [Number, String, Boolean, BigInt].map(({ prototype }) => prototype.valueOf);
const { isView } = ArrayBuffer;
const { isArray } = Array;

/** How `plain.rs` reads what it cannot tell by itself. */
const helpers = {
  ordinary: Object.prototype,
  special(object) {
    if (isArray(object)) return null;
    try {
      if (object instanceof ArrayBuffer || isView(object)) return bufferOf(object, 'the value');
    } catch {
      return undefined; // a proxy that does not let itself be asked
    }
    for (const valueOf of valueOfBoxes) {
      try {
        return apply(valueOf, object, []);
      } catch {
        // boxes nothing of that kind
      }
    }
    return undefined;
  },
  wellFormed: (value) => apply(toWellFormed, value, []),
  bigInt: (value, key) => (typeof value.toJSON === 'function' ? value.toJSON(key) : value),
};

const describe = (error) => {
  let [kind, message, stack] = ['', '', ''];
  try {
    if (error instanceof Error) [kind, message, stack] = [error.name, error.message, error.stack ?? ''];
    else message = inspect(error);
    return [text(kind), text(message), text(stack)];
  } catch {
    return ['', 'something was thrown that cannot be shown', ''];
  }
};

const start = async (call, name, json, hasBytes) => {
  try {
    native.done(call, await apply(functions[name], undefined, readArguments(name, json, hasBytes)), helpers);
  } catch (error) {
    const [kind, message, stack] = describe(error);
    native.failed(call, error === null, kind, message, stack);
  }
};
