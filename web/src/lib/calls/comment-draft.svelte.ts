/** How long typing must pause before the text is saved, in milliseconds. */
const PAUSE = 600;

/**
 * A comment that is saved as the user types. Typed text is never discarded: neither when saving fails nor
 * when a colleague edits at the same time; their text is shown once this field is left.
 */
export class CommentDraft {
  text = $state('');
  state = $state<'idle' | 'waiting' | 'saving' | 'saved' | 'failed'>('idle');
  /** Why it could not be saved. */
  failure = $state<unknown>();

  /** The text stored on the server. */
  #stored: string;
  /** The text being sent, until the server confirms it. */
  #sent: string | undefined;
  /** Text that somebody else saved while this was being edited. */
  #arrived: string | undefined;
  #isEdited = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #saving: Promise<void> | undefined;

  constructor(
    stored: string,
    private readonly store: (text: string) => Promise<unknown>,
  ) {
    this.text = stored;
    this.#stored = stored;
  }

  get isUnsaved(): boolean {
    return this.text !== this.#stored;
  }

  typed(text: string) {
    this.text = text;
    this.#isEdited = true;
    if (this.state !== 'saving') this.state = 'waiting';
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.save(), PAUSE);
  }

  /** Call this when the field loses the focus. */
  async left() {
    await this.save();
    this.#isEdited = false;
    if (this.#arrived !== undefined) this.arrived(this.#arrived);
  }

  /** Call this with the comment as stored on the server. */
  arrived(text: string) {
    if (this.#isEdited || this.isUnsaved) {
      this.#arrived = text;
      return;
    }
    this.#arrived = undefined;
    // The server trims the text, which is no reason to replace what was typed.
    if (text === this.#stored.trim()) return;
    this.text = this.#stored = text;
    this.state = 'idle';
  }

  /** Saves pending text without waiting for a pause. */
  save(): Promise<void> {
    clearTimeout(this.#timer);
    this.#saving ??= this.#saveAll().finally(() => (this.#saving = undefined));
    return this.#saving;
  }

  /** Saves immediately because the page is closing; does not wait for a request in progress. */
  saveAtOnce(): Promise<unknown> {
    clearTimeout(this.#timer);
    return this.isUnsaved && this.text !== this.#sent ? this.store(this.text) : Promise.resolve();
  }

  async #saveAll() {
    if (!this.isUnsaved && this.state === 'waiting') this.state = 'idle';
    while (this.isUnsaved) {
      this.#sent = this.text;
      this.#arrived = undefined;
      this.state = 'saving';
      try {
        await this.store(this.#sent);
        this.#stored = this.#sent;
        this.state = 'saved';
      } catch (error) {
        this.failure = error;
        this.state = 'failed';
        return;
      } finally {
        this.#sent = undefined;
      }
    }
  }
}
