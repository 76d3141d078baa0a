// Writes docs/SDK.md, the reference of hookswitch.d.ts. With --check, fails if the committed file differs.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const TARGET = 'docs/SDK.md';
const INTRODUCTION = `# Reference: what a script can use

<!-- Made from sdk/hookswitch.d.ts by \`cargo xtask codegen\`. -->

[Writing a module](MODULES.md) tells what to do with it.
`;
const SECTION = /^\/\/ -{4} (.+?) -+$/m;
const COMMENT = /\/\*\*.*?\*\//gs;

const sdk = import.meta.dirname;
const source = ts.createSourceFile(
  'hookswitch.d.ts',
  readFileSync(path.join(sdk, 'hookswitch.d.ts'), 'utf8'),
  ts.ScriptTarget.ES2023,
  true,
);

/** A comment's text, as Markdown. */
const said = (comment) => comment.slice(3, -2).replace(/^[ \t]*\*? ?/gm, '').trim();

/** A declaration's documentation: its last comment. An earlier one belongs to the file. */
const docOf = (node) => (node.jsDoc === undefined ? '' : said(node.jsDoc.at(-1).getText()));

const nameOf = (node) => (ts.isVariableStatement(node) ? node.declarationList.declarations[0].name : node.name).getText();

/** The members of a declaration or of a property's type. */
const membersOf = (node) => {
  if (ts.isVariableStatement(node)) return membersOf(node.declarationList.declarations[0]);
  return node.members ?? node.type?.members ?? [];
};

/** A list item for each member that has a comment. */
function members(node, before = '') {
  return membersOf(node).flatMap((member) => {
    if (member.name === undefined) return [];
    const name = before + member.name.getText();
    const isCalled = ts.isMethodSignature(member) || ts.isMethodDeclaration(member);
    const doc = docOf(member).replaceAll('\n', '\n  ').replace(/^ +$/gm, '');
    const item = doc === '' ? [] : [`- \`${name}${isCalled ? '()' : ''}\`: ${doc}`];
    return [...item, ...members(member, `${name}.`)];
  });
}

/** The source of a declaration, without comments. */
const code = (node) =>
  node
    .getText()
    .replaceAll(new RegExp(`^[ \\t]*${COMMENT.source}\\n`, 'gms'), '')
    .replace(/^declare /, '');

function reference(node) {
  const parts = [`### ${nameOf(node)}`, docOf(node), `\`\`\`ts\n${code(node)}\n\`\`\``, members(node).join('\n')];
  return parts.filter((part) => part !== '').join('\n\n');
}

/** The declarations grouped by section, in order. */
function sections() {
  const found = [];
  for (const node of source.statements) {
    const title = SECTION.exec(source.text.slice(node.pos, node.getStart()))?.[1];
    if (title !== undefined) found.push({ title, nodes: [] });
    found.at(-1).nodes.push(node);
  }
  return found;
}

const link = (name) => `[${name}](#${name.toLowerCase().replaceAll(' ', '-')})`;
const all = sections();
const contents = all.map(({ title, nodes }) => `- ${link(title)}: ${nodes.map((node) => link(nameOf(node))).join(', ')}`);
const text = `${[
  INTRODUCTION + '\n' + said(source.text.match(COMMENT)[0]),
  contents.join('\n'),
  ...all.flatMap(({ title, nodes }) => [`## ${title}`, ...nodes.map(reference)]),
].join('\n\n')}\n`;

const target = path.join(path.dirname(sdk), TARGET);
if (!process.argv.includes('--check')) {
  writeFileSync(target, text);
} else if (readFileSync(target, 'utf8') !== text) {
  process.exit(1);
}
