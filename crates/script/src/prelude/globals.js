// What scripts see. sdk/hookswitch.d.ts declares exactly these.

// Newer than ES2023, or a way for a thread to wait.
for (const name of [
  'AsyncDisposableStack', 'Atomics', 'DisposableStack', 'Float16Array', 'InternalError', 'Iterator', 'SharedArrayBuffer',
  'SuppressedError',
]) {
  delete globalThis[name];
}
// Newer as well, and loops without an end where the list they walk over has none.
delete Math.sumPrecise;
const iterators = Object.getPrototypeOf(Object.getPrototypeOf([].values()));
for (const [prototype, kept] of [[iterators, ['constructor']], [Set.prototype, [
  'add', 'clear', 'constructor', 'delete', 'entries', 'forEach', 'has', 'keys', 'size', 'values',
]]]) {
  for (const name of Object.getOwnPropertyNames(prototype)) if (!kept.includes(name)) delete prototype[name];
}

for (const [name, value] of Object.entries({
  AbortSignal, CryptoKey, Headers, HttpResponse, Namespace, Request, Response, TextDecoder, TextEncoder, URL,
  URLSearchParams, VoipCallDirection, VoipCallDisposition, VoipWebhookEvent, atob, btoa, clearInterval, clearTimeout,
  console, crypto, fetch, queueMicrotask, setInterval, setTimeout,
})) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}

// A request that is processed again is processed at the time of its arrival, a scenario's at the time that it says.
const standsAt = native.clock;
if (standsAt() !== undefined) {
  const { Date } = globalThis;
  const standing = new Proxy(Date, {
    apply: () => new Date(standsAt()).toString(),
    construct: (target, args, as) => Reflect.construct(target, args.length > 0 ? args : [standsAt()], as),
  });
  Date.now = () => standsAt();
  Date.prototype.constructor = standing;
  globalThis.Date = standing;
}

return { register, start, settle, fire, forget };
