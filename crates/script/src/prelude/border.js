// How the engine calls the script, and how results go back as JSON. Bytes cross as {"$bytes": "<base64>"}.

const BYTES = '$bytes';
const { parse, stringify } = JSON;

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

/** Asked by JSON.stringify for buffers and views: bytes on the way out, what they always were otherwise. */
let leaving = false;
function toJSON() {
  return leaving ? { [BYTES]: native.encodeBase64(bufferOf(this, 'the value')) } : this;
}
for (const prototype of [ArrayBuffer.prototype, Object.getPrototypeOf(Uint8Array.prototype), DataView.prototype]) {
  Object.defineProperty(prototype, 'toJSON', { value: toJSON });
}

const encode = (value) => {
  leaving = true;
  try {
    return stringify(value) ?? 'null';
  } finally {
    leaving = false;
  }
};

const run = async (name, args, hasBytes) =>
  encode(await functions[name](...(hasBytes ? parse(args, reviveBytes) : parse(args))));

const start = (call, name, args, hasBytes) => {
  const failed = (error) => {
    let [kind, message, stack] = ['', '', ''];
    try {
      if (error instanceof Error) [kind, message, stack] = [error.name, error.message, error.stack ?? ''];
      else message = inspect(error);
      [kind, message, stack] = [text(kind), text(message), text(stack)];
    } catch {
      message = 'something was thrown that cannot be shown';
    }
    native.failed(call, text(kind).slice(0, 200), text(message).slice(0, 4_000), text(stack).slice(0, 4_000));
  };
  run(name, args, hasBytes).then((json) => native.done(call, json), failed);
};
