import type { Schemas } from '$lib/api/client';
import { m } from '$lib/paraglide/messages';
import type { AuditEntry } from './audit-list.svelte';

type Action = AuditEntry['action'];
type Change = Schemas['AuditChange'];

/** Actions, in the order of the filter. */
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
  signedIn: m.audit_signed_in,
  signInFailed: m.audit_sign_in_failed,
  userCreated: m.audit_user_created,
  userChanged: m.audit_user_changed,
  userDeleted: m.audit_user_deleted,
  tokenCreated: m.audit_token_created,
  tokenDeleted: m.audit_token_deleted,
  moduleCreated: m.audit_module_created,
  moduleChanged: m.audit_module_changed,
  moduleDeleted: m.audit_module_deleted,
  moduleSettingsChanged: m.audit_module_settings_changed,
  scriptSaved: m.audit_script_saved,
  scriptTried: m.audit_script_tried,
  bindingsChanged: m.audit_bindings_changed,
  webhookTokenRotated: m.audit_webhook_token_rotated,
  outcomeListCreated: m.audit_outcome_list_created,
  outcomeListChanged: m.audit_outcome_list_changed,
  outcomeListDeleted: m.audit_outcome_list_deleted,
  settingsChanged: m.audit_settings_changed,
  erased: m.audit_erased,
  purged: m.audit_purged,
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
  address: m.audit_field_address,
  login: m.audit_field_login,
  email: m.audit_field_email,
  role: m.audit_field_role,
  account: m.audit_field_account,
  password: m.audit_field_password,
  tokens: m.audit_field_tokens,
  user: m.audit_field_user,
  expires: m.audit_field_expires,
  provider: m.audit_field_provider,
  switched: m.audit_field_switched,
  country: m.audit_field_country,
  followsFolder: m.audit_field_follows_folder,
  icon: m.audit_field_icon,
  declaredSettings: m.audit_field_declared,
  set: m.audit_field_set,
  unset: m.audit_field_unset,
  version: m.audit_field_version,
  request: m.audit_field_request,
  codes: m.audit_field_codes,
  required: m.audit_field_required,
  modules: m.audit_field_modules,
  leadKind: m.audit_field_lead_kind,
  leadResponsible: m.audit_field_lead_responsible,
  missedResponsible: m.audit_field_missed_responsible,
  clientVisibility: m.audit_field_visibility,
  maskNumbers: m.audit_field_mask,
  missedCloseAfterHours: m.audit_field_missed_hours,
  dialSeconds: m.audit_field_dial_seconds,
  callsDays: m.retention_calls,
  recordingsDays: m.retention_recordings,
  commentsDays: m.retention_comments,
  requestsDays: m.retention_requests,
  moduleLogDays: m.retention_module_log,
  auditDays: m.retention_audit,
};

/** Fields without a previous value. */
const SAID = new Set([
  'address',
  'password',
  'tokens',
  'user',
  'expires',
  'provider',
  'set',
  'unset',
  'version',
  'request',
]);

/** What erasures and deletions count. */
const COUNTED: Record<string, () => string> = {
  clients: m.audit_field_clients,
  calls: m.audit_field_calls,
  recordings: m.audit_field_recordings,
  comments: m.audit_field_comments,
  requests: m.audit_field_requests,
  logLines: m.audit_field_log_lines,
  storedValues: m.audit_field_stored_values,
  auditEntries: m.audit_field_audit_entries,
};

/** "Name: Ann → Anne", or "Calls: 12" for erasures and deletions. */
export function changeInWords(action: Action, { field, from, to }: Change): string {
  const counted = COUNTED[field];
  if (counted && to && (action === 'erased' || action === 'purged')) {
    return m.audit_counted({ field: counted(), count: to });
  }
  const name = FIELDS[field]?.() ?? field;
  if (SAID.has(field) && to) return m.audit_said({ field: name, to });
  if (!from && !to) return m.audit_taken_out({ field: name });
  return m.audit_change({ field: name, from: from || m.audit_empty(), to: to || m.audit_empty() });
}
