import { expect, test } from '../support/test.ts';

test('a file is imported, and rejected lines can be downloaded', async ({ server, openAs }) => {
  await server.api('POST', '/clients', { kind: 'contact', name: 'Ann Lee', phones: [{ number: '+442079460123' }] });
  const page = await openAs('admin', '/clients/import');
  const main = page.getByRole('main');
  const file = [
    'Name;Telefon;E-Mail',
    'Bob Stone;+12025550143;bob@stone.example',
    'Ann L.;020 7946 0123;ann@lee.example',
    'Nobody;;no address',
  ].join('\n');
  await main
    .getByLabel('Choose a CSV file')
    .setInputFiles({ name: 'clients.csv', mimeType: 'text/csv', buffer: Buffer.from(file) });
  await main.getByRole('combobox', { name: 'Import Telefon as' }).click();
  await page.getByRole('option', { name: 'Number' }).click();
  await main.getByRole('button', { name: 'Show preview' }).click();
  await expect(main.getByRole('row', { name: /Ann L\./ })).toContainText('Already exists: Ann Lee');
  await expect(main).toContainText('1 with a problem');
  await main.getByRole('button', { name: 'Import', exact: true }).click();
  await expect(main.getByRole('heading', { name: 'Import complete' })).toBeVisible();
  const link = await main.getByRole('link', { name: 'Rejected lines' }).getAttribute('href');
  const rejected = await (await page.request.get(link ?? '')).text();
  expect(rejected).toContain('Nobody');
  expect(rejected).not.toContain('Bob Stone');
  await main.getByRole('link', { name: 'Go to clients' }).click();
  await expect(main.getByRole('table')).toContainText('Bob Stone');
});
