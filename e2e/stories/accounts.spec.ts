import { Server } from '../support/server.ts';
import { expect, test } from '../support/test.ts';

test('a new server is set up through the link it prints, once', async ({ browser }) => {
  const server = await Server.start('empty');
  const page = await browser.newPage();
  await page.goto(server.url);
  await expect(page.getByRole('heading', { name: 'Set up Hookswitch' })).toBeVisible();
  await page.goto(server.setUpUrl);
  await page.getByLabel('Your name').fill('Administrator');
  await page.getByLabel('Login').fill('admin');
  await page.getByLabel('Password', { exact: true }).fill('short');
  await page.getByRole('button', { name: 'Create administrator account' }).click();
  await expect(page.getByRole('alert')).toContainText('at least 10 characters');
  await page.getByLabel('Password', { exact: true }).fill('long enough now');
  await page.getByRole('button', { name: 'Create administrator account' }).click();
  await expect(page.getByText('No provider is connected')).toBeVisible();

  await page.goto(server.setUpUrl);
  await page.reload();
  await expect(page.getByText('This server is already set up')).toBeVisible();
  await page.close();
  await server.remove();
});

test('signing in returns to the requested page; a wrong password shows an error', async ({ server, page }) => {
  await page.goto('/missed');
  await page.getByLabel('Login').fill('reception');
  await page.getByLabel('Password', { exact: true }).fill('wrong password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert')).toContainText('Incorrect login or password');
  await page.getByLabel('Password', { exact: true }).fill(server.passwordOf('reception'));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(/\/missed$/);

  // Operators have no access to administration.
  await expect(page.getByRole('navigation').getByRole('link', { name: 'Modules' })).toHaveCount(0);
  await page.goto('/users');
  await expect(page.getByText('403')).toBeVisible();

  await page.getByRole('button', { name: /^Account of/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
});

test('an administrator creates, changes and deactivates a user', async ({ server, openAs, browser }) => {
  const admin = await openAs('admin', '/users');
  await admin.getByRole('link', { name: 'New user' }).click();
  await admin.getByLabel('Name', { exact: true }).fill('Night shift');
  await admin.getByLabel('Login', { exact: true }).fill('sales');
  await admin.getByLabel('Password', { exact: true }).fill('a long password');
  await admin.getByRole('button', { name: 'Create user' }).click();
  await expect(admin.getByRole('alert')).toContainText('Another user has this login');
  await admin.getByLabel('Login', { exact: true }).fill('night');
  await admin.getByRole('button', { name: 'Create user' }).click();
  await admin.getByRole('dialog').getByRole('button', { name: 'Done' }).click();

  const theirs = await browser.newPage({ baseURL: server.url });
  await theirs.goto('/sign-in');
  await theirs.getByLabel('Login').fill('night');
  await theirs.getByLabel('Password', { exact: true }).fill('a long password');
  await theirs.getByRole('button', { name: 'Sign in' }).click();
  await expect(theirs.getByText('Live')).toBeAttached();

  await admin.goto('/users');
  await admin.getByRole('link', { name: 'Night shift' }).click();
  await admin.getByRole('switch', { name: 'Can sign in' }).click();
  await admin.getByRole('alertdialog').getByRole('button', { name: 'Deactivate' }).click();
  await expect(theirs.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await theirs.close();
});

test('nobody can lock themselves out, and the last administrator stays', async ({ openAs }) => {
  const admin = await openAs('admin', '/users');
  await admin.getByRole('link', { name: 'Administrator' }).click();
  await expect(admin.getByText("You can't deactivate or delete your own account.")).toBeVisible();
  await expect(admin.getByRole('button', { name: 'Delete user' })).toBeDisabled();
});

test('everything can be tried without a telephone', async ({ openAs }) => {
  const page = await openAs('reception', '/calls');
  await page.getByRole('complementary').getByRole('button', { name: 'Try it' }).click();
  const card = page.getByRole('article', { name: /^Call with/ });
  const scene = (name: string) => page.getByRole('region', { name: 'Try it' }).getByRole('button', { name });
  await scene('A client calls me A call card').click();
  await expect(card).toContainText('Incoming call');
  await scene('Pick up').click();
  await expect(card).toContainText('In a call');
  await scene('Hold').click();
  await expect(card).toContainText('On hold');
  await scene('Resume').click();
  await expect(card).toContainText('In a call');
  await scene('The client hangs up').click();
  await expect(card).toContainText('Call ended');
});
