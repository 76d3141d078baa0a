import { toast } from 'svelte-sonner';
import { api, ask } from '$lib/api/client';
import { Problem } from '$lib/api/problem';
import type { Call, Live } from '$lib/live/live.svelte';
import { m } from '$lib/paraglide/messages';
import type { Target } from './target';

/** A number being dialled, until the provider reports the call. */
export class Dial {
  /** The formatted number. */
  number = $state('');
  /** The operator's own phone, which rings first; known once the server has accepted the request. */
  extension = $state<string>();
  isCancelling = $state(false);
  /** Why the call failed. */
  failure = $state.raw<unknown>();
  /** The server's id for the dial. */
  id: string | undefined;
  /** Settles when the server has answered. */
  answered: Promise<void> = Promise.resolve();

  constructor(
    readonly target: Target,
    number: string,
  ) {
    this.number = number;
  }
}

/** The numbers that this tab is dialling. A dial is replaced by the user's own call once it appears. */
export class Dialling {
  all = $state.raw<Dial[]>([]);

  /** The user's outgoing calls in progress. */
  #outgoing = new Set<string>();
  #live: Live;
  #userId: string;

  constructor(live: Live, userId: string) {
    this.#live = live;
    this.#userId = userId;
  }

  /** Subscribes to the socket. Returns a function that unsubscribes. */
  start(): () => void {
    return this.#live.on({
      snapshot: ({ calls }) => {
        const known = this.#outgoing;
        this.#outgoing = new Set(calls.filter((call) => this.#isOwn(call)).map(({ id }) => id));
        if ([...this.#outgoing].some((id) => !known.has(id))) this.#appeared();
      },
      call: ({ call }) => {
        if (this.#outgoing.has(call.id) || !this.#isOwn(call)) return;
        this.#outgoing.add(call.id);
        this.#appeared();
      },
      callGone: ({ id }) => this.#outgoing.delete(id),
      dialed: ({ dialId }) => {
        this.all = this.all.filter(({ id }) => id !== dialId);
      },
    });
  }

  /** Dials a number. Progress and failure are shown in the dock, and available on the returned dial. */
  async call(target: Target, number: string): Promise<Dial> {
    const dial = new Dial(target, number);
    this.all = [...this.all, dial];
    dial.answered = this.#order(dial);
    await dial.answered;
    return dial;
  }

  async again(dial: Dial) {
    this.dismiss(dial);
    await this.call(dial.target, dial.number);
  }

  async cancel(dial: Dial) {
    dial.isCancelling = true;
    try {
      await dial.answered;
      if (dial.id) await ask(api.POST('/api/v1/dials/{id}/cancel', { params: { path: { id: dial.id } } }));
      this.dismiss(dial);
    } catch (error) {
      // Its call has appeared or is already over.
      if (error instanceof Problem && error.status === 404) this.dismiss(dial);
      else dial.failure = error;
    } finally {
      dial.isCancelling = false;
    }
  }

  dismiss(dial: Dial) {
    this.all = this.all.filter((other) => other !== dial);
  }

  async #order(dial: Dial) {
    try {
      const made = await ask(api.POST('/api/v1/calls', { body: dial.target }));
      dial.id = made.dialId;
      dial.number = made.phoneFormatted;
      dial.extension = made.extension;
      if (made.extensionNotDialled) {
        toast.info(m.dial_extension_not_dialled({ extension: made.extensionNotDialled }), { duration: 20_000 });
      }
      const seconds = made.expiresInSeconds;
      setTimeout(() => {
        dial.failure ??= new Error(m.dial_nothing_came({ seconds, extension: made.extension }));
      }, seconds * 1000);
    } catch (error) {
      dial.failure = error;
    }
  }

  /** Removes a dial whose call appeared. Calls cannot be matched to dials, so they are assumed to appear in order. */
  #appeared() {
    const dial = this.all.find(({ failure }) => !failure);
    if (dial) this.dismiss(dial);
  }

  #isOwn({ direction, operators }: Call): boolean {
    const active = ['ringing', 'talking', 'held'];
    return (
      direction === 'out' && operators.some(({ userId, state }) => userId === this.#userId && active.includes(state))
    );
  }
}
