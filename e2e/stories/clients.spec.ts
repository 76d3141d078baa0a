import type { Page } from '@playwright/test';
import type { Server } from '../support/server.ts';
import { expect, test } from '../support/test.ts';

const NUMBER = '+442079460123';

interface Client {
  id: string;
  name: string;
}

const add = (server: Server, fields: object) =>
  server.api<Client>('POST', '/clients', { kind: 'contact', name: 'Ann Lee', ...fields });

/** The toast with this text. */
const toast = (page: Page, text: string) => page.getByRole('listitem').filter({ hasText: text });

test('a client is created although one with that number already exists', async ({ server, openAs }) => {
  await add(server, { name: 'Ann Lee', phones: [{ number: NUMBER }] });
  const page = await openAs('reception', '/clients');
  await page.getByRole('link', { name: 'New client' }).click();
  const main = page.getByRole('main');
  await main.getByLabel('Name').fill('Northwind Traders');
  await main.getByLabel('Number 1', { exact: true }).fill('020 7946 0123');
  await expect(main).toContainText('+44 20 7946 0123 · United Kingdom');
  await expect(main).toContainText('Possible duplicate');
  await expect(main.getByRole('link', { name: 'Ann Lee' })).toBeVisible();

  await main.getByRole('combobox', { name: 'Company' }).fill('Northwind Group');
  await page.getByRole('option', { name: /New company/ }).click();
  await main.getByRole('button', { name: 'Add an address' }).click();
  await main.getByLabel('E-mail address 2', { exact: true }).fill('post@northwind.example');
  await main.getByLabel('Tags').fill('export,');
  await main.getByRole('button', { name: 'Create client' }).click();

  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Northwind Traders');
  await expect(main).toContainText('+44 20 7946 0123');
  await expect(main.getByRole('link', { name: 'post@northwind.example' })).toHaveAttribute('href', /^mailto:/);
  await main.getByRole('link', { name: 'Northwind Group' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Northwind Group');
  await expect(main.getByRole('link', { name: 'Northwind Traders' })).toBeVisible();
});

test('a client who turns out to exist already gets the typed details', async ({ server, openAs }) => {
  const { id } = await add(server, { name: 'Ann Lee', emails: ['ann@lee.example'] });
  const page = await openAs('reception', '/clients/new?phone=%2B442079460123&name=Ann');
  const main = page.getByRole('main');
  await main.getByLabel('E-mail address 1', { exact: true }).fill('ann@lee.example');
  await main.getByRole('button', { name: /^Merge instead.*Ann Lee/ }).click();
  await expect(page).toHaveURL(`/clients/${id}/edit`);
  await expect(main.getByLabel('Name')).toHaveValue('Ann Lee');
  await expect(main.getByLabel('Number 1', { exact: true })).toHaveValue(NUMBER);
  await main.getByRole('button', { name: 'Save' }).click();
  await expect(page).toHaveURL(`/clients/${id}`);
  await expect(main).toContainText('+44 20 7946 0123');
});

test('a client is found by number in any format, by name and by e-mail', async ({ server, openAs }) => {
  await add(server, { name: 'Ann Lee', phones: [{ number: NUMBER }], emails: ['ann@lee.example'] });
  await add(server, { name: 'Bob Stone', phones: [{ number: '+12025550143' }], tags: ['vip'] });
  const page = await openAs('reception', '/clients');
  const list = page.getByRole('main').getByRole('table');
  const search = page.getByRole('main').getByRole('searchbox', { name: 'Name, number or e-mail' });
  for (const text of ['020 7946 0123', '+44 20 7946', 'lee', 'ann@lee']) {
    await search.fill(text);
    await expect(list).not.toContainText('Bob Stone');
    await expect(list).toContainText('Ann Lee');
    await search.fill('');
    await expect(list).toContainText('Bob Stone');
  }
  await page.getByRole('main').getByRole('searchbox', { name: 'Tag' }).fill('vip');
  await expect(list).not.toContainText('Ann Lee');
  await expect(page).toHaveURL(/tag=vip/);

  await search.fill('0161 496 0999');
  await page.getByRole('link', { name: 'Create 0161 496 0999' }).click();
  await expect(page.getByLabel('Number 1', { exact: true })).toHaveValue('0161 496 0999');
});

test("a colleague's changes are not overwritten", async ({ server, openAs }) => {
  const client = await add(server, { name: 'Ann Lee' });
  const page = await openAs('reception', `/clients/${client.id}/edit`);
  const main = page.getByRole('main');
  await main.getByLabel('Name').fill('Anne Lee');
  await server.api('PATCH', `/clients/${client.id}`, { version: 1, notes: 'Calls on Mondays.' });
  await main.getByRole('button', { name: 'Save' }).click();
  await main.getByRole('button', { name: 'Reload' }).click();
  await expect(main.getByLabel('Notes')).toHaveValue('Calls on Mondays.');
  await main.getByLabel('Name').fill('Anne Lee');
  await main.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Anne Lee');

  // Leaving with unsaved changes asks first.
  await page.getByRole('link', { name: 'Edit' }).click();
  await main.getByLabel('Name').fill('Ann');
  await main.getByRole('link', { name: 'Cancel' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Stay here' }).click();
  await expect(main.getByLabel('Name')).toHaveValue('Ann');
});

test('hidden numbers are kept or removed without being seen', async ({ server, openAs }) => {
  const numbers = [
    { label: 'Work', number: NUMBER },
    { label: 'Home', number: '+12025550143' },
  ];
  const { id } = await add(server, { name: 'Ann Lee', phones: numbers });
  await server.api('PATCH', '/settings', { maskNumbers: true });
  const page = await openAs('reception', `/clients/${id}/edit`);
  const main = page.getByRole('main');
  await expect(main).toContainText('••• 23');
  await main.getByRole('button', { name: 'Remove number 2' }).click();
  await main.getByLabel('Label of number 1').fill('Office');
  await main.getByRole('button', { name: 'Save' }).click();
  await expect(page).toHaveURL(`/clients/${id}`);
  const { phones } = await server.api<{ phones: object[] }>('GET', `/clients/${id}`);
  expect(phones).toEqual([expect.objectContaining({ label: 'Office', number: NUMBER })]);
});

test('two clients are merged, and the merge is undone', async ({ server, openAs }) => {
  const { id } = await add(server, { name: 'Ann Lee', phones: [{ number: NUMBER }] });
  await add(server, { name: 'A. Lee', phones: [{ number: '+12025550143' }], emails: ['ann@lee.example'] });
  const page = await openAs('reception', `/clients/${id}`);
  const main = page.getByRole('main');
  await main.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Merge with…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('combobox', { name: 'The other client' }).fill('A. L');
  await page.getByRole('option', { name: /^A\. Lee/ }).click();
  await expect(dialog.getByRole('row', { name: /^Name/ })).toContainText('(not kept)');
  await dialog.getByRole('button', { name: 'Merge', exact: true }).click();
  await expect(main).toContainText('+1 202-555-0143');
  await expect(main).toContainText('ann@lee.example');

  await main.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('A. Lee');
  await page.goto(`/clients/${id}`);
  await expect(main).toContainText('+44 20 7946 0123');
  await expect(main).not.toContainText('+1 202-555-0143');
});

test('a lead becomes a contact of a new company; a client is archived and restored', async ({ server, openAs }) => {
  const { id } = await add(server, { kind: 'lead', name: 'Ann Lee' });
  const page = await openAs('reception', `/clients/${id}`);
  const main = page.getByRole('main');
  await main.getByRole('button', { name: 'Convert to contact' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('combobox', { name: 'Company' }).fill('Northwind');
  await page.getByRole('option', { name: /New company/ }).click();
  await dialog.getByRole('button', { name: 'Convert to contact' }).click();
  await expect(main.getByRole('link', { name: 'Northwind' })).toBeVisible();
  await expect(main).toContainText('Contact');
  await expect(main.getByRole('button', { name: 'Convert to contact' })).toHaveCount(0);

  await main.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Archive' }).click();
  await expect(main).toContainText('It does not appear in searches');
  await page.goto('/clients');
  await expect(main).not.toContainText('Ann Lee');
  await page.goto('/clients?archived=true');
  await main.getByRole('link', { name: 'Ann Lee' }).click();
  await main.getByRole('button', { name: 'Restore' }).click();
  await expect(main).not.toContainText('It does not appear in searches');
});

test('a call and its comments appear in the activity; mentioned colleagues are notified', async ({
  server,
  openAs,
}) => {
  const { id } = await add(server, { name: 'Ann Lee', phones: [{ number: NUMBER }] });
  const page = await openAs('reception', `/clients/${id}`);
  const main = page.getByRole('main');
  const call = await server.pbx.ring({ to: '101', from: NUMBER });
  const message = main.getByRole('article').filter({ hasText: 'Incoming' });
  await expect(message).toContainText('Ringing');
  await server.pbx.answer(call, '101');
  await server.pbx.hangUp(call);
  await expect(message).toContainText('Answered');
  await message.getByRole('button', { name: 'Recording' }).click();
  await expect(message.getByRole('button', { name: 'Play' })).toBeVisible();
  await message.getByRole('button', { name: 'Comment' }).click();
  await message.getByRole('textbox', { name: 'Comment on this call' }).fill('Wants the offer.');
  await message.getByRole('button', { name: 'Comment', exact: true }).click();
  await expect(message.getByRole('article')).toContainText('Wants the offer.');

  const colleague = await openAs('sales', '/calls');
  const editor = main.getByRole('textbox', { name: 'New comment' });
  await editor.pressSequentially('@sal');
  await expect(page.getByRole('option', { name: 'Sales' })).toBeVisible();
  await editor.press('Enter');
  await editor.pressSequentially('please send it.');
  await editor.press('Control+Enter');
  await expect(toast(colleague, 'Reception mentioned you')).toBeVisible();
  await colleague.getByRole('button', { name: 'Mentions, 1 new' }).click();
  await colleague.getByRole('link', { name: 'Reception on Ann Lee' }).click();
  await expect(colleague.getByRole('button', { name: 'Mentions, 0 new' })).toBeVisible();
  const theirs = colleague.getByRole('article').filter({ hasText: 'please send it.' });
  await expect(theirs).toBeVisible();
  await expect(theirs.getByRole('button')).toHaveCount(0);

  // An edited comment is updated for both.
  const own = main.getByRole('article').filter({ hasText: 'please send it.' });
  await own.getByRole('button', { name: 'Edit comment' }).click();
  await main.getByRole('textbox', { name: 'Edit comment' }).fill('@Sales please send it today.');
  await main.getByRole('button', { name: 'Save' }).click();
  await expect(colleague.getByRole('article').filter({ hasText: 'today.' })).toContainText('edited');

  await main.getByRole('article').filter({ hasText: 'today.' }).getByRole('button', { name: 'Delete comment' }).click();
  await expect(main).not.toContainText('today.');
  await toast(page, 'Comment deleted').getByRole('button', { name: 'Undo' }).click();
  await expect(main).toContainText('today.');
});

test("a client's missed call is shown on its page until resolved", async ({ server, openAs }) => {
  const { id } = await add(server, { name: 'Ann Lee', phones: [{ number: NUMBER }] });
  const page = await openAs('reception', `/clients/${id}`);
  const main = page.getByRole('main');
  await expect(main.getByRole('heading', { name: 'Activity' })).toBeVisible();
  await server.pbx.busy({ to: '101', from: NUMBER });
  await expect(main).toContainText('1 unresolved missed call');
  await main.getByRole('button', { name: 'Resolve' }).click();
  await expect(main).not.toContainText('1 unresolved missed call');
});

test('a client is found, opened and commented on without a mouse', async ({ server, openAs }) => {
  await add(server, { name: 'Ann Lee' });
  await add(server, { name: 'Bob Stone' });
  const page = await openAs('reception', '/clients');
  await expect(page.getByRole('main').getByRole('table')).toContainText('Bob Stone');
  const { keyboard } = page;
  await keyboard.press('/');
  await keyboard.press('ArrowDown');
  await expect(page.getByRole('link', { name: 'Ann Lee' })).toBeFocused();
  await keyboard.press('ArrowDown');
  await expect(page.getByRole('link', { name: 'Bob Stone' })).toBeFocused();
  await keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Bob Stone');
  await keyboard.press('c');
  await keyboard.type('Called on the way.');
  await keyboard.press('Control+Enter');
  await expect(page.getByRole('main').getByRole('article')).toContainText('Called on the way.');

  // The quick search finds clients too.
  await keyboard.press('Control+K');
  await keyboard.type('ann');
  await expect(page.getByRole('dialog').getByRole('option', { name: 'Ann Lee' })).toBeVisible();
  await keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Ann Lee');
});
