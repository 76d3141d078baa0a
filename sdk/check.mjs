// Compiles every built-in module, the template script for new modules and every ```ts block of docs/MODULES.md against
// hookswitch.d.ts, each separately, because they declare functions with the same names.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const sdk = import.meta.dirname;
const root = path.dirname(sdk);
const types = path.join(sdk, 'hookswitch.d.ts');
const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile(path.join(sdk, 'tsconfig.json'), ts.sys.readFile).config, ts.sys, sdk);

/** The scripts to check, with the names to report them under. */
function scripts() {
  const modules = readdir(path.join(root, 'modules')).map((file) => [path.relative(root, file), readFileSync(file, 'utf8')]);
  const template = 'crates/server/src/cli/module/template/module.ts';
  return [...modules, [template, readFileSync(path.join(root, template), 'utf8')], ...documented('docs/MODULES.md')];
}

function readdir(folder) {
  return ts.sys.readDirectory(folder, ['.ts'], undefined, ['*/module.ts']).toSorted();
}

/** The ```ts blocks of a document, each padded so that its line numbers match the document's. */
function documented(document) {
  const file = path.join(root, document);
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map((block) => {
    const before = text.slice(0, block.index).split('\n').length;
    return [document, '\n'.repeat(before) + block[1]];
  });
}

const shared = ts.createCompilerHost(options);
const parsed = new Map();

function diagnostics(source) {
  const name = path.join(sdk, 'script.ts');
  const host = {
    ...shared,
    getSourceFile(file, version) {
      if (file === name) return ts.createSourceFile(file, source, version);
      if (!parsed.has(file)) parsed.set(file, shared.getSourceFile(file, version));
      return parsed.get(file);
    },
    fileExists: (file) => file === name || shared.fileExists(file),
  };
  return ts.getPreEmitDiagnostics(ts.createProgram([types, name], options, host));
}

let failed = false;
const all = scripts();
for (const [name, source] of all) {
  for (const { file, start, messageText } of diagnostics(source)) {
    failed = true;
    const { line, character } = file?.getLineAndCharacterOfPosition(start ?? 0) ?? { line: 0, character: 0 };
    const where = file?.fileName === types ? 'sdk/hookswitch.d.ts' : name;
    console.error(`${where}:${line + 1}:${character + 1}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
  }
}
if (failed) process.exit(1);
console.log(`${all.length} scripts compile against hookswitch.d.ts`);
