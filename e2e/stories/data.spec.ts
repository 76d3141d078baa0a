import { expect, test } from '../support/test.ts';
import { card, client, missed } from '../support/telephony.ts';

const NUMBER = '+442079460123';

test('a client is erased for good and disappears from everybody’s screens', async ({ server, openAs }) => {
  const { id } = await client(server, 'Zoe Fairweather', NUMBER);
  await missed(server, NUMBER);
  await server.api('POST', `/clients/${id}/activity`, { text: 'Wants tea.' });
  const reception = await openAs('reception', `/clients/${id}`);
  await expect(reception.getByRole('heading', { level: 1 })).toHaveText('Zoe Fairweather');

  const admin = await openAs('admin', `/clients/${id}`);
  await admin.getByRole('button', { name: 'More actions' }).click();
  await admin.getByRole('menuitem', { name: 'Erase…' }).click();
  const dialog = admin.getByRole('dialog', { name: 'Erase Zoe Fairweather?' });
  await expect(dialog).toContainText('1 call');
  await expect(dialog).toContainText('1 comment');
  const erase = dialog.getByRole('button', { name: 'Erase for good' });
  await expect(erase).toBeDisabled();
  await dialog.getByLabel('Type “Zoe Fairweather” to confirm').fill('zoe fairweather');
  await admin.keyboard.press('Enter');
  await expect(admin).toHaveURL(/\/clients$/);
  await expect(admin.getByRole('main')).not.toContainText('Fairweather');
  await expect(reception.getByText('Client not found')).toBeVisible();

  await admin.goto('/data');
  await expect(admin.getByRole('region', { name: 'Erased' })).toContainText('Client erased');
  await expect(admin.getByRole('region', { name: 'Erased' })).toContainText('1 call, 1 comment');
  await admin.goto('/audit');
  const table = admin.getByRole('table');
  await expect(table.getByRole('row').nth(1)).toContainText('Erased');
  await expect(table).toContainText('Erased client');
  await expect(table).not.toContainText('Fairweather');
  await reception.goto('/missed');
  await expect(reception.getByText('All caught up')).toBeVisible();
});

test('one call is erased from its page', async ({ server, openAs }) => {
  const { id } = await client(server, 'Zoe Fairweather', NUMBER);
  await missed(server, NUMBER);
  const admin = await openAs('admin', `/clients/${id}`);
  await admin.goto('/calls');
  await admin.getByRole('row').filter({ hasText: 'Zoe Fairweather' }).getByRole('link').first().click();
  await admin.getByRole('button', { name: 'Erase this call…' }).click();
  await admin.getByRole('dialog').getByRole('button', { name: 'Erase for good' }).click();
  await expect(admin).toHaveURL(/\/calls$/);
  await expect(admin.getByRole('row').filter({ hasText: 'Zoe Fairweather' })).toHaveCount(0);
  await admin.goto(`/clients/${id}`);
  await expect(admin.getByRole('heading', { level: 1 })).toHaveText('Zoe Fairweather');
});

test('the retention of calls is set, with a confirmation of what that deletes', async ({ server, openAs }) => {
  const admin = await openAs('admin', '/settings');
  await admin.getByRole('navigation').getByRole('link', { name: 'Data' }).click();
  const form = admin.getByRole('region', { name: 'How long data is kept' });
  await form.getByLabel('Calls').click();
  await admin.getByRole('option', { name: '2 years' }).click();
  await form.getByRole('button', { name: 'Save' }).click();
  await expect(admin.getByText('Saved')).toBeVisible();
  await admin.reload();
  await expect(form.getByLabel('Calls')).toContainText('2 years');
  const { keep } = await server.api<{ keep: Record<string, number | null> }>('GET', '/retention');
  expect(keep.callsDays).toBe(730);
  expect(keep.requestsDays).toBe(30);
});

test('an operator has no data page and cannot erase', async ({ server, openAs }) => {
  const { id } = await client(server, 'Zoe Fairweather', NUMBER);
  const page = await openAs('reception', `/clients/${id}`);
  await page.getByRole('button', { name: 'More actions' }).click();
  await expect(page.getByRole('menuitem', { name: 'Archive' })).toBeVisible();
  await expect(page.getByRole('menuitem', { name: 'Erase…' })).toHaveCount(0);
  await expect(page.getByRole('navigation').getByRole('link', { name: 'Data' })).toHaveCount(0);
  await expect(card(page)).toHaveCount(0);
});
