import { count, length, share } from '$lib/format';

export type Unit = 'count' | 'seconds' | 'share';

/** Formats a figure. */
export function inUnit(value: number, unit: Unit): string {
  const words = { count, seconds: length, share };
  return words[unit](value);
}

/** Possible steps between the marks of a time axis, in seconds. */
const SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 36_000, 86_400];
const MARKS = 4;

/** The marks of an axis: from 0 to the first mark not below the greatest value. */
export function marksOf(greatest: number, unit: Unit): number[] {
  if (unit === 'share') return [0, 0.25, 0.5, 0.75, 1];
  const step = unit === 'seconds' ? secondsStep(greatest / MARKS) : countStep(greatest / MARKS);
  const marks = Math.max(1, Math.ceil(greatest / step));
  return Array.from({ length: marks + 1 }, (_, index) => index * step);
}

/** The smallest of 1, 2 or 5 times a power of ten that is not below `least`. */
function countStep(least: number): number {
  if (least <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least) ?? power;
}

function secondsStep(least: number): number {
  return SECONDS.find((step) => step >= least) ?? countStep(least / 86_400) * 86_400;
}
