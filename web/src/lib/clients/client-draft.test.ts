import { expect, test } from 'vitest';
import { ClientDraft } from './client-draft.svelte';
import type { Client, Phone } from './clients';

const phone = (number: string, hidden = false): Phone => ({
  label: null,
  number: hidden ? '' : number,
  e164: hidden ? null : number,
  formatted: hidden ? '••• 23' : number,
  country: 'GB',
  hidden,
});

const client = (more: Partial<Client> = {}): Client => ({
  id: 'client',
  kind: 'contact',
  name: 'Northwind Traders',
  company: null,
  responsible: null,
  tags: ['vip'],
  notes: null,
  phones: [phone('+442079460123')],
  emails: ['post@northwind.example'],
  source: 'hand',
  version: 1,
  createdAt: '2026-11-24T09:00:00Z',
  updatedAt: '2026-11-24T09:00:00Z',
  archivedAt: null,
  merges: [],
  ...more,
});

test('empty rows are neither sent nor counted as a change', () => {
  const draft = new ClientDraft();
  expect(draft.isDirty).toBe(false);
  expect(draft.fields).toMatchObject({ phones: [], emails: [], notes: null });
  draft.addPhone();
  expect(draft.isDirty).toBe(false);
  draft.addPhone(' 020 7946 0123 ', 'Work');
  expect(draft.fields.phones).toEqual([{ label: 'Work', number: '020 7946 0123' }]);
  expect(draft.isDirty).toBe(true);
});

test('a hidden number keeps its place', () => {
  const draft = new ClientDraft(client({ phones: [phone('+442079460123', true), phone('+442079460199', true)] }));
  draft.phones.splice(0, 1);
  draft.addPhone('+442079460155');
  expect(draft.fields.phones).toEqual([{ position: 1 }, { number: '+442079460155' }]);
});

test('details typed about an existing client are added to the known ones', () => {
  const known = client();
  const draft = new ClientDraft(known);
  draft.add(
    {
      name: 'Northwind',
      phones: [
        { label: '', number: '020 7946 0123', e164: '+442079460123' },
        { label: 'Mobile', number: '07700 900123', e164: '+447700900123' },
      ],
      emails: ['POST@northwind.example', 'sales@northwind.example'],
      tags: ['vip', 'export'],
      notes: 'Calls on Mondays.',
      callId: undefined,
    },
    known.phones,
  );
  expect(draft.fields).toMatchObject({
    name: 'Northwind Traders',
    phones: [{ number: '+442079460123' }, { label: 'Mobile', number: '07700 900123' }],
    emails: ['post@northwind.example', 'sales@northwind.example'],
    tags: ['vip', 'export'],
    notes: 'Calls on Mondays.',
  });
});
