import type { Page } from '@playwright/test';
import type { Server } from '../support/server.ts';
import { expect, test } from '../support/test.ts';

const CLIENT = '+442079460123';

interface Module {
  id: string;
  webhookUrl: string;
}

async function demoModule(server: Server): Promise<Module> {
  const { items } = await server.api<{ items: Module[] }>('GET', '/modules');
  if (!items[0]) throw new Error('the demo has no module');
  return items[0];
}

async function changeScript(server: Server, { id }: Module, change: (source: string) => string) {
  const { source } = await server.api<{ source: string }>('GET', `/modules/${id}/script`);
  await server.api('PUT', `/modules/${id}/script`, { source: change(source) });
}

const tab = (page: Page, name: string) =>
  page.getByRole('navigation', { name: 'Module pages' }).getByRole('link', { name });
const editor = (page: Page) => page.getByRole('code').or(page.locator('.monaco-editor')).first();

test('a provider is connected from its template, up to the first call', async ({ server, openAs }) => {
  const admin = await openAs('admin', '/modules');
  const reception = await openAs('reception');
  const settings = server.pbxSettings;

  await admin.getByRole('link', { name: 'New module' }).click();
  await admin.getByRole('link', { name: 'Demo PBX' }).click();
  await admin.getByLabel('Name', { exact: true }).fill('Head office');
  await admin.getByLabel('Address of the PBX').fill(settings.pbxUrl);
  await admin.getByRole('textbox', { name: 'API key' }).fill('wrong');
  await admin.getByRole('textbox', { name: 'Webhook secret' }).fill(settings.webhookSecret);
  await admin.getByRole('button', { name: 'Create module' }).click();

  await admin.getByRole('button', { name: 'Test connection' }).click();
  await expect(admin.getByText('The connection does not work')).toBeVisible();
  await admin.getByRole('button', { name: 'Replace: API key' }).click();
  await admin.getByRole('textbox', { name: 'API key' }).fill(settings.apiKey);
  await admin.getByRole('button', { name: 'Save and test' }).click();
  await expect(admin.getByText('The connection works')).toBeVisible();

  await tab(admin, 'Telephony settings').click();
  await admin.getByRole('link', { name: 'Configure users' }).click();
  await admin.getByRole('button', { name: 'Accept 2 suggestions' }).click();
  await admin.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(admin.getByText('Calls now go to these colleagues')).toBeVisible();

  await server.pbx.ring({ to: '101', from: CLIENT });
  await expect(reception.getByRole('article', { name: /^Call with/ })).toContainText('Incoming call');
});

test('an error in the script is shown at its line; a fixed script replays failed requests', async ({
  server,
  openAs,
}) => {
  test.setTimeout(180_000);
  const module = await demoModule(server);
  await changeScript(server, module, (source) =>
    source.replace('const body = typeof', "throw new Error('Out of order');\n  const body = typeof"),
  );
  await server.pbx.hangUp(await server.pbx.ring({ to: '101', from: CLIENT }));
  // The PBX gives up after six tries for the start and six for the end: after that, only a replay can create the call.
  const path = `/modules/${module.id}/requests?status=failed`;
  const failed = async () => (await server.api<{ items: unknown[] }>('GET', path)).items.length;
  await expect.poll(failed, { timeout: 60_000 }).toBe(12);

  const admin = await openAs('admin', path);
  await admin.getByRole('main').getByRole('table').getByRole('link').first().click();
  await expect(admin.getByRole('alert').filter({ hasText: 'Out of order' })).toBeVisible();
  await admin.getByRole('link', { name: /^Open line \d+/ }).click();

  // The throwing line is visible; a syntax error is refused.
  await expect(editor(admin)).toContainText('Out of order');
  await editor(admin).click();
  await admin.keyboard.press('Control+Home');
  await admin.keyboard.type('const broken: = 1;\n');
  await admin.keyboard.press('Control+s');
  await expect(admin.getByText("Not saved: the script can't be used like this")).toBeVisible();
  await expect(admin.getByRole('button', { name: /Line 1\b/ }).first()).toBeVisible();
  await expect(admin.locator('.squiggly-error').first()).toBeVisible();

  // Back to the version that worked.
  await admin.getByRole('button', { name: 'Versions' }).click();
  await admin.getByRole('button', { name: /Version 1\b/ }).click();
  await admin.getByRole('button', { name: 'Restore' }).click();
  await admin.getByRole('alertdialog').getByRole('button', { name: 'Restore' }).click();
  await expect(admin.getByText(/Version 1 is in use again/)).toBeVisible();

  // The oldest request is the start event.
  await tab(admin, 'Requests').click();
  await admin.getByRole('main').getByRole('table').getByRole('link').last().click();
  await admin.getByRole('button', { name: 'See what would change' }).click();
  await expect(admin.getByText('this is what a replay would change')).toBeVisible();
  await expect(admin.getByRole('main')).toContainText('+44 20 7946 0123');
  expect(await server.api('GET', '/calls')).toMatchObject({ items: [] });
  await admin.getByRole('button', { name: 'Replay now' }).click();
  await expect.poll(() => server.api('GET', '/calls')).toMatchObject({ items: [{ state: 'ringing' }] });
});

