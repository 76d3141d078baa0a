/** Monaco has no types for modules that it normally loads itself. */
declare module 'monaco-editor/languages/definitions/typescript/typescript' {
  import type { languages } from 'monaco-editor/editor';

  export const language: languages.IMonarchLanguage;
}
