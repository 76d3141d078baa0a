import { m } from '$lib/paraglide/messages';
import type { Step, Target } from './import-run.svelte';

export function stepWord(step: Step): string {
  const words = {
    file: m.clients_import_file,
    columns: m.clients_import_columns,
    preview: m.clients_import_preview,
    report: m.clients_import_report,
  };
  return words[step]();
}

export const TARGETS = [
  'kind',
  'name',
  'firstName',
  'lastName',
  'company',
  'phone',
  'email',
  'responsible',
  'tags',
  'notes',
] as const satisfies readonly Target[];

export function targetWord(target: Target): string {
  const words = {
    kind: m.clients_column_kind,
    name: m.clients_name,
    firstName: m.clients_import_first_name,
    lastName: m.clients_import_last_name,
    company: m.clients_company,
    phone: m.clients_import_phone,
    email: m.clients_emails,
    responsible: m.clients_responsible,
    tags: m.clients_tags,
    notes: m.clients_notes,
  };
  return words[target]();
}
