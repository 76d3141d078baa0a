import { expect, test } from 'vitest';
import { inputOf, settingOf, type FieldInput } from './fields';

const region = {
  name: 'region',
  label: 'Region',
  type: 'select' as const,
  required: true,
  default: 'eu',
  options: [{ value: 'eu', label: 'Europe' }],
};
const field = (input: Partial<FieldInput>) => settingOf({ ...inputOf(region, 0), ...input });

test('a declared setting is unchanged by the form', () => {
  expect(field({})).toEqual(region);
});

test("changing a field's type drops properties that the type does not have", () => {
  expect(field({ type: 'secret' })).toEqual({ name: 'region', label: 'Region', type: 'secret', required: true });
});

test("a default is a value of the field's type", () => {
  expect(field({ type: 'number', default: ' 30 ' }).default).toBe(30);
  expect(field({ type: 'number', default: 'soon' }).default).toBe('soon');
  expect(field({ type: 'boolean', default: 'false' }).default).toBe(false);
  expect(field({ type: 'text', default: ' ' })).not.toHaveProperty('default');
});

test('a field without a label is called by its name', () => {
  expect(field({ label: ' ', options: [{ value: 'us', label: '' }] })).toMatchObject({
    label: 'region',
    options: [{ value: 'us', label: 'us' }],
  });
});
