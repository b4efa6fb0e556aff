import type { HalleyChat } from "../client.js";
import { type Receiver, sameReceiver } from "../model/receiver.js";
import { threadOf } from "../model/typing.js";
import type { User } from "../model/user.js";
import { LiveStore, type Store, without } from "./store.js";

/** A server forgets who types after 40 s without a word of it. */
const FORGET_MS = 45_000;

/** Where one types. */
export interface TypingOptions {
  /** In the thread of this message; in no thread without it. */
  readonly parentId?: string;
}

/** Opens who types in a conversation, or in a thread of it. */
export function openTyping(
  chat: HalleyChat,
  peer: Receiver,
  { parentId }: TypingOptions = {},
): Store<readonly User[]> {
  return new TypingStore(chat, peer, parentId);
}

class TypingStore extends LiveStore<readonly User[]> {
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(
    chat: HalleyChat,
    peer: Receiver,
    private readonly parentId: string | undefined,
  ) {
    super(chat, []);
    this.follow("typing", (event) => {
      // Who goes on elsewhere has stopped here.
      const isHere = event.isTyping && threadOf(event.metadata) === this.parentId;
      if (sameReceiver(event.peer, peer)) this.#typed(event.user, isHere);
    });
    this.follow("connection", (state) => {
      if (state === "disconnected") this.#clear();
    });
    this.atClose(() => this.#clear());
  }

  #typed(user: User, isTyping: boolean): void {
    clearTimeout(this.#timers.get(user.uid));
    this.#timers.delete(user.uid);
    const others = without(this.getSnapshot(), ({ uid }) => uid === user.uid);
    if (!isTyping || user.uid === this.chat.user?.uid) return this.set(others);
    this.#timers.set(
      user.uid,
      setTimeout(() => this.#typed(user, false), FORGET_MS),
    );
    this.set([...others, user]);
  }

  #clear(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    if (this.getSnapshot().length > 0) this.set([]);
  }
}
