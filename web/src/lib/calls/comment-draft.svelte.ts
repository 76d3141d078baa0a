/** How long typing pauses before what was typed is saved. */
const PAUSE = 600;

/**
 * A comment that saves itself while somebody types. What was typed is never thrown away: not when saving fails, and not
 * for what a colleague writes at the same time, which is shown once this one is left alone.
 */
export class CommentDraft {
  text = $state('');
  state = $state<'idle' | 'waiting' | 'saving' | 'saved' | 'failed'>('idle');
  /** Why it could not be saved. */
  failure = $state<unknown>();

  /** What the server has. */
  #stored: string;
  /** What is being sent, until it is known to be stored. */
  #sent: string | undefined;
  /** What somebody else wrote while this was being edited. */
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

  /** Nobody types any more. */
  async left() {
    await this.save();
    this.#isEdited = false;
    if (this.#arrived !== undefined) this.arrived(this.#arrived);
  }

  /** What the server says the comment is now. */
  arrived(text: string) {
    if (this.#isEdited || this.isUnsaved) {
      this.#arrived = text;
      return;
    }
    this.#arrived = undefined;
    // The server cuts spaces off the ends: that is no reason to change what stands here.
    if (text === this.#stored.trim()) return;
    this.text = this.#stored = text;
    this.state = 'idle';
  }

  /** Saves what is not saved yet, without waiting for a pause. */
  save(): Promise<void> {
    clearTimeout(this.#timer);
    this.#saving ??= this.#saveAll().finally(() => (this.#saving = undefined));
    return this.#saving;
  }

  /** The page is going away: no time to wait for what is on its way. */
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
