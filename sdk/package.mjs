// Packs what npm would publish and uses it as described in README.md: a project with a tsconfig.json and a module.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ts from 'typescript';

const FILES = ['LICENSE-APACHE', 'LICENSE-MIT', 'README.md', 'hookswitch.d.ts', 'package.json', 'tsconfig.json'];

const sdk = import.meta.dirname;
const root = path.dirname(sdk);
const read = (...parts) => readFileSync(path.join(...parts), 'utf8');
const problems = [];

for (const licence of ['LICENSE-APACHE', 'LICENSE-MIT']) {
  if (read(sdk, licence) !== read(root, licence)) problems.push(`sdk/${licence} is not the project's ${licence}`);
}
const { version } = JSON.parse(read(sdk, 'package.json'));
if (!read(root, 'Cargo.toml').includes(`\nversion = "${version}"\n`)) {
  problems.push(`sdk/package.json has version ${version}, Cargo.toml another`);
}

const project = mkdtempSync(path.join(tmpdir(), 'hookswitch-sdk-'));
try {
  const pack = execFileSync('npm', ['pack', '--json', '--pack-destination', project], { cwd: sdk, encoding: 'utf8' });
  const [{ filename, files }] = JSON.parse(pack);
  const packed = files.map((file) => file.path).toSorted();
  if (packed.join() !== FILES.join()) problems.push(`the package has ${packed.join(', ')}; expected ${FILES.join(', ')}`);
  const installed = path.join(project, 'node_modules/@hookswitch/sdk');
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', path.join(project, filename), '-C', installed, '--strip-components=1']);

  const block = (language) => new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(read(sdk, 'README.md'))[1];
  writeFileSync(path.join(project, 'tsconfig.json'), block('json'));
  mkdirSync(path.join(project, 'my-pbx'));
  writeFileSync(path.join(project, 'my-pbx/module.ts'), block('ts'));
  problems.push(...compile(path.join(project, 'tsconfig.json')));
} finally {
  rmSync(project, { recursive: true });
}

/** TypeScript's diagnostics for a project. */
function compile(config) {
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: (problem) => problems.push(problem.messageText) };
  const { fileNames, options, errors } = ts.getParsedCommandLineOfConfigFile(config, {}, host);
  const names = fileNames.map((file) => path.basename(file)).toSorted();
  if (names.join() !== 'hookswitch.d.ts,module.ts') return [`README.md's project compiles ${names.join(', ')}`];
  return [...errors, ...ts.getPreEmitDiagnostics(ts.createProgram(fileNames, options))].map(
    ({ messageText }) => `README.md's project: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
  );
}

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
console.log(`the package can be published: ${FILES.join(', ')}`);
