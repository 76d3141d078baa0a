import type { Schemas } from '$lib/api/client';
import { m } from '$lib/paraglide/messages';
import type { AuditEntry } from './audit-list.svelte';

type Action = AuditEntry['action'];
type Change = Schemas['AuditChange'];

/** What people do with clients, in the order in which a filter offers it. */
export const ACTIONS: Record<Action, () => string> = {
  seen: m.audit_seen,
  created: m.audit_created,
  changed: m.audit_changed,
  archived: m.audit_archived,
  restored: m.audit_restored,
  merged: m.audit_merged,
  mergeUndone: m.audit_merge_undone,
  converted: m.audit_converted,
  exported: m.audit_exported,
  imported: m.audit_imported,
  callLogged: m.audit_call_logged,
  recordingPlayed: m.audit_recording_played,
  commented: m.audit_commented,
  commentEdited: m.audit_comment_edited,
  commentDeleted: m.audit_comment_deleted,
};

export function isAction(text: string | null): text is Action {
  return text !== null && Object.hasOwn(ACTIONS, text);
}

const FIELDS: Record<string, () => string> = {
  name: m.audit_field_name,
  kind: m.audit_field_kind,
  company: m.audit_field_company,
  responsible: m.audit_field_responsible,
  phones: m.audit_field_phones,
  emails: m.audit_field_emails,
  tags: m.audit_field_tags,
  notes: m.audit_field_notes,
};

/** "Name: Ann → Anne" */
export function changeInWords({ field, from, to }: Change): string {
  const name = FIELDS[field]?.() ?? field;
  return m.audit_change({ field: name, from: from || m.audit_empty(), to: to || m.audit_empty() });
}
