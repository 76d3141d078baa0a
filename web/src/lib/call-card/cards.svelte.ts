import { api, ask, type Schemas } from '$lib/api/client';
import { messageOf } from '$lib/api/problem';
import type { Call, Live } from '$lib/live/live.svelte';
import { CardMemory } from './memory.svelte';

type Gone = { reason: Schemas['GoneReason']; by?: Schemas['NamedOperator'] | null };

/** A call on this operator's screen. */
export interface Card {
  call: Call;
  /** Why it is no longer theirs; the card then stays only for a note and to call back, or to say who has the call. */
  gone: Gone | undefined;
  /** What the provider said to the last button. */
  failure: string | undefined;
  /** The button that was pressed, until its answer comes. */
  busy: string | undefined;
}

/** How long a card says that somebody else has the call. */
const TAKEN_MILLISECONDS = 5000;

/** The cards of one operator: kept true by the socket, the same in all tabs. */
export class Cards {
  all = $state<Card[]>([]);
  readonly memory = new CardMemory();

  #live: Live;
  #userId: string;

  constructor(live: Live, userId: string) {
    this.#live = live;
    this.#userId = userId;
  }

  /** Follows the socket until the function that it gives is called. */
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

  /** Takes a card off the screen, in all tabs. */
  dismiss(id: string) {
    this.#remove(id);
    this.memory.dismiss(id);
  }

  /** Presses a button. The call itself changes when the provider reports that it did. */
  async press(card: Card, button: string, request: () => Promise<unknown>): Promise<boolean> {
    const { state } = card.call;
    card.busy = button;
    card.failure = undefined;
    try {
      await request();
      return true;
    } catch (error) {
      // A call that has moved on shows its state by itself: the failure was about the state before.
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

  /** A call that went while the connection was lost: what became of it, only the server knows. */
  async #lookAgain(id: string) {
    const known = this.find(id)?.call.version;
    try {
      const call = await ask(api.GET('/api/v1/calls/{id}', { params: { path: { id } } }));
      if (this.find(id)?.call.version !== known) return;
      this.#put(call);
      this.#leave(id, { reason: call.missed ? 'missed' : call.state === 'ended' ? 'ended' : 'left' });
    } catch {
      // Unless it is back by now: then the socket has reported it, and is right.
      if (this.find(id)?.call.version === known) this.#remove(id);
    }
  }

  #change(call: Call) {
    // Of a call that rang here once, changes still come when it has long left this screen.
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
