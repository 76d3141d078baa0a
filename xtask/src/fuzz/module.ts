// The fuzzer's provider: the request's body says what the script returns, throws or does. An object with the key "$" stands
// for what JSON cannot express.

type Tree = any

function circular(): any {
  const one: any = { list: [] }
  one.list.push(one)
  return one
}

function nested(levels: number): any {
  let inner: any = 'core'
  for (let level = 0; level < levels; level++) inner = level % 2 ? [inner] : { inner }
  return inner
}

const ODD: Record<string, (node: Tree) => any> = {
  undefined: () => undefined,
  nan: () => NaN,
  infinity: () => -Infinity,
  minusZero: () => -0,
  bigint: (node) => BigInt(node.of ?? 7),
  symbol: () => Symbol('fuzz'),
  function: () => () => 1,
  date: (node) => new Date(node.of),
  regexp: () => /x+/g,
  map: () => new Map([['a', 1]]),
  set: () => new Set([1]),
  error: (node) => new TypeError(node.of),
  bytes: (node) => new Uint8Array(node.of ?? 3),
  buffer: (node) => new ArrayBuffer(node.of ?? 3),
  boxed: (node) => Object(node.of),
  long: (node) => (node.text ?? 'x').repeat(node.of),
  holes: (node) => new Array(node.of),
  deep: (node) => nested(node.of),
  circular: () => circular(),
  lone: () => 'a\ud800b\udfff',
  url: () => new URL('https://fuzz.example/?a=\u0000'),
  promise: (node) => Promise.resolve(node.of),
  never: () => new Promise(() => {}),
  thenable: (node) => ({ then: (done: any) => done(build(node.of)) }),
  getter: (node) => ({ get value() { return build(node.of) } }),
  throwingGetter: () => ({ get event() { throw new Error('from a getter') } }),
  proxy: (node) => new Proxy(Object(build(node.of)), {}),
  throwingProxy: () => new Proxy({}, { ownKeys() { throw new Error('from a proxy') } }),
  endlessProxy: () => new Proxy([], { get: (_, key) => (key === 'length' ? 2 ** 53 - 1 : undefined) }),
  toJSON: (node) => ({ toJSON: () => build(node.of) }),
  endlessToJSON: () => { const make = (): any => ({ toJSON: () => [make()] }); return make() },
  noPrototype: (node) => Object.assign(Object.create(null), node.of),
  response: (node) => new HttpResponse().status(node.status).header('x-fuzz', 'y').content(build(node.of)),
  json: (node) => new HttpResponse().json(build(node.of)),
}

function build(node: Tree): any {
  if (Array.isArray(node)) return node.map(build)
  if (typeof node !== 'object' || node === null) return node
  if (typeof node.$ === 'string' && ODD[node.$]) return ODD[node.$](node)
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, build(value)]))
}

async function VoipParseWebhookRequest(request: FetchRequest): Promise<any> {
  if (typeof request.body !== 'string') return { response: { content: request } }
  const wish = JSON.parse(request.body)
  if (wish.log !== undefined) console.log(build(wish.log))
  if (wish.store !== undefined) await Namespace.storage.set(String(wish.key).slice(0, 100), build(wish.store), { ttlSeconds: 5 })
  if (wish.throw !== undefined) throw build(wish.throw)
  return build(wish.give)
}

function VoipTestConnection(): VoipTestConnectionResult {
  return { success: true }
}

function VoipGetMembers(): VoipMember[] {
  return [{ id: '100', name: 'a\u0000b' }]
}

function VoipGenerateCall(): void {}

function VoipGetCallLink(data: any): string {
  return `https://recordings.invalid/${encodeURIComponent(typeof data)}`
}
