import type { HalleyChat } from "../client.js";
import type { TypingEvent } from "../events/events.js";
import { type Receiver, sameReceiver } from "../model/receiver.js";
import type { User } from "../model/user.js";
import { LiveStore, type Store, without } from "./store.js";

/** A server forgets who types after 40 s without a word of it. */
const FORGET_MS = 45_000;

/** Opens who types in a conversation. */
export function openTyping(chat: HalleyChat, peer: Receiver): Store<readonly User[]> {
  return new TypingStore(chat, peer);
}

class TypingStore extends LiveStore<readonly User[]> {
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(chat: HalleyChat, peer: Receiver) {
    super(chat, []);
    this.follow("typing", (event) => {
      if (sameReceiver(event.peer, peer)) this.#typed(event);
    });
    this.follow("connection", (state) => {
      if (state === "disconnected") this.#clear();
    });
    this.atClose(() => this.#clear());
  }

  #typed({ user, isTyping }: TypingEvent): void {
    clearTimeout(this.#timers.get(user.uid));
    this.#timers.delete(user.uid);
    const others = without(this.getSnapshot(), ({ uid }) => uid === user.uid);
    if (!isTyping || user.uid === this.chat.user?.uid) return this.set(others);
    const forget = () => this.#typed({ user, isTyping: false, peer: { type: "user", id: user.uid } });
    this.#timers.set(user.uid, setTimeout(forget, FORGET_MS));
    this.set([...others, user]);
  }

  #clear(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    if (this.getSnapshot().length > 0) this.set([]);
  }
}
