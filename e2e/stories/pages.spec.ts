import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import type { Server } from '../support/server.ts';
import { expect, test } from '../support/test.ts';

const WIDTHS = { desk: 1440, phone: 390 };
const THEMES = ['light', 'dark'] as const;

/** Creates a recorded call, a missed call, clients and a failed request. Returns the ids to open. */
async function fill(server: Server) {
  const company = await server.api<{ id: string }>('POST', '/clients', { kind: 'company', name: 'Northwind Group' });
  const client = await server.api<{ id: string }>('POST', '/clients', {
    kind: 'lead',
    name: 'Northwind Traders',
    companyId: company.id,
    phones: [{ label: 'Work', number: '+442079460123' }],
    emails: ['post@northwind.example'],
    tags: ['export'],
    notes: 'Calls on Mondays.',
  });
  await server.api('POST', `/clients/${client.id}/activity`, { text: 'Wants the new price list.' });
  const codes = [{ label: 'Sold' }, { label: 'Wants an offer' }];
  await server.api('POST', '/outcome-lists', { name: 'Sales', required: false, moduleIds: [], codes });
  const over = await server.pbx.ring({ to: '101', from: '+442079460123', name: 'Northwind Traders' });
  await server.pbx.answer(over, '101');
  await server.pbx.redirect(over, '102');
  await server.pbx.answer(over, '102');
  await server.pbx.hangUp(over);
  await server.pbx.busy({ from: '+12025550143' });
  const [module] = (await server.api<{ items: { id: string; webhookUrl: string }[] }>('GET', '/modules')).items;
  const { source } = await server.api<{ source: string }>('GET', `/modules/${module?.id}/script`);
  await server.api('PUT', `/modules/${module?.id}/script`, {
    source: source.replace(
      'const body =',
      "if (request.path === '/broken') throw new Error('No such thing');\n  const body =",
    ),
  });
  await fetch(module?.webhookUrl.replace('?', '/broken?') ?? '', { method: 'POST', body: '{"hello":"there"}' });
  // The recording arrives last.
  await expect
    .poll(async () => (await server.api<{ items: { recording: { available: boolean } }[] }>('GET', '/calls')).items)
    .toContainEqual(expect.objectContaining({ recording: { available: true } }));
  const calls = await server.api<{ items: { id: string; recording: { available: boolean } }[] }>('GET', '/calls');
  const requests = await server.api<{ items: { id: string; status: string }[] }>(
    'GET',
    `/modules/${module?.id}/requests`,
  );
  const users = await server.api<{ items: { id: string; login: string }[] }>('GET', '/users');
  return {
    company: company.id,
    client: client.id,
    module: module?.id,
    call: calls.items.find(({ recording }) => recording.available)?.id,
    request: requests.items.find(({ status }) => status === 'processed')?.id,
    failed: requests.items.find(({ status }) => status === 'failed')?.id,
    user: users.items.find(({ login }) => login === 'sales')?.id,
  };
}

async function expectAccessible(page: Page, what: string) {
  // Rows are hidden until their height is known; axe would miss their text if it ran before.
  await expect(page.getByRole('row', { includeHidden: true }).filter({ visible: false })).toHaveCount(0);
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
  expect.soft(found, what).toEqual([]);
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect.soft(overflow, `${what}: nothing overflows horizontally`).toBe(0);
}

for (const colorScheme of THEMES) {
  for (const [screen, width] of Object.entries(WIDTHS)) {
    test.describe(`${colorScheme}, at the ${screen}`, () => {
      test.use({ colorScheme, viewport: { width, height: 900 }, reducedMotion: 'reduce' } as object);

      test('every page is accessible', async ({ server, openAs, page }) => {
        test.setTimeout(300_000);
        await page.goto('/sign-in');
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
        await expectAccessible(page, '/sign-in');
        await page.goto('/setup');
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
        await expectAccessible(page, '/setup');

        const ids = await fill(server);
        const admin = await openAs('admin', '/calls');
        const pages = [
          '/calls',
          `/calls/${ids.call}`,
          '/missed',
          '/clients',
          '/clients?query=nobody',
          '/clients/new',
          '/clients/import',
          `/clients/${ids.client}`,
          `/clients/${ids.client}/edit`,
          `/clients/${ids.company}`,
          '/profile',
          '/modules',
          '/modules/new',
          `/modules/${ids.module}/settings`,
          `/modules/${ids.module}/telephony`,
          `/modules/${ids.module}/script`,
          `/modules/${ids.module}/checks`,
          `/modules/${ids.module}/requests`,
          `/modules/${ids.module}/requests/${ids.request}`,
          `/modules/${ids.module}/requests/${ids.failed}`,
          `/modules/${ids.module}/log`,
          '/users',
          '/reports?period=today',
          '/outcomes',
          '/settings',
          '/data',
          '/audit',
          '/users/new',
          `/users/${ids.user}`,
          '/nowhere',
        ];
        for (const path of pages) {
          await admin.goto(path);
          await expect(admin.getByRole('heading', { level: 1 })).toBeVisible();
          await expect(admin.getByRole('status', { name: 'Loading…' })).toHaveCount(0);
          await expectAccessible(admin, path);
        }

        const operator = await openAs('reception', '/calls');
        await server.pbx.ring({ to: '101', from: '+442079460123', name: 'Northwind Traders' });
        const card = operator.getByRole('article', { name: /^Call with/ });
        await expect(card).toBeVisible();
        await expectAccessible(operator, 'a ringing call');
        await card.getByRole('button', { name: 'Answer' }).click();
        await expect(card).toContainText('In a call');
        await expectAccessible(operator, 'a call');
        await card.getByRole('button', { name: 'End' }).click();
        await expect(card).toContainText('Call ended');
        await expectAccessible(operator, 'a call that is over');
        await card.getByRole('button', { name: 'Close' }).click();

        await server.pbx.ring({ to: '101', from: '+4930901820' });
        await card.getByRole('button', { name: 'Attach to client' }).click();
        await expect(operator.getByRole('dialog')).toBeVisible();
        await expectAccessible(operator, 'a call from an unknown number');
        await operator.keyboard.press('Escape');
        await card.getByRole('button', { name: '+49 30 901820' }).click();
        await expect(operator.getByRole('menu')).toBeVisible();
        await expectAccessible(operator, "a number's menu");
      });
    });
  }
}
