import type { Page } from '@playwright/test';
import { expect, test } from '../support/test.ts';

const CLIENT = '+442079460123';
const SHOWN = '+44 20 7946 0123';

/** The card of the only call on the page. */
const card = (page: Page) => page.getByRole('article', { name: `Call with ${SHOWN}` });
const button = (page: Page, name: string) => card(page).getByRole('button', { name, exact: true });

test('a call is answered, held, resumed, transferred to a colleague and ended', async ({ server, openAs }) => {
  const reception = await openAs('reception');
  const sales = await openAs('sales');
  await server.pbx.ring({ to: '101', from: CLIENT, name: 'Northwind Traders' });

  await expect(card(reception)).toContainText('Incoming call');
  await expect(card(reception)).toContainText('Northwind Traders · United Kingdom');
  await expect(card(reception)).toContainText('To +44 20 7946 0000');
  await expect(reception).toHaveTitle(`${SHOWN} is calling`);

  await button(reception, 'Answer').click();
  await expect(card(reception)).toContainText('In a call');
  await expect(reception).toHaveTitle('Calls · Hookswitch');

  await button(reception, 'Hold').click();
  await expect(card(reception)).toContainText('On hold');
  await button(reception, 'Resume').click();
  await expect(card(reception)).toContainText('In a call');

  await button(reception, 'Redirect').click();
  await reception.getByRole('combobox', { name: 'Transfer now' }).fill('sal');
  await reception.keyboard.press('Enter');
  await expect(card(sales)).toContainText('Incoming call');
  await button(sales, 'Answer').click();
  await expect(card(sales)).toContainText('In a call');
  await expect(card(reception)).toBeHidden();

  await button(sales, 'End').click();
  await expect(card(sales)).toContainText('Call ended');
  expect(await server.pbx.calls()).toEqual([]);
});

test('two tabs agree on the state, the comment and closed cards', async ({ server, openAs }) => {
  const one = await openAs('reception');
  const other = await one.context().newPage();
  await other.goto('/missed');
  const id = await server.pbx.ring({ to: '101', from: CLIENT });

  await button(one, 'Answer').click();
  await expect(card(other)).toContainText('In a call');
  await button(other, 'Mute').click();
  await expect(button(one, 'Unmute')).toHaveAttribute('aria-pressed', 'true');
  expect((await server.pbx.calls())[0]?.legs[0]?.muted).toBe(true);

  await card(one).getByLabel('Comment').fill('Wants an offer for twelve chairs.');
  await expect(card(other).getByLabel('Comment')).toHaveValue('Wants an offer for twelve chairs.');

  await server.pbx.hangUp(id);
  await expect(card(one)).toContainText('Call ended');
  await expect(card(other)).toContainText('Call ended');
  await button(other, 'Close').click();
  await expect(card(one)).toBeHidden();
});

test('a refresh during a call loses nothing', async ({ server, openAs }) => {
  const page = await openAs('reception');
  await server.pbx.ring({ to: '101', from: CLIENT });
  await button(page, 'Answer').click();
  await expect(card(page)).toContainText('In a call');
  await card(page).getByLabel('Comment').fill('Half a note');
  await page.reload();
  await expect(card(page)).toContainText('In a call');
  await expect(card(page).getByLabel('Comment')).toHaveValue('Half a note');
  await expect(button(page, 'Hold')).toBeVisible();
});

test('the server restarts during a call: the page says so, and the card reappears by itself', async ({
  server,
  openAs,
}) => {
  const page = await openAs('reception');
  await server.pbx.ring({ to: '101', from: CLIENT });
  await button(page, 'Answer').click();
  await expect(card(page)).toContainText('In a call');

  await server.stop();
  await expect(page.getByText('No connection')).toBeVisible();
  await server.startAgain();
  await expect(page.getByText('No connection')).toBeHidden({ timeout: 30_000 });
  await expect(card(page)).toContainText('In a call');

  // The connection works again: the next call rings.
  await server.pbx.ring({ to: '101', from: '+12025550143' });
  await expect(page.getByRole('article', { name: 'Call with +1 202-555-0143' })).toContainText('Incoming call');
});

test('a colleague answers: the card says who, then closes', async ({ server, openAs }) => {
  const reception = await openAs('reception');
  const sales = await openAs('sales');
  await server.pbx.ring({ to: ['101', '102'], from: CLIENT });
  await expect(card(reception)).toContainText('Also ringing: Sales (102)');

  await button(sales, 'Answer').click();
  await expect(card(reception)).toContainText('Answered by Sales (102)');
  await expect(card(reception)).toBeHidden();
  await expect(card(sales)).toContainText('In a call');
});

