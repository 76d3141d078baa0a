import { api, ask, type Schemas } from '$lib/api/client';

export type Call = Schemas['Call'];
type Message = Schemas['Message'];
type MessageType = Message['type'];
type MessageOf<T extends MessageType> = Extract<Message, { type: T }>;
type Listener = (message: Message) => void;
type Listeners = { [T in MessageType]?: (message: MessageOf<T>) => void };

/** Delays before each reconnection attempt, in milliseconds; the last one repeats. */
const PAUSES = [300, 1000, 2000, 4000, 8000, 15_000];
/** Close code of a socket whose session has ended. */
const SIGNED_OUT = 4401;

/**
 * This tab's socket. After each connect the server sends the whole state, then each change, so nothing that was
 * missed in between needs to be caught up on.
 */
export class Live {
  status = $state<'connecting' | 'open' | 'lost'>('connecting');
  missedCount = $state(0);
  /** Unseen comments that mention the signed-in user. */
  mentionCount = $state(0);

  #listeners = new Map<MessageType, Set<Listener>>();
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;

  /** Calls each listener for messages of its type. Returns a function that removes them. */
  on(listeners: Listeners): () => void {
    // Each listener only ever receives messages of its type.
    const added = Object.entries(listeners) as [MessageType, Listener][];
    for (const [type, listener] of added) {
      this.#listeners.set(type, (this.#listeners.get(type) ?? new Set()).add(listener));
    }
    return () => added.forEach(([type, listener]) => this.#listeners.get(type)?.delete(listener));
  }

  /** Connects, and reconnects whenever the connection is lost. Returns a function that disconnects. */
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
    // A restarting server is back before the user needs to know.
    if (this.#failures > 0) this.status = 'lost';
    const pause = PAUSES[Math.min(this.#failures, PAUSES.length - 1)] ?? 0;
    this.#failures += 1;
    // Jitter, so that not all tabs reconnect at the same moment.
    this.#timer = setTimeout(() => void this.#again(), pause * (0.75 + Math.random() / 2));
  }

  async #again() {
    try {
      // A refused socket gives no reason. This request detects an ended session and leads to the sign-in page.
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
