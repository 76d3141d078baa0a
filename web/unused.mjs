// Reports unused messages and exports. Part of `npm run lint`.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = (file) => readFileSync(file, 'utf8');
const files = (folder) => readdirSync(folder, { recursive: true }).map((file) => join(folder, file));
const sources = files('src')
  .filter((file) => /\.(ts|svelte)$/.test(file) && !/\/paraglide\/|\.d\.ts$/.test(file))
  .map((file) => ({ file, text: read(file) }));
const all = sources.map(({ text }) => text).join('\n');
const problems = [];

for (const file of files('messages/en')) {
  for (const name of Object.keys(JSON.parse(read(file)))) {
    if (!new RegExp(`\\bm\\.${name}\\b`).test(all)) problems.push(`${file}: nothing says ${name}`);
  }
}

const EXPORT = /^export (?:abstract |async )*(?:const|let|function|class|interface|type) (\w+)/gm;
for (const { file, text } of sources.filter(({ file }) => file.startsWith('src/lib/') && file.endsWith('.ts'))) {
  for (const [, name] of text.matchAll(EXPORT)) {
    const isUsed = sources.some((other) => other.file !== file && new RegExp(`\\b${name}\\b`).test(other.text));
    if (!isUsed) problems.push(`${file}: nothing else uses ${name}, so it need not be exported`);
  }
}

for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