test('a colleague is consulted first, then gets the call', async ({ server, openAs }) => {
  const reception = await openAs('reception');
  const sales = await openAs('sales');
  await server.pbx.ring({ to: '101', from: CLIENT });
  await button(reception, 'Answer').click();
  await button(reception, 'Consult').click();
  await reception.getByRole('option', { name: 'Sales 102' }).click();
  await button(sales, 'Answer').click();
  await expect(card(sales)).toContainText('In a call');
  await expect(card(reception)).toBeHidden();
});

test('keys are sent in the order they are typed', async ({ server, openAs }) => {
  const page = await openAs('reception');
  await server.pbx.ring({ to: '101', from: CLIENT });
  await button(page, 'Answer').click();
  await button(page, 'Keypad').click();
  await page.getByRole('dialog', { name: 'Keypad' }).press('4');
  await page.keyboard.type('2#');
  await expect.poll(async () => (await server.pbx.calls())[0]?.digits).toBe('42#');
});

test('a module without hold has no hold button, and its errors are shown on the card', async ({ server, openAs }) => {
  const { items } = await server.api<{ items: { id: string }[] }>('GET', '/modules');
  const path = `/modules/${items[0]?.id}/script`;
  const { source } = await server.api<{ source: string }>('GET', path);
  const poorer = source
    .replace('export async function VoipHoldCall', 'async function unused')
    .replace("await control(call, 'mute', { on: mute });", "throw new Error('This phone cannot be muted from here.');");
  await server.api('PUT', path, { source: poorer });

  const page = await openAs('reception');
  await server.pbx.ring({ to: '101', from: CLIENT });
  await button(page, 'Answer').click();
  await button(page, 'Mute').click();
  await expect(card(page).getByRole('alert')).toContainText('This phone cannot be muted from here.');
  await expect(button(page, 'Mute')).toHaveAttribute('aria-pressed', 'false');
  await expect(button(page, 'Hold')).toBeHidden();
});

test('several calls are stacked, minimised and moved, all by keyboard', async ({ server, openAs }) => {
  const page = await openAs('reception');
  const calls = page.getByRole('article', { name: /^Call with/ });
  await server.pbx.ring({ to: '101', from: CLIENT });
  await expect(calls).toHaveCount(1);
  await server.pbx.ring({ to: '101', from: '+12025550143' });
  await expect(calls).toHaveCount(2);

  await page.keyboard.press('Alt+c');
  const move = card(page).getByRole('button', { name: /^Move the calls/ });
  await expect(move).toBeFocused();
  await page.keyboard.press('ArrowLeft');
  const region = page.getByRole('region', { name: 'Current calls' });
  await expect.poll(async () => (await region.boundingBox())?.x).toBeLessThan(100);

  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(button(page, 'Redirect')).toBeHidden();
  await expect(button(page, 'Answer')).toBeVisible();

  await page.reload();
  await expect(button(page, 'Expand')).toBeVisible();
  await expect.poll(async () => (await region.boundingBox())?.x).toBeLessThan(100);
});

test('an ended call can be called back; a number can be dialled', async ({ server, openAs }) => {
  const page = await openAs('reception');
  const id = await server.pbx.ring({ to: '101', from: CLIENT });
  await button(page, 'Answer').click();
  await expect(card(page)).toContainText('In a call');
  await server.pbx.hangUp(id);
  await button(page, 'Call back').click();
  await expect(card(page)).toContainText('Calling');
  await button(page, 'End').click();
  await expect(card(page)).toContainText('Call ended');
  await button(page, 'Close').click();

  await page.getByRole('banner').getByRole('button', { name: 'Call', exact: true }).click();
  const number = page.getByRole('textbox', { name: 'Number' });
  await number.fill('tomorrow');
  await number.press('Enter');
  await expect(page.getByRole('dialog').getByRole('alert')).toContainText('Enter a valid number');
  await number.fill('020 7946 0123');
  await number.press('Enter');
  await expect(card(page)).toContainText('Calling');
});

test('a client who gave up stays on the list of missed calls until resolved', async ({ server, openAs }) => {
  const page = await openAs('reception');
  const id = await server.pbx.ring({ to: '101', from: CLIENT });
  await expect(card(page)).toBeVisible();
  await server.pbx.hangUp(id);
  await expect(card(page)).toContainText('Missed call');
  const link = page.getByRole('navigation').getByRole('link', { name: /Missed calls/ });
  await expect(link).toContainText('1');
  await link.click();

  const list = page.getByRole('main');
  await list.getByRole('button', { name: /^Resolve/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Resolve' }).click();
  await expect(list).not.toContainText(SHOWN);
  await expect(link).not.toContainText('1');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(list).toContainText(SHOWN);
  await expect(link).toContainText('1');

  await list.getByRole('button', { name: /^Call back/ }).click();
  await expect.poll(async () => (await server.pbx.calls())[0]?.to).toBe(CLIENT);
});
