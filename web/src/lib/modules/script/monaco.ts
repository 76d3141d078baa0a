// The editor, with TypeScript as its only language; loaded by the pages that show a script alone. The language's worker
// loads every feature of the editor anyway, and too late for those that need a service of their own: so all are here.
import * as monaco from 'monaco-editor/editor';
import 'monaco-editor/features/register.all';
// These two the editor's own list of features leaves out.
import 'monaco-editor/editor/contrib/gotoSymbol/browser/goToCommands';
import 'monaco-editor/editor/contrib/suggest/browser/suggestController';
import 'monaco-editor/languages/definitions/typescript/register';
import { ModuleKind, ScriptTarget, typescriptDefaults } from 'monaco-editor/languages/features/typescript/register';
import EditorWorker from 'monaco-editor/editor/editor.worker?worker';
import TypeScriptWorker from 'monaco-editor/languages/features/typescript/ts.worker?worker';
import sdk from '../../../../../sdk/hookswitch.d.ts?raw';

export { monaco };

/** TypeScript to look at: coloured, but no part of the program that is checked. */
export const READ_ONLY_LANGUAGE = 'typescript-version';

self.MonacoEnvironment = {
  getWorker: (_, label) => (label === 'typescript' ? new TypeScriptWorker() : new EditorWorker()),
};

// What sdk/tsconfig.json says, in the editor's own terms.
typescriptDefaults.setCompilerOptions({
  target: ScriptTarget.ESNext,
  lib: ['lib.es2023.d.ts'],
  types: [],
  module: ModuleKind.ESNext,
  strict: true,
  noEmit: true,
});
typescriptDefaults.setExtraLibs([{ content: sdk, filePath: 'file:///hookswitch.d.ts' }]);

monaco.languages.register({ id: READ_ONLY_LANGUAGE });
monaco.languages.registerTokensProviderFactory(READ_ONLY_LANGUAGE, {
  create: async () => (await import('monaco-editor/languages/definitions/typescript/typescript')).language,
});

// The editor reads no oklch: `editor.background` is app.css's surface. The rest is what its own themes show with too little
// contrast on a changed or marked line.
monaco.editor.defineTheme('hookswitch-light', {
  base: 'vs',
  inherit: true,
  rules: [
    { token: 'comment', foreground: '005f0a' },
    { token: 'number', foreground: '005c43' },
    { token: 'type', foreground: '005f5f' },
  ],
  colors: {
    'editor.background': '#ffffff',
    'diffEditor.insertedLineBackground': '#e8f6ec',
    'diffEditor.insertedTextBackground': '#c6ead1',
    'diffEditor.removedLineBackground': '#ffefef',
    'diffEditor.removedTextBackground': '#ffd6d6',
  },
});
monaco.editor.defineTheme('hookswitch-dark', {
  base: 'vs-dark',
  inherit: true,
  rules: [
    { token: 'comment', foreground: '8cc07a' },
    { token: 'keyword', foreground: '7db7f0' },
  ],
  colors: {
    'editor.background': '#16191f',
    'diffEditor.insertedLineBackground': '#14291c',
    'diffEditor.insertedTextBackground': '#1f4a2e',
    'diffEditor.removedLineBackground': '#321a1d',
    'diffEditor.removedTextBackground': '#5a2429',
  },
});

export function setTheme(dark: boolean) {
  monaco.editor.setTheme(dark ? 'hookswitch-dark' : 'hookswitch-light');
}

/** How every editor of the app looks in `container`. */
export function appearance(container: HTMLElement): monaco.editor.IEditorOptions {
  const { fontFamily } = getComputedStyle(container);
  const isNarrow = matchMedia('(width < 40rem)').matches;
  return {
    fontFamily,
    fontSize: 13,
    lineHeight: 20,
    minimap: { enabled: false },
    scrollBeyondLastLine: false,
    overviewRulerBorder: false,
    hideCursorInOverviewRuler: true,
    wordWrap: isNarrow ? 'on' : 'off',
    folding: !isNarrow,
    lineNumbersMinChars: isNarrow ? 3 : 4,
    glyphMargin: false,
    padding: { top: 12, bottom: 12 },
    stickyScroll: { enabled: false },
    // A wheel that reaches the end of the text goes on with the page.
    scrollbar: { alwaysConsumeMouseWheel: false },
    fixedOverflowWidgets: true,
  };
}
