import { describe, expect, it } from 'vitest';
import { conditionOf, missingSettings } from './condition';
import type { Module } from './module.svelte';

const working: Module = {
  id: 'm1',
  name: 'PBX',
  enabled: true,
  numbers: 'both',
  dialsExtensions: false,
  functions: [],
  missingFunctions: [],
  settings: [],
  missedResponsibleId: null,
  scriptVersion: 1,
  followsFolder: false,
  update: null,
  scriptError: null,
  webhookPathUrl: null,
  webhookUrl: 'https://server.example/webhooks/m1?token=t',
  scriptWarnings: [],
  leads: {},
  health: { failedLastDay: 0, lastRequestAt: '2026-01-01T00:00:00Z', lastRequestStatus: 'processed' },
  createdAt: '2026-01-01T00:00:00Z',
  updatedAt: '2026-01-01T00:00:00Z',
};

describe("a module's condition", () => {
  it('is its worst problem', () => {
    expect(conditionOf(working)).toBe('working');
    expect(conditionOf({ ...working, health: { failedLastDay: 0 } })).toBe('silent');
    const failing = { ...working, health: { failedLastDay: 2, lastRequestStatus: 'failed' as const } };
    expect(conditionOf(failing)).toBe('failing');
    expect(conditionOf({ ...failing, enabled: false })).toBe('off');
    const needsKey = [
      { name: 'key', label: 'API key', type: 'secret' as const, required: true, isSet: false, isSealed: false },
    ];
    expect(conditionOf({ ...working, enabled: false, settings: needsKey })).toBe('settingsMissing');
    expect(conditionOf({ ...working, webhookUrl: null, settings: needsKey })).toBe('unfinished');
    expect(conditionOf({ ...working, webhookUrl: null, scriptError: 'line 3' })).toBe('scriptError');
  });

  it('does not report a setting with a default as missing', () => {
    const setting = {
      name: 'url',
      label: 'Address',
      type: 'url' as const,
      required: true,
      isSet: false,
      isSealed: false,
    };
    expect(missingSettings({ settings: [setting] })).toEqual(['Address']);
    expect(missingSettings({ settings: [{ ...setting, value: 'https://a.example' }] })).toEqual([]);
  });
});
