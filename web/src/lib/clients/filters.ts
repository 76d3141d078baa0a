import type { paths } from '$lib/api/schema';
import { addressOf, idOf, oneOf } from '$lib/filters/address';
import { KINDS } from './client-name';

const SHOWN_KINDS = ['all', ...KINDS] as const;
/** Stands for clients nobody is responsible for. */
export const NOBODY = 'none';

/** The filters of the client list, as in the page's URL. Unused texts and ids are empty. */
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

/** Parses a URL's query; invalid values are ignored. */
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

/** The API query. */
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
