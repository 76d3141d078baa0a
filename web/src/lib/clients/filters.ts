import type { paths } from '$lib/api/schema';
import { KINDS } from './client-name';

export const SHOWN_KINDS = ['all', ...KINDS] as const;
/** Stands for the clients nobody is responsible for. */
export const NOBODY = 'none';

/** Which clients are listed, as the page's address says it. Texts and ids are empty where they do not matter. */
export interface Filters {
  /** A name, a number in any spelling, or an e-mail address. */
  query: string;
  kind: (typeof SHOWN_KINDS)[number];
  /** A user's id, or {@link NOBODY}. */
  responsible: string;
  tag: string;
  /** The id of the company whose people are listed. */
  company: string;
  archived: boolean;
}

export const NO_FILTERS: Filters = { query: '', kind: 'all', responsible: '', tag: '', company: '', archived: false };

const ID = /^[0-9a-f-]{36}$/i;

/** What an address says; what it says wrongly does not count. */
export function filtersOf(search: URLSearchParams): Filters {
  const text = (name: keyof Filters) => search.get(name)?.trim() ?? '';
  const responsible = text('responsible');
  return {
    query: text('query'),
    kind: SHOWN_KINDS.find((kind) => kind === text('kind')) ?? 'all',
    responsible: responsible === NOBODY || ID.test(responsible) ? responsible : '',
    tag: text('tag'),
    company: ID.test(text('company')) ? text('company') : '',
    archived: text('archived') === 'true',
  };
}

/** What an address says to mean these: only what narrows the list. */
export function searchOf(filters: Filters): string {
  const search = new URLSearchParams();
  for (const name of Object.keys(NO_FILTERS) as (keyof Filters)[]) {
    if (filters[name] !== NO_FILTERS[name]) search.set(name, String(filters[name]));
  }
  const text = search.toString();
  return text && `?${text}`;
}

export type ClientQuery = NonNullable<paths['/api/v1/clients']['get']['parameters']['query']>;

/** The API's words for it. */
export function queryOf({ query, kind, responsible, tag, company, archived }: Filters): ClientQuery {
  return {
    ...(query && { query }),
    ...(kind !== 'all' && { kind }),
    ...(responsible && { responsibleId: responsible }),
    ...(tag && { tag }),
    ...(company && { companyId: company }),
    ...(archived && { archived }),
  };
}
