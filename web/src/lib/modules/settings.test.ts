import { describe, expect, it } from 'vitest';
import { changesOf, inputsOf, unset, type SettingState } from './settings';

const text: SettingState = {
  name: 'account',
  label: 'Account',
  type: 'text',
  isSet: true,
  isSealed: false,
  value: 'main',
};
const key: SettingState = { name: 'key', label: 'Key', type: 'secret', isSet: true, isSealed: true };
const url: SettingState = {
  name: 'url',
  label: 'Address',
  type: 'url',
  isSet: false,
  isSealed: false,
  value: 'https://a.example',
};
const seconds: SettingState = {
  name: 'seconds',
  label: 'Seconds',
  type: 'number',
  isSet: true,
  isSealed: false,
  value: 30,
};
const record: SettingState = {
  name: 'record',
  label: 'Record',
  type: 'boolean',
  isSet: false,
  isSealed: false,
  value: true,
};
const region: SettingState = {
  name: 'region',
  label: 'Region',
  type: 'select',
  isSet: false,
  isSealed: false,
  value: 'eu',
};
const all = [text, key, url, seconds, record, region];

describe('a form of settings', () => {
  it('sends nothing if nothing was changed', () => {
    expect(changesOf(all, inputsOf(all))).toEqual({});
  });

  it('leaves an address with a default empty, and resets a value when it is cleared', () => {
    expect(inputsOf(all)).toMatchObject({ url: '', account: 'main' });
    expect(changesOf(all, { ...inputsOf(all), account: '' })).toEqual({ account: null });
  });

  it('sends each kind of value as that kind', () => {
    const inputs = { ...inputsOf(all), url: ' https://b.example ', seconds: '45', record: false, region: 'us' };
    expect(changesOf(all, inputs)).toEqual({ url: 'https://b.example', seconds: 45, record: false, region: 'us' });
  });

  it('leaves it to the server to refuse an invalid number', () => {
    expect(changesOf([seconds], { seconds: 'soon' })).toEqual({ seconds: 'soon' });
  });

  it('keeps a secret until it is replaced or removed', () => {
    expect(changesOf([key], { key: undefined })).toEqual({});
    expect(changesOf([key], { key: 'new' })).toEqual({ key: 'new' });
    expect(changesOf([key], { key: null })).toEqual({ key: null });
    expect(changesOf([{ ...key, isSet: false }], { key: '' })).toEqual({});
  });

  it('never shows a secret, even if its setting has since been declared otherwise', () => {
    const once: SettingState = { ...text, isSealed: true, value: undefined };
    expect(changesOf([once], inputsOf([once]))).toEqual({});
    expect(changesOf([once], { account: 'new' })).toEqual({ account: 'new' });
  });

  it('starts a new module from the declared defaults', () => {
    const [first] = unset([{ name: 'region', label: 'Region', type: 'select', default: 'eu' }]);
    expect(first).toMatchObject({ isSet: false, value: 'eu' });
  });
});
