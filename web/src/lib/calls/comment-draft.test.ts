import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CommentDraft } from './comment-draft.svelte';

describe('a comment', () => {
  const stored: string[] = [];
  let server: (text: string) => Promise<unknown>;

  beforeEach(() => {
    vi.useFakeTimers();
    stored.length = 0;
    server = async (text) => stored.push(text);
  });
  afterEach(() => vi.useRealTimers());

  const draft = (text = '') => new CommentDraft(text, (typed) => server(typed));

  test('is saved once when typing pauses', async () => {
    const comment = draft();
    comment.typed('wants');
    await vi.advanceTimersByTimeAsync(300);
    comment.typed('wants an offer');
    await vi.advanceTimersByTimeAsync(599);
    expect(stored).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(stored).toEqual(['wants an offer']);
    expect(comment.state).toBe('saved');
  });

  test('continues with text that was typed while saving', async () => {
    const answers: (() => void)[] = [];
    server = (text) => new Promise<void>((answer) => answers.push(() => (stored.push(text), answer())));
    const comment = draft();
    comment.typed('first');
    const saving = comment.save();
    comment.typed('first and second');
    answers[0]?.();
    await vi.advanceTimersByTimeAsync(0);
    answers[1]?.();
    await saving;
    expect(stored).toEqual(['first', 'first and second']);
    expect(comment.isUnsaved).toBe(false);
  });

  test('keeps the text if saving fails, and saves it on retry', async () => {
    server = async () => Promise.reject(new Error('The server cannot be reached.'));
    const comment = draft();
    comment.typed('important');
    await comment.left();
    expect(comment).toMatchObject({ state: 'failed', text: 'important' });
    comment.arrived('from a colleague');
    expect(comment.text).toBe('important');
    server = async (text) => stored.push(text);
    await comment.save();
    expect(stored).toEqual(['important']);
    expect(comment.state).toBe('saved');
  });

  test("shows a colleague's text once the field is left", async () => {
    const comment = draft('old');
    comment.arrived('from a colleague');
    expect(comment.text).toBe('from a colleague');
    comment.typed('from a colleague, and me');
    await comment.save();
    comment.arrived('from a colleague again');
    expect(comment.text).toBe('from a colleague, and me');
    await comment.left();
    expect(comment.text).toBe('from a colleague again');
  });

  test('keeps its spaces although the server trims them', async () => {
    const comment = draft();
    comment.typed('two words ');
    await comment.left();
    comment.arrived('two words');
    expect(comment).toMatchObject({ text: 'two words ', state: 'saved' });
  });

  test('is sent when the page closes, but not twice', async () => {
    const comment = draft();
    comment.typed('last words');
    await comment.saveAtOnce();
    expect(stored).toEqual(['last words']);
    const untouched = draft('as it was');
    await untouched.saveAtOnce();
    expect(stored).toEqual(['last words']);
  });
});
