import { expect, test } from '../support/test.ts';
import { calls, card, client, missed } from '../support/telephony.ts';

const CLIENT = '+442079460123';
const SHOWN = '+44 20 7946 0123';

interface Client {
  id: string;
  kind: string;
}

test('an unknown caller is missed twice, becomes one lead, is called back, and has one activity list', async ({
  server,
  openAs,
}) => {
  await missed(server, CLIENT);
  await missed(server, CLIENT);
  const page = await openAs('reception', '/missed');
  const list = page.getByRole('main');
  await expect(list.getByRole('listitem').filter({ hasText: SHOWN })).toHaveCount(1);
  await expect(list).toContainText('2 calls');
  await expect(list).toContainText('Unknown caller');
  await expect(list).toContainText('Assigned to you');
  const { items } = await server.api<{ items: Client[] }>('GET', '/clients?phone=020%207946%200123');
  expect(items.map(({ kind }) => kind)).toEqual(['lead']);

  await list.getByRole('button', { name: /^Call back/ }).click();
  await expect(card(page)).toContainText('In a call');
  await expect(page.getByText('All caught up')).toBeVisible();
  await expect(page.getByRole('navigation').getByRole('link', { name: /^Missed calls/ })).not.toContainText('1');
  await card(page).getByRole('button', { name: 'End' }).click();
  await expect(card(page)).toContainText('Call ended');

  await page.goto(`/clients/${items[0]?.id}`);
  await expect(page.locator('[data-call-message]')).toHaveCount(3);
  await expect(page.locator('[data-call-message]').first()).toContainText('Answered');
  await page.goto('/calls');
  await expect(page.getByRole('main')).toContainText('Reached later');
});

test('an unknown caller becomes a contact during the call', async ({ server, openAs }) => {
  const page = await openAs('reception');
  const id = await server.pbx.ring({ to: '101', from: CLIENT, name: 'Northwind Traders' });
  await expect(card(page)).toContainText('No client has this number yet');
  await server.pbx.answer(id, '101');
  await card(page).getByRole('link', { name: 'Create contact' }).click();
  const main = page.getByRole('main');
  await expect(main.getByLabel('Name')).toHaveValue('Northwind Traders');
  await expect(main.getByLabel('Number 1', { exact: true })).toHaveValue(CLIENT);
  await main.getByRole('button', { name: 'Create client' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Northwind Traders');
  await expect(card(page).getByRole('link', { name: 'Northwind Traders' })).toBeVisible();
  await expect(main.locator('[data-call-message]')).toHaveCount(1);
});

test('two contacts share a number: the chosen one gets the call, and can be changed', async ({ server, openAs }) => {
  const ann = await client(server, 'Ann Lee', CLIENT);
  const bob = await client(server, 'Bob Stone', '020 7946 0123');
  const page = await openAs('reception');
  const id = await server.pbx.ring({ to: '101', from: CLIENT });
  await expect(card(page)).toContainText('Several clients have this number. Who is it?');
  await card(page).getByRole('button', { name: 'Bob Stone' }).press('Enter');
  await expect(card(page).getByRole('link', { name: 'Bob Stone' })).toBeFocused();
  await server.pbx.answer(id, '101');
  await server.pbx.hangUp(id);
  await expect(card(page)).toContainText('Call ended');
  expect(await calls(server, `?clientId=${bob.id}`)).toHaveLength(1);
  expect(await calls(server, `?clientId=${ann.id}`)).toHaveLength(0);

  await card(page).getByRole('button', { name: "Change the call's client" }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('combobox').fill('ann');
  await page.getByRole('option', { name: /Ann Lee/ }).click();
  await dialog.getByRole('button', { name: 'Attach' }).click();
  await expect(card(page).getByRole('link', { name: 'Ann Lee' })).toBeVisible();
  expect(await calls(server, `?clientId=${ann.id}`)).toHaveLength(1);
});

test('a call from a new number is attached to a client, who gets the number', async ({ server, openAs }) => {
  const { id } = await client(server, 'Ann Lee', '+12025550143');
  const page = await openAs('reception');
  await server.pbx.ring({ to: '101', from: CLIENT });
  await card(page).getByRole('button', { name: 'Attach to client' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('combobox').fill('ann');
  await page.getByRole('option', { name: /Ann Lee/ }).click();
  await expect(dialog.getByRole('checkbox', { name: 'Save this number to the client' })).toBeChecked();
  await dialog.getByRole('button', { name: 'Attach' }).click();
  await expect(card(page).getByRole('link', { name: 'Ann Lee' })).toBeVisible();
  const { phones } = await server.api<{ phones: { e164: string }[] }>('GET', `/clients/${id}`);
  expect(phones.map(({ e164 }) => e164)).toEqual(['+12025550143', CLIENT]);
});

test('a known caller is shown with their history', async ({ server, openAs }) => {
  const { id } = await client(server, 'Ann Lee', CLIENT);
  await server.api('POST', `/clients/${id}/activity`, { text: 'Wants the offer by Friday.' });
  await missed(server, '0044 20 7946 0123');
  const page = await openAs('reception');
  await server.pbx.ring({ to: '101', from: CLIENT });
  await expect(card(page).getByRole('link', { name: 'Ann Lee' })).toBeVisible();
  await expect(card(page)).toContainText('1 missed call, ');
  await expect(card(page)).toContainText('Wants the offer by Friday.');
  await expect(card(page).getByRole('link', { name: /^Missed/ })).toBeVisible();
});

test('hidden numbers stay hidden, but can be called', async ({ server, openAs }) => {
  await server.api('PATCH', '/settings', { maskNumbers: true });
  const page = await openAs('reception');
  const seen: string[] = [];
  page.on('response', async (response) => {
    if (response.url().includes('/api/')) seen.push(await response.text().catch(() => ''));
  });
  page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => seen.push(String(payload))));
  await page.reload();
  const id = await server.pbx.ring({ to: '101', from: CLIENT });
  await expect(card(page)).toContainText('••• 23');
  await server.pbx.hangUp(id);
  await expect(card(page)).toContainText('Missed call');

  await page.goto('/missed');
  await page
    .getByRole('main')
    .getByRole('button', { name: /^Hidden number/ })
    .click();
  await expect(page.getByRole('menuitem', { name: 'Copy number' })).toHaveCount(0);
  await page.getByRole('menuitem', { name: 'Call', exact: true }).click();
  await expect.poll(async () => (await server.pbx.calls())[0]?.to).toBe(CLIENT);
  await expect(card(page).first()).toContainText('••• 23');
  expect(seen.join('\n')).toContain('••• 23');
  expect(seen.join('\n')).not.toMatch(/7946\s?0123/);
});
