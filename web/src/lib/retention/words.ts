import { m } from '$lib/paraglide/messages';

/** "2 years", "90 days" */
export function periodWord(days: number): string {
  return days % 365 === 0 ? m.retention_years({ count: days / 365 }) : m.settings_days({ count: days });
}
