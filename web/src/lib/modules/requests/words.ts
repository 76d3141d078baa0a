import type { Schemas } from '$lib/api/client';
import { m } from '$lib/paraglide/messages';
import type { RequestStatus } from './request-list.svelte';

export const STATUS_WORDS: Record<RequestStatus, { text: () => string; tone: 'ok' | 'danger' | 'accent' }> = {
  processed: { text: m.requests_status_processed, tone: 'ok' },
  failed: { text: m.requests_status_failed, tone: 'danger' },
  new: { text: m.requests_status_new, tone: 'accent' },
};

/** What a step was done with, once it was. */
export const STEP_WORDS: Record<Schemas['StepName'], () => string> = {
  authenticated: m.requests_step_authenticated,
  stored: m.requests_step_stored,
  parsed: m.requests_step_parsed,
  operator: m.requests_step_operator,
  matched: m.requests_step_matched,
  committed: m.requests_step_committed,
  delivered: m.requests_step_delivered,
};
