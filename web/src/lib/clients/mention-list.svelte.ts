import { api, ask, type Schemas } from '$lib/api/client';
import { PagedList, type Part } from '$lib/api/paged-list.svelte';
import { mergeNewest, type Page } from '$lib/api/pages';

type MentionEntry = Schemas['Mention'] & { id: string };

/** Comments that mention the signed-in user, newest first. */
export class MentionList extends PagedList<MentionEntry> {
  async markSeen() {
    await ask(api.POST('/api/v1/mentions/seen'));
  }

  protected override merge(list: Page<MentionEntry>, newest: Page<MentionEntry>): Page<MentionEntry> {
    return mergeNewest(list, newest, ({ comment }) => Date.parse(comment.createdAt));
  }

  protected override async read(part: Part, signal: AbortSignal): Promise<Page<MentionEntry>> {
    const page = await ask(api.GET('/api/v1/mentions', { params: { query: part }, signal }));
    return { ...page, items: page.items.map((mention) => ({ ...mention, id: mention.comment.id })) };
  }
}
