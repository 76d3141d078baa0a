import { describe, expect, it } from 'vitest';
import { changesOf, draftOf, find, makePassword, type User } from './users';

const user = (fields: Partial<User>): User => ({
  id: '0',
  login: 'ann',
  name: 'Ann Lee',
  email: null,
  role: 'operator',
  active: true,
  createdAt: '2026-01-01T00:00:00Z',
  numbers: [],
  ...fields,
});

describe('what is sent for a changed user', () => {
  const ann = user({ email: 'ann@example.com' });

  it('is nothing if nothing was changed', () => {
    expect(changesOf(ann, draftOf(ann))).toEqual({});
    expect(changesOf(ann, { ...draftOf(ann), name: ' Ann Lee ' })).toEqual({});
  });

  it('is what was changed, trimmed', () => {
    const draft = { ...draftOf(ann), name: 'Ann Li ', role: 'admin' as const };
    expect(changesOf(ann, draft)).toEqual({ name: 'Ann Li', role: 'admin' });
  });

  it('is no e-mail if the field was cleared', () => {
    expect(changesOf(ann, { ...draftOf(ann), email: ' ' })).toEqual({ email: null });
  });
});

describe('finding users', () => {
  const ann = user({ id: '1', numbers: [{ moduleId: 'm', number: '102' }] });
  const bob = user({ id: '2', login: 'bob', name: 'Bob', email: 'bob@example.com', role: 'admin' });
  const carol = user({ id: '3', login: 'carol', name: 'Carol', active: false, role: 'admin' });
  const all = [ann, bob, carol];

  it('searches names, logins, e-mails and extensions', () => {
    expect(find(all, '', 'all')).toEqual(all);
    expect(find(all, ' LEE', 'all')).toEqual([ann]);
    expect(find(all, '102', 'all')).toEqual([ann]);
    expect(find(all, 'bob@', 'all')).toEqual([bob]);
    expect(find(all, 'nobody', 'all')).toEqual([]);
  });

  it('lists deactivated users neither as administrators nor as operators', () => {
    expect(find(all, '', 'admins')).toEqual([bob]);
    expect(find(all, '', 'operators')).toEqual([ann]);
    expect(find(all, '', 'inactive')).toEqual([carol]);
  });
});

it('generates a different, readable password each time', () => {
  const passwords = Array.from({ length: 50 }, makePassword);
  for (const password of passwords) expect(password).toMatch(/^([a-km-np-z2-9]{4}-){3}[a-km-np-z2-9]{4}$/);
  expect(new Set(passwords).size).toBe(50);
});
