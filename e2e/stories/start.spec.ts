import { expect, test } from '../support/test.ts';

test('the app opens at the address of the server', async ({ page }) => {
  await page.goto('/');
  await expect(page).toHaveTitle(/Hookswitch/);
  await expect(page.getByRole('textbox', { name: 'Login' })).toBeVisible();
});

test('who signed in sees the telephony workspace', async ({ openAs }) => {
  const page = await openAs('reception', '/calls');
  await expect(page.getByRole('heading', { name: 'Calls', level: 1 })).toBeVisible();
});
