import { describe, expect, test } from 'vitest';
import {
  ago,
  clock,
  count,
  country,
  length,
  milliseconds,
  otherDay,
  phone,
  preciseTime,
  share,
  shortTime,
} from './format';

const at = (month: number, day: number, hour = 9, minute = 5, year = 2026) =>
  new Date(year, month - 1, day, hour, minute).toISOString();
const now = new Date(2026, 10, 24, 15, 30);

describe('a point in time', () => {
  test('is a time if today, with the day if another day, with the year if another year', () => {
    expect(shortTime(at(11, 24), now)).toMatch(/^0?9:05/);
    expect(shortTime(at(11, 23), now)).toContain('Nov 23');
    expect(shortTime(at(11, 23), now)).not.toContain('2026');
    expect(shortTime(at(11, 24, 9, 5, 2025), now)).toContain('2025');
    expect(otherDay(at(11, 24), now)).toBe('');
    expect(otherDay(at(11, 23), now)).toBe('Nov 23');
  });

  test('in a log has milliseconds', () => {
    expect(preciseTime(new Date(2026, 10, 24, 14, 3, 22, 118).toISOString())).toBe('14:03:22.118');
  });

  test('is relative to now, and never in the future', () => {
    expect(ago(at(11, 24, 15, 25), now.getTime())).toBe('5 minutes ago');
    expect(ago(at(11, 23, 15, 30), now.getTime())).toBe('yesterday');
    expect(ago(at(11, 24, 15, 31), now.getTime())).toBe('now');
  });
});

test('a length is a clock on a call, and words elsewhere', () => {
  expect([-1, 7, 760, 3723].map(clock)).toEqual(['0:00', '0:07', '12:40', '1:02:03']);
  expect([0, 8, 725, 3600, 12_303].map(length)).toEqual(['0 sec', '8 sec', '12 min 5 sec', '1 hr', '3 hr 25 min']);
  expect([0.44, 12.4, 1440].map(milliseconds)).toEqual(['0.4 ms', '12 ms', '1.4 s']);
});

test('numbers, shares and countries are formatted for people', () => {
  expect(count(1234)).toBe('1,234');
  expect(share(0.424)).toBe('42%');
  expect(country('GB')).toBe('United Kingdom');
  expect(country(null)).toBeUndefined();
});

test('a withheld or missing number is named as such', () => {
  expect(phone({ formatted: '+44 20 7946 0123' })).toBe('+44 20 7946 0123');
  expect(phone({ formatted: 'anonymous', withheld: true })).toBe('Number withheld');
  expect(phone(undefined)).toBe('Number withheld');
});
