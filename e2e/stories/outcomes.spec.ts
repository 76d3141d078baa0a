import { expect, test } from '../support/test.ts';
import { card } from '../support/telephony.ts';

const CLIENT = '+442079460123';

test('an outcome is required after a call, and calls are found by it', async ({ server, openAs }) => {
  const admin = await openAs('admin', '/outcomes');
  await admin.getByRole('button', { name: 'New list' }).click();
  await admin.getByLabel('List name').fill('Sales');
  await admin.getByLabel('Outcome 1', { exact: true }).fill('Sold');
  await admin.getByRole('button', { name: 'Add outcome' }).click();
  await admin.getByLabel('Outcome 2', { exact: true }).fill('Wants an offer');
  await admin.getByRole('button', { name: 'Move Wants an offer up' }).press('Enter');
  await expect(admin.getByLabel('Outcome 1', { exact: true })).toHaveValue('Wants an offer');
  await admin.getByRole('switch', { name: 'Required after a call' }).click();
  await admin.getByRole('button', { name: 'Save' }).click();
  await expect(admin.getByRole('button', { name: 'Delete list' })).toBeVisible();

  const page = await openAs('reception', '/calls');
  const id = await server.pbx.ring({ to: '101', from: CLIENT });
  await card(page).getByRole('button', { name: 'Answer' }).click();
  await expect(card(page)).toContainText('In a call');
  await server.pbx.hangUp(id);
  await expect(card(page)).toContainText('Choose an outcome before you close the call.');
  await expect(card(page).getByRole('button', { name: 'Close' })).toBeDisabled();
  await card(page).getByLabel('Outcome: No outcome').click();
  await expect(page.getByRole('option')).toHaveText(['No outcome', 'Wants an offer', 'Sold']);
  await page.getByRole('option', { name: 'Sold' }).click();
  await expect(card(page)).not.toContainText('Choose an outcome');
  await card(page).getByRole('button', { name: 'Close' }).click();
  await expect(card(page)).toBeHidden();

  const main = page.getByRole('main');
  await expect(main).toContainText('Sold');
  await main.getByLabel(/^Outcome/).click();
  await page.getByRole('option', { name: 'Wants an offer' }).click();
  await expect(page.getByText('No calls match these filters')).toBeVisible();
  await main.getByLabel(/^Outcome/).click();
  await page.getByRole('option', { name: 'Sold' }).click();
  await expect(main).toContainText('+44 20 7946 0123');
  const link = await page.getByRole('link', { name: 'Export CSV' }).getAttribute('href');
  expect(await (await page.request.get(link ?? '')).text()).toContain('Sold');
});
