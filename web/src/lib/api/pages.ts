/** A part of a list, as the API gives it. */
export interface Page<T> {
  items: T[];
  nextCursor?: string | null;
}

/** A whole list, read page by page; for lists that are never long. */
export async function allPages<T>(
  read: (query: { limit: number; cursor: string | undefined }) => Promise<Page<T>>,
): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await read({ limit: 200, cursor });
    all.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor);
  return all;
}
