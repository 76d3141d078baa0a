// console: values in readable, bounded form.

const MAX_DEPTH = 4;
const MAX_ENTRIES = 100;
const MAX_LINE = 8_192;

const inspect = (value, depth = 0, seen = []) => {
  if (typeof value === 'string') return depth === 0 ? value.slice(0, MAX_LINE) : stringify(value.slice(0, MAX_LINE));
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return `[function ${value.name || 'anonymous'}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (value instanceof Error) return describeError(value);
  if (seen.includes(value)) return '[circular]';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof RegExp || value instanceof URL || value instanceof URLSearchParams) return String(value);
  if (value instanceof Promise) return '[promise]';
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return `[${value.constructor.name}: ${value.byteLength} bytes]`;
  const inside = [...seen, value];
  const name = value.constructor?.name ?? '';
  if (depth >= MAX_DEPTH) return Array.isArray(value) ? '[…]' : '{…}';
  const show = (one) => inspect(one, depth + 1, inside);
  if (Array.isArray(value)) return `[${some(value.length, (index) => show(value[index]))}]`;
  if (value instanceof Map) {
    const entries = first(value.entries());
    return `Map {${some(entries.length, (index) => `${show(entries[index][0])} => ${show(entries[index][1])}`)}}`;
  }
  if (value instanceof Set) {
    const entries = first(value.values());
    return `Set {${some(entries.length, (index) => show(entries[index]))}}`;
  }
  if (value instanceof Headers) return `Headers ${show(Object.fromEntries(value))}`;
  if (value instanceof Response) return `Response {status: ${value.status}, url: ${show(value.url)}}`;
  if (value instanceof Request) return `Request {method: ${value.method}, url: ${show(value.url)}}`;
  const shown = typeof value.toJSON === 'function' ? value.toJSON() : value;
  if (typeof shown !== 'object' || shown === null) return show(shown);
  const keys = Object.keys(shown);
  const body = some(keys.length, (index) => `${keys[index]}: ${show(shown[keys[index]])}`);
  return `${name === 'Object' || name === '' ? '' : `${name} `}{${body}}`;
};

/** So many of an iterator's values that it shows whether there are more than MAX_ENTRIES. */
const first = (iterator) => {
  const found = [];
  for (const value of iterator) {
    found.push(value);
    if (found.length > MAX_ENTRIES) break;
  }
  return found;
};

/** Up to MAX_ENTRIES entries, and how many more there are; stops when the text is long enough. */
const some = (length, show) => {
  const parts = [];
  let size = 0;
  for (let index = 0; index < length; index += 1) {
    if (index >= MAX_ENTRIES || size > MAX_LINE) {
      parts.push(`… ${length - index} more`);
      break;
    }
    const part = show(index);
    size += part.length;
    parts.push(part);
  }
  return parts.join(', ');
};

const describeError = (error) => {
  const code = error.code === undefined ? '' : ` (${error.code})`;
  const cause = error.cause === undefined ? '' : `; cause: ${error.cause instanceof Error ? error.cause.message : error.cause}`;
  return `${error.name}: ${error.message}${code}${cause}`.slice(0, MAX_LINE);
};

const write = (level) => (...values) => {
  const line = values.map((value) => inspect(value)).join(' ');
  native.log(level, text(line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line), text(new Error().stack));
};

const console = Object.freeze({
  debug: write('debug'),
  log: write('info'),
  info: write('info'),
  warn: write('warn'),
  error: write('error'),
});
