import { api, ask, type Schemas } from '$lib/api/client';

export type Call = Schemas['Call'];
type Message = Schemas['Message'];
type MessageType = Message['type'];
type MessageOf<T extends MessageType> = Extract<Message, { type: T }>;
type Listener = (message: Message) => void;
type Listeners = { [T in MessageType]?: (message: MessageOf<T>) => void };

/** Waits before each new try to connect; the last one again and again. */
const PAUSES = [300, 1000, 2000, 4000, 8000, 15_000];
/** The server's code for closing a socket after its session has ended. */
const SIGNED_OUT = 4401;

/**
 * The socket of this tab. After every connect the server sends the whole state, then each change: whatever was missed
 * in between is made good by that, so there is nothing to catch up.
 */
export class Live {
  status = $state<'connecting' | 'open' | 'lost'>('connecting');
  missedCount = $state(0);
  /** Comments that mention whoever is signed in and that they have not seen. */
  mentionCount = $state(0);

  #listeners = new Map<MessageType, Set<Listener>>();
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;

  /** Calls each listener for the messages of its type, until the function that it gives is called. */
  on(listeners: Listeners): () => void {
    // Each only ever gets messages of its type.
    const added = Object.entries(listeners) as [MessageType, Listener][];
    for (const [type, listener] of added) {
      this.#listeners.set(type, (this.#listeners.get(type) ?? new Set()).add(listener));
    }
    return () => added.forEach(([type, listener]) => this.#listeners.get(type)?.delete(listener));
  }

  /** Connects, and again whenever the connection is lost, until the function that it gives is called. */
  start(): () => void {
    const now = () => this.#reconnectNow();
    const offline = () => this.#socket?.close();
    window.addEventListener('online', now);
    window.addEventListener('offline', offline);
    document.addEventListener('visibilitychange', now);
    this.#connect();
    return () => {
      window.removeEventListener('online', now);
      window.removeEventListener('offline', offline);
      document.removeEventListener('visibilitychange', now);
      clearTimeout(this.#timer);
      const socket = this.#socket;
      this.#socket = undefined;
      socket?.close();
    };
  }

  #connect() {
    const url = new URL('/api/v1/events', location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    const socket = new WebSocket(url, 'hookswitch.v1');
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data as string) as Message);
    socket.onclose = ({ code }) => {
      if (this.#socket !== socket) return;
      if (code === SIGNED_OUT) {
        this.#socket = undefined;
        void this.#again();
      } else {
        this.#lost();
      }
    };
  }

  #lost() {
    this.#socket = undefined;
    // A server that restarts is back before anybody needs to know.
    if (this.#failures > 0) this.status = 'lost';
    const pause = PAUSES[Math.min(this.#failures, PAUSES.length - 1)] ?? 0;
    this.#failures += 1;
    // Not all tabs of all operators in the same moment.
    this.#timer = setTimeout(() => void this.#again(), pause * (0.75 + Math.random() / 2));
  }

  async #again() {
    try {
      // A refused socket does not say why: whether somebody is still signed in, this does, and leads to the sign-in page.
      await ask(api.GET('/api/v1/me'));
    } catch {
      return this.#lost();
    }
    this.#connect();
  }

  #reconnectNow() {
    if (this.#socket || document.visibilityState === 'hidden') return;
    clearTimeout(this.#timer);
    void this.#again();
  }

  #receive(message: Message) {
    switch (message.type) {
      case 'snapshot':
        this.status = 'open';
        this.#failures = 0;
        this.missedCount = message.missedCount;
        this.mentionCount = message.mentionCount;
        break;
      case 'missed':
        this.missedCount = message.count;
        break;
      case 'mentions':
        this.mentionCount = message.count;
        break;
    }
    for (const listener of this.#listeners.get(message.type) ?? []) listener(message);
  }
}
