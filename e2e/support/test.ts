import { type BrowserContext, type Page, test as base, expect } from '@playwright/test';
import { type Login, Server } from './server.ts';

interface Fixtures {
  /** The test's own server, which is also the base URL of `page`. */
  server: Server;
  /** Opens a new window, signed in as this user, at `/` or the given path. */
  openAs: (login: Login, path?: string) => Promise<Page>;
  /** Uncaught errors, violations of the Content Security Policy and requests to other hosts. Any of them fails the test. */
  troubles: string[];
}

export { expect };

export const test = base.extend<Fixtures>({
  server: async ({}, use) => {
    const server = await Server.start();
    await use(server);
    await server.remove();
  },

  baseURL: async ({ server }, use) => {
    await use(server.url);
  },

  troubles: async ({}, use) => {
    const troubles: string[] = [];
    await use(troubles);
    expect(troubles).toEqual([]);
  },

  context: async ({ context, server, troubles }, use) => {
    watch(context, server, troubles);
    await use(context);
  },

  openAs: async ({ server, browser, contextOptions, baseURL, troubles }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async (login, path = '/') => {
      const context = await browser.newContext({ ...contextOptions, baseURL });
      contexts.push(context);
      watch(context, server, troubles);
      const page = await context.newPage();
      await signIn(page, server, login);
      await page.goto(path);
      return page;
    });
    for (const context of contexts) await context.close();
  },
});

/** Signs in without the sign-in page. */
export async function signIn(page: Page, server: Server, login: Login): Promise<void> {
  const data = { login, password: server.passwordOf(login) };
  const response = await page.request.post('/api/v1/session', { data, headers: { origin: server.url } });
  if (!response.ok()) throw new Error(`${login} cannot sign in: ${response.status()} ${await response.text()}`);
}

function watch(context: BrowserContext, server: Server, troubles: string[]): void {
  context.on('weberror', (error) => troubles.push(String(error.error().stack)));
  context.on('console', (message) => {
    if (message.type() === 'error' && message.text().includes('Content Security Policy')) troubles.push(message.text());
  });
  context.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol !== 'data:' && protocol !== 'blob:' && origin !== server.url) troubles.push(`asked ${request.url()}`);
  });
}
