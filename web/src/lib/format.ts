import { getLocale } from '$lib/paraglide/runtime';
import { m } from '$lib/paraglide/messages';

/** Formatters are slow to create and used in every table row. */
const made = new Map<string, Intl.DateTimeFormat>();

function formatter(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = getLocale() + JSON.stringify(options);
  let found = made.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(getLocale(), options);
    made.set(key, found);
  }
  return found;
}

/** "24 Nov 2026, 09:41", or with seconds. */
export function dateTime(at: string, seconds = false): string {
  return formatter({ dateStyle: 'medium', timeStyle: seconds ? 'medium' : 'short' }).format(new Date(at));
}

/** The time; with the day if it is not today, and with the year if it is another year. */
export function shortTime(at: string, now = new Date()): string {
  const date = new Date(at);
  const time = { hour: '2-digit', minute: '2-digit' } as const;
  if (date.toDateString() === now.toDateString()) return formatter(time).format(date);
  const day = { day: 'numeric', month: 'short' } as const;
  if (date.getFullYear() === now.getFullYear()) return formatter({ ...day, ...time }).format(date);
  return formatter({ ...day, year: 'numeric', ...time }).format(date);
}

/** "23 Nov", with the year if it is another year; empty if it is today. */
export function otherDay(at: string, now = new Date()): string {
  const date = new Date(at);
  if (date.toDateString() === now.toDateString()) return '';
  const year = date.getFullYear() === now.getFullYear() ? undefined : 'numeric';
  return formatter({ day: 'numeric', month: 'short', year }).format(date);
}

/** "24 Nov" */
export function shortDay(at: string): string {
  return formatter({ day: 'numeric', month: 'short' }).format(new Date(at));
}

/** "9 AM" */
export function hourName(hour: number): string {
  return formatter({ hour: 'numeric' }).format(new Date(2000, 0, 1, hour));
}

/** "Tuesday 24 November 2026": heading of a group of times. */
export function day(at: string): string {
  return formatter({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }).format(new Date(at));
}

/** "14:03:22.118": for logs, where entries follow one another within a second. */
export function preciseTime(at: string): string {
  return formatter({
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
    hourCycle: 'h23',
  }).format(new Date(at));
}

/** "24 Nov 2026, 14:03:22.118" */
export function preciseDateTime(at: string): string {
  return formatter({
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
    hourCycle: 'h23',
  }).format(new Date(at));
}

/** "0:07", "12:40", "1:02:03": as on a phone's display. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number: number) => String(number).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** "5 minutes ago", "yesterday". */
export function ago(at: string, now = Date.now()): string {
  // The server's clock may be slightly ahead of this one.
  const seconds = Math.min(0, new Date(at).getTime() - now) / 1000;
  const units = [
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
  ] as const;
  const format = new Intl.RelativeTimeFormat(getLocale(), { numeric: 'auto' });
  const [unit, length] = units.find(([, length]) => Math.abs(seconds) >= length) ?? (['second', 1] as const);
  return format.format(Math.round(seconds / length), unit);
}

/** "Ann, Bob, and Eve" */
export function list(items: string[]): string {
  return new Intl.ListFormat(getLocale()).format(items);
}

/** "1,234" */
export function count(number: number): string {
  return number.toLocaleString(getLocale());
}

/** "12 ms", "1.4 s" */
export function milliseconds(value: number): string {
  if (value >= 1000) return `${(value / 1000).toLocaleString(getLocale(), { maximumFractionDigits: 1 })} s`;
  return `${value.toLocaleString(getLocale(), { maximumFractionDigits: value < 10 ? 1 : 0 })} ms`;
}

/** "United Kingdom" for "GB". */
export function country(code: string | null | undefined): string | undefined {
  return code ? new Intl.DisplayNames([getLocale()], { type: 'region' }).of(code) : undefined;
}

/** A client's number, or "Number withheld". */
export function phone(number: { formatted: string; withheld?: boolean } | null | undefined): string {
  return (!number?.withheld && number?.formatted) || m.unknown_number();
}

/** "8 sec", "12 min 5 sec", "3 hr 25 min": a duration in its two largest units. */
export function length(seconds: number): string {
  const whole = Math.round(seconds);
  const units = [
    ['hour', Math.floor(whole / 3600)],
    ['minute', Math.floor(whole / 60) % 60],
    ['second', whole % 60],
  ] as const;
  const from = Math.max(
    units.findIndex(([, value]) => value > 0),
    0,
  );
  const parts = whole === 0 ? units.slice(-1) : units.slice(from, from + 2).filter(([, value]) => value > 0);
  return parts
    .map(([unit, value]) => value.toLocaleString(getLocale(), { style: 'unit', unit, unitDisplay: 'short' }))
    .join(' ');
}

/** "42%" for 0.42, in the language's format. */
export function share(value: number): string {
  return value.toLocaleString(getLocale(), { style: 'percent', maximumFractionDigits: 0 });
}
