import { type FakeProvider, mango, zadarma } from '../support/fake-provider.ts';
import { expect, test } from '../support/test.ts';

interface Provider {
  name: string;
  /** The values typed into the module's settings. */
  fields: Record<string, string>;
  secret: { label: string; value: string };
  /** The message for a wrong secret. */
  refused: string;
  connected: string;
  client: string;
  start: () => Promise<FakeProvider>;
}

const PROVIDERS: Provider[] = [
  {
    name: 'Zadarma',
    fields: { 'API key': 'zadarma-key' },
    secret: { label: 'API secret', value: 'zadarma-secret' },
    refused: 'did not accept the API key and secret',
    connected: '10.34 USD',
    client: '442079460123',
    start: () => zadarma('zadarma-key', 'zadarma-secret'),
  },
  {
    name: 'Mango Office',
    fields: { 'Unique PBX code (vpbx_api_key)': 'mango-key' },
    secret: { label: 'Signing key (vpbx_api_salt)', value: 'mango-salt' },
    refused: 'did not accept the signature',
    connected: '1520.5 RUB',
    client: '79123456789',
    start: () => mango('mango-key', 'mango-salt'),
  },
];

for (const provider of PROVIDERS) {
  test(`${provider.name} is connected, up to the first call`, async ({ server, openAs }) => {
    const fake = await provider.start();
    const admin = await openAs('admin', '/modules');
    const reception = await openAs('reception');

    await admin.getByRole('link', { name: 'New module' }).click();
    await admin.getByRole('link', { name: provider.name }).click();
    for (const [label, value] of Object.entries(provider.fields))
      await admin.getByRole('textbox', { name: label, exact: true }).fill(value);
    await admin.getByRole('textbox', { name: provider.secret.label, exact: true }).fill('wrong');
    await admin.getByLabel(/^API address/).fill(fake.url);
    await admin.getByRole('button', { name: 'Create module' }).click();

    await admin.getByRole('button', { name: 'Test connection' }).click();
    await expect(admin.getByText(provider.refused)).toBeVisible();
    await admin.getByRole('button', { name: `Replace: ${provider.secret.label}` }).click();
    await admin.getByRole('textbox', { name: provider.secret.label }).fill(provider.secret.value);
    await admin.getByRole('button', { name: 'Save and test' }).click();
    await expect(admin.getByText(provider.connected)).toBeVisible();

    const pages = admin.getByRole('navigation', { name: 'Module pages' });
    await pages.getByRole('link', { name: 'Telephony settings' }).click();
    await admin.getByRole('link', { name: 'Configure users' }).click();
    await admin.getByRole('button', { name: 'Accept 2 suggestions' }).click();
    await admin.getByRole('button', { name: 'Save', exact: true }).click();
    await expect(admin.getByText('Calls now go to these colleagues')).toBeVisible();

    const id = new URL(admin.url()).pathname.split('/')[2];
    const module = await server.api<{ webhookPathUrl: string }>('GET', `/modules/${id}`);
    const { suffix, headers, body } = fake.ringing(provider.client);
    const answer = await fetch(module.webhookPathUrl + suffix, { method: 'POST', headers, body });
    expect(answer.status).toBe(200);
    const card = reception.getByRole('article', { name: /^Call with/ });
    await expect(card).toContainText('Incoming call');
    await fake.close();
  });
}
