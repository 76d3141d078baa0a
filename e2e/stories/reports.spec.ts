import { expect, test } from '../support/test.ts';
import { calls, missed } from '../support/telephony.ts';

const CLIENT = '+442079460123';

test('reports count calls, as charts and as tables', async ({ server, openAs }) => {
  const admin = await openAs('admin', '/reports?period=today');
  await expect(admin.getByText('No calls in this period')).toBeVisible();

  await missed(server, '+12025550143');
  await missed(server, CLIENT);
  const id = await server.pbx.ring({ to: '102', from: CLIENT });
  await server.pbx.answer(id, '102');
  await server.pbx.hangUp(id);
  await expect.poll(async () => (await calls(server, '?disposition=answered')).length).toBe(1);

  await admin.reload();
  const main = admin.getByRole('main');
  const figure = (name: string) => main.getByRole('term').filter({ hasText: name }).locator('xpath=..');
  await expect(figure('Calls')).toContainText('3');
  await expect(figure('Answered share')).toContainText('33%');
  await expect(figure('Missed')).toContainText('50% reached later');

  const byHour = main.getByRole('region', { name: 'Calls by hour', exact: true });
  await byHour.getByRole('button', { name: /^Table/ }).click();
  await expect(byHour.getByRole('table').getByRole('row').last()).toContainText(/3\s*1\s*2\s*0/);
  // The hidden table is still available to screen readers.
  await expect(main.getByRole('table', { name: 'Time to answer' })).toBeAttached();
  await expect(main.getByRole('region', { name: 'By operator' }).getByRole('row', { name: /^Sales/ })).toContainText(
    '1',
  );

  await main.getByLabel(/^Direction/).click();
  await admin.getByRole('option', { name: 'Outgoing' }).click();
  await expect(admin.getByText('No calls in this period')).toBeVisible();
  await admin.goBack();
  await admin.getByRole('button', { name: 'Export CSV' }).click();
  const link = await admin.getByRole('menuitem', { name: 'By operator' }).getAttribute('href');
  expect(await (await admin.request.get(link ?? '')).text()).toContain('Sales');
});

test('reports are for administrators', async ({ openAs }) => {
  const page = await openAs('reception', '/reports');
  await expect(page.getByText('403')).toBeVisible();
});
