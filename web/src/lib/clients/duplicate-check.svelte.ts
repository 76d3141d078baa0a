import { api, ask } from '$lib/api/client';
import type { Duplicate, Phone } from './clients';

const PAUSE = 400;

interface Question {
  name: string;
  phones: string[];
  emails: string[];
  /** The client that is edited is not a duplicate of itself. */
  exceptId: string | undefined;
}

/** Asks, while somebody types, whether this client is there already, and how its numbers are read. */
export class DuplicateCheck {
  found = $state.raw<Duplicate[]>([]);
  /** By the number as it was typed. */
  #phones = $state.raw(new Map<string, Phone>());
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort = new AbortController();

  /** How the server reads a number; nothing until it has answered. */
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
      // Only a hint is missing; whether the fields are right, saving says.
      if (!signal.aborted) this.found = [];
    }
  }
}
