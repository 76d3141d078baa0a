import { expect, test } from '../support/test.ts';

const CLIENT = '+442079460123';

test('calls are listed live, filtered and exported', async ({ server, openAs }) => {
  const page = await openAs('admin', '/calls');
  await expect(page.getByText('No calls yet')).toBeVisible();
  await server.pbx.ring({ to: '101', from: CLIENT, name: 'Northwind Traders' });
  const list = page.getByRole('main');
  await expect(list).toContainText('Northwind Traders');
  await expect(list).toContainText('Ringing');
  await server.pbx.busy({ to: '102', from: '+12025550143' });
  await expect(list).toContainText('+1 202-555-0143');

  await page.getByLabel("Client's number").fill('020 7946 0123');
  await expect(list).not.toContainText('+1 202-555-0143');
  await expect(list).toContainText('Northwind Traders');
  await expect(page).toHaveURL(/phone=020/);
  const link = await page.getByRole('link', { name: 'Export CSV' }).getAttribute('href');
  const csv = await (await page.request.get(link ?? '')).text();
  expect(csv).toContain('+442079460123');
  expect(csv).not.toContain('+12025550143');

  await page.getByLabel("Client's number").fill('');
  await expect(list).toContainText('+1 202-555-0143');
});

test('a long list loads more as it is scrolled', async ({ server, openAs }) => {
  for (let number = 100; number < 180; number++) await server.pbx.busy({ to: '101', from: `+12025550${number}` });
  const count = async () => (await server.api<{ items: unknown[] }>('GET', '/calls?limit=200')).items.length;
  await expect.poll(count).toBe(80);
  const page = await openAs('reception', '/calls');
  await expect(page.getByRole('main')).toContainText('+1 202-555-0179');
  const oldest = page.getByRole('link', { name: /202-555-0100/ });
  await expect(async () => {
    await page.mouse.move(600, 500);
    await page.mouse.wheel(0, 2000);
    await expect(oldest).toBeVisible({ timeout: 300 });
  }).toPass();

  // Returning from a call restores the scroll position.
  await oldest.click();
  await expect(page).toHaveURL(/\/calls\/.+/);
  await page.goBack();
  await expect(oldest).toBeInViewport();
});

test("a call's page shows its history, plays its recording and keeps the comment", async ({ server, openAs }) => {
  const page = await openAs('sales', '/calls');
  const id = await server.pbx.ring({ to: '101', from: CLIENT, name: 'Northwind Traders' });
  await server.pbx.answer(id, '101');
  await server.pbx.redirect(id, '102');
  await server.pbx.answer(id, '102');
  await server.pbx.hangUp(id);
  await page
    .getByRole('main')
    .getByRole('link', { name: /\+44 20 7946 0123/ })
    .first()
    .click();

  const main = page.getByRole('main');
  await expect(main).toContainText('Northwind Traders');
  await expect(main).toContainText('Reception (101) transferred it to Sales (102)');
  await expect(main).toContainText('The call ended');
  const play = main.getByRole('button', { name: 'Play' });
  await play.click();
  await expect(main.getByRole('button', { name: 'Pause' })).toBeVisible();
  await main.getByLabel('Comment').fill('Sent the offer.');
  await expect(main.getByText('Saved', { exact: true })).toBeVisible();
  await page.reload();
  await expect(main.getByLabel('Comment')).toHaveValue('Sent the offer.');
});