test('the editor completes and checks scripts without a network', async ({ server, openAs }) => {
  const module = await demoModule(server);
  const admin = await openAs('admin', `/modules/${module.id}/script`);
  await editor(admin).click();
  await admin.keyboard.press('Control+Home');
  await admin.keyboard.type('Namespace.');
  await expect(admin.locator('.suggest-widget')).toContainText('storage');
  await admin.keyboard.press('Escape');
  await admin.keyboard.type('nothing;\n');
  await expect(admin.locator('.squiggly-error').first()).toBeVisible();

  // Unsaved text is not lost by a click.
  await tab(admin, 'Log').click();
  await expect(admin.getByRole('alertdialog')).toContainText('Leave without saving?');
  await admin.getByRole('button', { name: 'Stay here' }).click();
  await expect(editor(admin)).toContainText('Namespace.nothing');
});

test('an unsaved script is run beside the editor', async ({ server, openAs }) => {
  const module = await demoModule(server);
  await server.pbx.ring({ to: '101', from: CLIENT });
  const path = `/modules/${module.id}/requests`;
  const requests = async () => (await server.api<{ items: unknown[] }>('GET', path)).items.length;
  await expect.poll(requests).toBe(1);

  const admin = await openAs('admin', `/modules/${module.id}/script`);
  await admin.getByRole('button', { name: 'Run' }).click();
  const panel = admin.getByRole('region', { name: 'Run the script' });
  await panel.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(panel.getByRole('group', { name: 'Result' })).toContainText('notifyStart');

  // The typed text runs although it is not saved.
  await editor(admin).click();
  await admin.keyboard.press('Control+Home');
  await admin.keyboard.type("throw new Error('Not yet');\n");
  await panel.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(panel.getByRole('alert')).toContainText('Not yet');
  expect((await server.api<{ items: unknown[] }>('GET', '/calls')).items).toHaveLength(1);
});

test('a module is checked with its scenarios', async ({ server, openAs }) => {
  const module = await demoModule(server);
  const admin = await openAs('admin', `/modules/${module.id}/checks`);
  const main = admin.getByRole('main');
  await expect(main.getByRole('heading', { name: 'When something goes wrong' })).toBeVisible({ timeout: 45_000 });
  await expect(main.getByText('Passed').first()).toBeVisible();
  await expect(main.getByText('Failed')).toHaveCount(0);
});

test('after rotating the token, the old URL is refused and calls still arrive', async ({ server, openAs }) => {
  const module = await demoModule(server);
  const admin = await openAs('admin', `/modules/${module.id}/telephony`);
  const reception = await openAs('reception');
  await expect(admin.getByRole('textbox', { name: 'Webhook URL' })).toHaveValue(module.webhookUrl);
  await admin.getByRole('button', { name: 'Rotate token' }).click();
  await admin.getByRole('alertdialog').getByRole('button', { name: 'Rotate token' }).click();
  await expect(admin.getByText('The old URL no longer works')).toBeVisible();
  await expect(admin.getByRole('textbox', { name: 'Webhook URL' })).not.toHaveValue(module.webhookUrl);

  expect((await fetch(module.webhookUrl, { method: 'POST', body: '{}' })).status).toBe(401);
  await server.pbx.ring({ to: '101', from: CLIENT });
  await expect(reception.getByRole('article', { name: /^Call with/ })).toBeVisible();
});

test('requests appear live and explain why no call card appeared', async ({ server, openAs }) => {
  const module = await demoModule(server);
  const admin = await openAs('admin', `/modules/${module.id}/requests`);
  await expect(admin.getByText('No requests yet')).toBeVisible();
  await server.pbx.ring({ to: '103', from: CLIENT });
  await admin.getByRole('main').getByRole('table').getByRole('link').first().click();
  await expect(admin.getByRole('main')).toContainText('103');
  await expect(admin.getByRole('link', { name: 'Assign it under Telephony settings' })).toBeVisible();
  await expect(admin.getByRole('main')).toContainText('Delivered to 0 tabs');
});

test('all failed requests are replayed together once the script is fixed', async ({ server, openAs }) => {
  const module = await demoModule(server);
  const broken = (source: string) =>
    source.replace('const body = typeof', "throw new Error('Out');\n  const body = typeof");
  await changeScript(server, module, broken);
  for (const from of [CLIENT, '+12025550143', '+4930901820']) await server.pbx.ring({ to: '101', from });
  // The PBX keeps resending refused requests: there are more requests than calls.
  const failed = async () =>
    (await server.api<{ items: unknown[] }>('GET', `/modules/${module.id}/requests?status=failed`)).items.length;
  await expect.poll(failed).toBeGreaterThanOrEqual(3);
  await server.api('POST', `/modules/${module.id}/script/versions/1/restore`);

  const admin = await openAs('admin', `/modules/${module.id}/requests?status=failed`);
  await admin.getByRole('button', { name: 'Replay all failed' }).click();
  await admin.getByRole('alertdialog').getByRole('button', { name: 'Replay' }).click();
  await expect(admin.getByText(/^All \d+ were replayed/)).toBeVisible();
  await expect(admin.getByText(/^\d+ repaired, 0 still failing/)).toBeVisible();
  expect(await failed()).toBe(0);
  expect((await server.api<{ items: unknown[] }>('GET', '/calls')).items).toHaveLength(3);
});

test('a module that is off takes no calls and shows that it is off', async ({ server, openAs }) => {
  const module = await demoModule(server);
  const admin = await openAs('admin', '/modules');
  await admin.getByRole('switch', { name: 'Demo PBX takes calls' }).click();
  await admin.getByRole('alertdialog').getByRole('button', { name: 'Turn off' }).click();
  await expect(admin.getByRole('main')).toContainText('Off');
  await expect.poll(async () => (await fetch(module.webhookUrl, { method: 'POST', body: '{}' })).status).toBe(503);
});
