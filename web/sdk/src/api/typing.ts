import type { Json, JsonObject } from "../model/json.js";
import { type Receiver, receiverKey } from "../model/receiver.js";
import { threadOf } from "../model/typing.js";

/** Who does not go on typing for so long has stopped. */
const PAUSE_MS = 5_000;
/** A server forgets who types after 40 s without a word of it. */
const REPEAT_MS = 15_000;

/** How notes of typing get to the server. */
export interface TypingTransport {
  typing(peer: Receiver, action: "started" | "ended", metadata?: JsonObject): void;
  transient(peer: Receiver, data: Json): void;
}

interface Typed {
  readonly peer: Receiver;
  readonly metadata?: JsonObject;
  readonly toldAt: number;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** Says that the user types, and sends notes that are not stored. Both are lost while there is no socket. */
export class Typing {
  readonly #typed = new Map<string, Typed>();

  constructor(private readonly transport: TypingTransport) {}

  /** The user types, with `{ parentId }` in a thread; to be called at each keystroke. It ends by itself. */
  start(peer: Receiver, metadata?: JsonObject): void {
    const key = receiverKey(peer);
    // One who goes on in another thread has stopped in this one.
    if (threadOf(this.#typed.get(key)?.metadata) !== threadOf(metadata)) this.stop(peer);
    const before = this.#typed.get(key);
    clearTimeout(before?.timer);
    const isDue = before === undefined || Date.now() - before.toldAt >= REPEAT_MS;
    if (isDue) this.transport.typing(peer, "started", metadata);
    const toldAt = isDue ? Date.now() : before.toldAt;
    const timer = setTimeout(() => this.stop(peer), PAUSE_MS);
    this.#typed.set(key, { peer, toldAt, timer, ...(metadata && { metadata }) });
  }

  /** The user has stopped, or has sent the message. */
  stop(peer: Receiver): void {
    const key = receiverKey(peer);
    const before = this.#typed.get(key);
    if (before === undefined) return;
    clearTimeout(before.timer);
    this.#typed.delete(key);
    this.transport.typing(peer, "ended", before.metadata);
  }

  /** Sends a note that is not stored. */
  transient(peer: Receiver, data: Json): void {
    this.transport.transient(peer, data);
  }

  /** The socket is gone: with it everybody stopped. */
  interrupt(): void {
    for (const { timer } of this.#typed.values()) clearTimeout(timer);
    this.#typed.clear();
  }
}
