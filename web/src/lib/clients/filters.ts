import type { paths } from '$lib/api/schema';
import { addressOf, idOf, oneOf } from '$lib/filters/address';
import { KINDS } from './client-name';

const SHOWN_KINDS = ['all', ...KINDS] as const;
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

/** What an address says; what it says wrongly does not count. */
export function filtersOf(search: URLSearchParams): Filters {
  const text = (name: keyof Filters) => search.get(name)?.trim() ?? '';
  const responsible = text('responsible');
  return {
    query: text('query'),
    kind: oneOf(SHOWN_KINDS, text('kind')),
    responsible: responsible === NOBODY ? NOBODY : idOf(responsible),
    tag: text('tag'),
    company: idOf(text('company')),
    archived: text('archived') === 'true',
  };
}

export const searchOf = (filters: Filters) => addressOf(filters, NO_FILTERS);

type ClientQuery = NonNullable<paths['/api/v1/clients']['get']['parameters']['query']>;

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
