import { expect, test } from '../support/test.ts';
import { calls, card, changeScript, client, dial, missed } from '../support/telephony.ts';

const CLIENT = '+442079460123';
const SHOWN = '+44 20 7946 0123';

test('a call rings two operators and one answers: the other has missed nothing', async ({ server, openAs }) => {
  const reception = await openAs('reception', '/missed');
  const sales = await openAs('sales');
  const id = await server.pbx.ring({ to: ['101', '102'], from: CLIENT });
  await card(sales).getByRole('button', { name: 'Answer' }).click();
  await expect(card(reception)).toContainText('Answered by Sales (102)');
  await server.pbx.hangUp(id);
  await expect(card(sales)).toContainText('Call ended');
  await expect(reception.getByText('All caught up')).toBeVisible();
  expect(await calls(server, '?missed=true')).toHaveLength(0);
});

test('a caller who reached somebody is removed from every list automatically', async ({ server, openAs }) => {
  await missed(server, CLIENT, ['101', '102']);
  const reception = await openAs('reception', '/missed');
  const list = reception.getByRole('main');
  await expect(list).toContainText('Assigned to you and Sales');
  // A colleague picks up when the caller tries again.
  const id = await server.pbx.ring({ to: '102', from: CLIENT });
  await server.pbx.answer(id, '102');
  await expect(reception.getByText('All caught up')).toBeVisible();
});

test('a caller is resolved with a reason, which is kept; resolving can be undone', async ({ server, openAs }) => {
  await missed(server, CLIENT);
  const page = await openAs('reception', '/missed');
  const list = page.getByRole('main');
  await list.getByRole('button', { name: /^Resolve/ }).click();
  await page.getByRole('dialog').getByLabel('Reason').fill('Wrote an e-mail.');
  await page.keyboard.press('Enter');
  await expect(page.getByText('All caught up')).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(list).toContainText(SHOWN);

  await list.getByRole('button', { name: /^Resolve/ }).click();
  await page.getByRole('dialog').getByLabel('Reason').fill('Wrote an e-mail.');
  await page.keyboard.press('Enter');
  await expect(page.getByText('All caught up')).toBeVisible();
  const [call] = await calls(server);
  await page.goto(`/calls/${call?.id}`);
  await expect(list).toContainText('Resolved by Reception');
  await expect(list).toContainText('Wrote an e-mail.');
});

test('cancelling a dial before the call exists stops the call', async ({ server, openAs }) => {
  // The provider accepts the request but is slow to call.
  await changeScript(server, (source) =>
    source.replace("await api('POST', '/calls', { extension: srcPhone, number: dstPhone });", ''),
  );
  await missed(server, CLIENT);
  const page = await openAs('reception', '/missed');
  await page
    .getByRole('main')
    .getByRole('button', { name: /^Call back/ })
    .click();
  await expect(dial(page)).toContainText('Your phone (101) rings first.');
  await dial(page).getByRole('button', { name: 'Cancel' }).click();
  await expect(dial(page)).toBeHidden();
  await server.pbx.dial({ extension: '101', number: CLIENT });
  await expect.poll(() => server.pbx.calls()).toEqual([]);
});

test('a provider that refuses, or does nothing, is reported', async ({ server, openAs }) => {
  await server.api('PATCH', '/settings', { dialSeconds: 10 });
  await client(server, 'Ann Lee', CLIENT);
  const order = "await api('POST', '/calls', { extension: srcPhone, number: dstPhone });";
  await changeScript(server, (source) => source.replace(order, "throw new Error('No credit left.');"));
  const page = await openAs('reception', '/clients');
  await page.getByRole('main').getByRole('button', { name: SHOWN }).click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Call', exact: true }).click();
  await expect(dial(page).getByRole('alert')).toContainText('No credit left.');

  await changeScript(server, (source) => source.replace("throw new Error('No credit left.');", ''));
  await dial(page).getByRole('button', { name: 'Call again' }).click();
  await expect(dial(page)).toContainText('Dialling');
  await expect(dial(page).getByRole('alert')).toContainText('no call within 10 seconds', { timeout: 20_000 });
  await dial(page).getByRole('button', { name: 'Close' }).click();
  await expect(dial(page)).toBeHidden();
});

test('by keyboard alone: find a client, call, write a comment, go to the next missed caller', async ({
  server,
  openAs,
}) => {
  await client(server, 'Ann Lee', CLIENT);
  await missed(server, '+12025550143');
  const page = await openAs('reception');
  const keys = (...pressed: string[]) =>
    pressed.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());

  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Calls');
  await keys('Control+k');
  await page.keyboard.type('ann');
  await expect(page.getByRole('option', { name: /^Ann Lee/ })).toBeVisible();
  await keys('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Ann Lee');

  const number = page.getByRole('main').getByRole('button', { name: SHOWN }).first();
  await expect(async () => {
    await keys('Tab');
    await expect(number).toBeFocused({ timeout: 100 });
  }).toPass({ intervals: [0] });
  await keys('Enter');
  await expect(page.getByRole('menuitem', { name: 'Call', exact: true })).toBeFocused();
  await keys('Enter');
  await expect(card(page)).toContainText('In a call');

  await keys('Alt+c');
  await expect(async () => {
    await keys('Tab');
    await expect(card(page).getByLabel('Comment')).toBeFocused({ timeout: 100 });
  }).toPass({ intervals: [0] });
  await page.keyboard.type('Will send the offer.');
  await expect(card(page).getByText('Saved', { exact: true })).toBeVisible();

  await keys('Control+k');
  await page.keyboard.type('missed');
  await expect(page.getByRole('option', { name: 'Missed calls' })).toBeVisible();
  await keys('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Missed calls (1)');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  const caller = page.getByRole('main').getByRole('link', { name: 'Unknown caller' });
  await expect(caller).toBeVisible();
  await keys('j');
  await expect(caller).toBeFocused();
});
