// Monaco with TypeScript as its only language, loaded only by pages that show a script. The language's worker
// loads every editor feature anyway, and too late for those with their own services, so all are imported here.
import * as monaco from 'monaco-editor/editor';
import 'monaco-editor/features/register.all';
// Missing from the editor's own list of features.
import 'monaco-editor/editor/contrib/gotoSymbol/browser/goToCommands';
import 'monaco-editor/editor/contrib/suggest/browser/suggestController';
import 'monaco-editor/languages/definitions/typescript/register';
import { ModuleKind, ScriptTarget, typescriptDefaults } from 'monaco-editor/languages/features/typescript/register';
import EditorWorker from 'monaco-editor/editor/editor.worker?worker';
import TypeScriptWorker from 'monaco-editor/languages/features/typescript/ts.worker?worker';
import sdk from '../../../../../sdk/hookswitch.d.ts?raw';

export { monaco };

/** TypeScript for display only: highlighted, but not part of the checked program. */
export const READ_ONLY_LANGUAGE = 'typescript-version';

self.MonacoEnvironment = {
  getWorker: (_, label) => (label === 'typescript' ? new TypeScriptWorker() : new EditorWorker()),
};

// The options of sdk/tsconfig.json, in the editor's format.
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

// The editor cannot parse oklch: `editor.background` is the surface colour of app.css. The other colours have too little
// contrast on changed or marked lines in the built-in themes.
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

/** Appearance options shared by all editors. */
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
    // At the end of the text, the wheel scrolls the page.
    scrollbar: { alwaysConsumeMouseWheel: false },
    fixedOverflowWidgets: true,
  };
}
