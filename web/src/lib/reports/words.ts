import { count, length, share } from '$lib/format';
import type { Unit } from './scale';

/** A figure as people read it. */
export function inUnit(value: number, unit: Unit): string {
  const words = { count, seconds: length, share };
  return words[unit](value);
}
