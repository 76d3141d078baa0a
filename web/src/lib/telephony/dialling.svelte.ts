import { toast } from 'svelte-sonner';
import { api, ask } from '$lib/api/client';
import { Problem } from '$lib/api/problem';
import type { Call, Live } from '$lib/live/live.svelte';
import { m } from '$lib/paraglide/messages';
import type { Target } from './target';

/** A number that is being called, until the provider reports the call. */
export class Dial {
  /** The number as people read it. */
  number = $state('');
  /** The operator's own phone, which rings first; known once the server has taken the order. */
  extension = $state<string>();
  isCancelling = $state(false);
  /** Why there will be no call. */
  failure = $state.raw<unknown>();
  /** The server's name for it. */
  id: string | undefined;
  /** Settled when the server has answered. */
  answered: Promise<void> = Promise.resolve();

  constructor(
    readonly target: Target,
    number: string,
  ) {
    this.number = number;
  }
}

/** What this tab dials. A call of one's own that appears takes the place of its dialling. */
export class Dialling {
  all = $state.raw<Dial[]>([]);

  /** Own outgoing calls that go on. */
  #outgoing = new Set<string>();
  #live: Live;
  #userId: string;

  constructor(live: Live, userId: string) {
    this.#live = live;
    this.#userId = userId;
  }

  /** Follows the socket until the function that it gives is called. */
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

  /** Calls. How it goes, also that it failed, is shown in the dock; the dial that it gives tells its caller too. */
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
      // Its call came, or it is over already.
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

  /** Of several dials nobody can tell which one it was; they come in their order. */
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
