// What scripts see. sdk/hookswitch.d.ts declares exactly these.

// Newer than ES2023, or a way for a thread to wait.
for (const name of [
  'AsyncDisposableStack', 'Atomics', 'DisposableStack', 'Float16Array', 'InternalError', 'Iterator', 'SharedArrayBuffer',
  'SuppressedError',
]) {
  delete globalThis[name];
}

for (const [name, value] of Object.entries({
  AbortSignal, CryptoKey, Headers, HttpResponse, Namespace, Request, Response, TextDecoder, TextEncoder, URL,
  URLSearchParams, VoipCallDirection, VoipCallDisposition, VoipWebhookEvent, atob, btoa, clearInterval, clearTimeout,
  console, crypto, fetch, queueMicrotask, setInterval, setTimeout,
})) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}

return { register, start, settle, fire, forget };
