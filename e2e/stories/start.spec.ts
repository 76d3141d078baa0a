import { expect, test } from '../support/test.ts';

test("the app opens at the server's address", async ({ page }) => {
  await page.goto('/');
  await expect(page).toHaveTitle(/Hookswitch/);
  await expect(page.getByRole('textbox', { name: 'Login' })).toBeVisible();
});

test('a signed-in user sees the telephony workspace', async ({ openAs }) => {
  const page = await openAs('reception', '/calls');
  await expect(page.getByRole('heading', { name: 'Calls', level: 1 })).toBeVisible();
});
