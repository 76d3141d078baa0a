import { api, ask, type Schemas } from '$lib/api/client';
import { cutOf, queryOf, type Cut, type Filters } from './filters';

const PARTS = ['periods', 'operators', 'dispositions', 'outcomes'] as const;

export interface Shown {
  report: Schemas['Report'];
  /** Length of its periods. */
  cut: Cut;
  /** Calls by hour of the day. */
  hours: Schemas['Period'][];
  /** URLs of its tables as files. */
  files: Record<(typeof PARTS)[number], string>;
}

/** The figures of a period. */
export class Report {
  /** The current report stays until the next one has loaded. */
  shown = $state.raw<Shown>();
  isLoading = $state(true);
  failure = $state.raw<unknown>();
  #abort = new AbortController();

  async show(filters: Filters) {
    this.#abort.abort();
    const { signal } = (this.#abort = new AbortController());
    this.isLoading = true;
    this.failure = undefined;
    try {
      const shown = await read(filters, signal);
      if (!signal.aborted) this.shown = shown;
    } catch (error) {
      if (!signal.aborted) this.failure = error;
    } finally {
      if (!signal.aborted) this.isLoading = false;
    }
  }
}

async function read(filters: Filters, signal: AbortSignal): Promise<Shown> {
  const now = new Date();
  const query = queryOf(filters, now);
  const cut = cutOf(query, now);
  const by = (cut: Cut | 'hourOfDay') =>
    ask(api.GET('/api/v1/reports', { params: { query: { ...query, by: cut } }, signal }));
  const [report, day] = await Promise.all([by(cut), by('hourOfDay')]);
  const files = PARTS.map((part) => [part, `/api/v1/reports.csv?${new URLSearchParams({ ...query, by: cut, part })}`]);
  return { report, cut, hours: day.periods, files: Object.fromEntries(files) as Shown['files'] };
}
