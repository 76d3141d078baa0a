import { api, ask } from '$lib/api/client';
import type { Duplicate, Phone } from './clients';

const PAUSE = 400;

interface Question {
  name: string;
  phones: string[];
  emails: string[];
  /** The client being edited, which is not its own duplicate. */
  exceptId: string | undefined;
}

/** As the user types, checks for duplicates and for how the server interprets numbers. */
export class DuplicateCheck {
  found = $state.raw<Duplicate[]>([]);
  /** By the number as typed. */
  #phones = $state.raw(new Map<string, Phone>());
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort = new AbortController();

  /** How the server interprets a number; undefined until it has answered. */
  phone(number: string): Phone | undefined {
    return this.#phones.get(number.trim());
  }

  soon(question: Question) {
    this.stop();
    if (!question.name && question.phones.length === 0 && question.emails.length === 0) {
      this.found = [];
      return;
    }
    this.#timer = setTimeout(() => void this.#ask(question), PAUSE);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#abort.abort();
  }

  async #ask(question: Question) {
    const { signal } = (this.#abort = new AbortController());
    try {
      const answer = await ask(api.POST('/api/v1/clients/duplicates', { body: question, signal }));
      if (signal.aborted) return;
      this.found = answer.items;
      this.#phones = new Map(question.phones.map((number, index) => [number, answer.phones[index] as Phone]));
    } catch {
      // Only a hint is lost; saving validates the fields.
      if (!signal.aborted) this.found = [];
    }
  }
}
