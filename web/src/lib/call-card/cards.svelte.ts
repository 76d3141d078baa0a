import { api, ask, type Schemas } from '$lib/api/client';
import { messageOf } from '$lib/api/problem';
import type { Call, Live } from '$lib/live/live.svelte';
import { CardMemory } from './memory.svelte';

type Gone = { reason: Schemas['GoneReason']; by?: Schemas['NamedOperator'] | null };

/** A call on this operator's screen. */
export interface Card {
  call: Call;
  /** Why the call is no longer theirs; the card then stays only for notes, calling back or showing who has the call. */
  gone: Gone | undefined;
  /** The error from the last button press. */
  failure: string | undefined;
  /** The button that was pressed, until the answer arrives. */
  busy: string | undefined;
}

/** How long a card shows that somebody else has the call. */
const TAKEN_MILLISECONDS = 5000;

/** One operator's call cards, kept up to date by the socket and identical in all tabs. */
export class Cards {
  all = $state<Card[]>([]);
  readonly memory = new CardMemory();

  #live: Live;
  #userId: string;

  constructor(live: Live, userId: string) {
    this.#live = live;
    this.#userId = userId;
  }

  /** Subscribes to the socket. Returns a function that unsubscribes. */
  start(): () => void {
    const stopListening = this.#live.on({
      snapshot: ({ calls }) => this.#restore(calls),
      call: ({ call }) => this.#change(call),
      callGone: ({ id, ...gone }) => this.#leave(id, gone),
    });
    const stopRemembering = this.memory.start((id) => this.#remove(id));
    return () => {
      stopListening();
      stopRemembering();
    };
  }

  find(id: string): Card | undefined {
    return this.all.find((card) => card.call.id === id);
  }

  /** Closes a card in all tabs. */
  dismiss(id: string) {
    this.#remove(id);
    this.memory.dismiss(id);
  }

  /** Sends a button's command. The call itself changes only when the provider reports the change. */
  async press(card: Card, button: string, request: () => Promise<unknown>): Promise<boolean> {
    const { state } = card.call;
    card.busy = button;
    card.failure = undefined;
    try {
      await request();
      return true;
    } catch (error) {
      // If the call has moved on, the failure is about a previous state and no longer relevant.
      if (!card.gone && card.call.state === state) card.failure = messageOf(error);
      return false;
    } finally {
      card.busy = undefined;
    }
  }

  #restore(calls: Call[]) {
    const vanished = this.all.filter((card) => !card.gone && !calls.some((call) => call.id === card.call.id));
    calls.forEach((call) => this.#put(call));
    this.memory.forgetAllBut(this.all.map((card) => card.call.id));
    vanished.forEach((card) => void this.#lookAgain(card.call.id));
  }

  /** Looks up a call that disappeared while the connection was lost; only the server knows what became of it. */
  async #lookAgain(id: string) {
    const known = this.find(id)?.call.version;
    try {
      const call = await ask(api.GET('/api/v1/calls/{id}', { params: { path: { id } } }));
      if (this.find(id)?.call.version !== known) return;
      this.#put(call);
      this.#leave(id, { reason: call.missed ? 'missed' : call.state === 'ended' ? 'ended' : 'left' });
    } catch {
      // Skipped if the call is back: the socket has reported it by then.
      if (this.find(id)?.call.version === known) this.#remove(id);
    }
  }

  #change(call: Call) {
    // Changes keep arriving for calls that have long left this screen.
    if (this.find(call.id) || this.#isMine(call)) this.#put(call);
  }

  #isMine(call: Call): boolean {
    const active = ['ringing', 'talking', 'held'];
    return call.operators.some(({ userId, state }) => userId === this.#userId && active.includes(state));
  }

  #put(call: Call) {
    const card = this.find(call.id);
    if (!card) {
      this.all.push({ call, gone: undefined, failure: undefined, busy: undefined });
      return;
    }
    if (call.version < card.call.version) return;
    card.call = call;
    if (this.#isMine(call)) card.gone = undefined;
  }

  #leave(id: string, gone: Gone) {
    const card = this.find(id);
    if (!card) return;
    card.failure = undefined;
    if (gone.reason === 'removed') return this.#remove(id);
    card.gone = gone;
    if (gone.reason === 'answeredElsewhere' || gone.reason === 'left') {
      setTimeout(() => this.find(id)?.gone && this.#remove(id), TAKEN_MILLISECONDS);
    }
  }

  #remove(id: string) {
    this.all = this.all.filter((card) => card.call.id !== id);
    this.memory.forgetAllBut(this.all.map((card) => card.call.id));
  }
}
