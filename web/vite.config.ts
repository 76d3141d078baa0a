import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vite';

// `npm run dev` serves the app from source, with the data of a running server.
const server = process.env.HOOKSWITCH_URL ?? 'http://127.0.0.1:8700';

export default defineConfig({
  plugins: [
    tailwindcss(),
    sveltekit(),
    // Paraglide's plugin would keep the tests from exiting; `npm test` compiles the messages first.
    process.env.VITEST
      ? svelteTesting({ autoCleanup: false })
      : paraglideVitePlugin({
          project: './project.inlang',
          outdir: './src/lib/paraglide',
          strategy: ['localStorage', 'preferredLanguage', 'baseLocale'],
        }),
  ],
  server: {
    proxy: Object.fromEntries(
      ['/api', '/webhooks', '/docs', '/openapi.json', '/demo'].map((path) => [
        path,
        { target: server, ws: true, changeOrigin: false },
      ]),
    ),
  },
  build: { chunkSizeWarningLimit: 10_000 },
});
