import type { HalleyChat } from "../client.js";
import { isCounted } from "../model/message.js";
import { peerOf, receiverKey } from "../model/receiver.js";
import { Later, LiveStore, type Store } from "./store.js";

/** How many messages are unread. */
export interface UnreadSnapshot {
  readonly total: number;
  /** By `user:…` and `group:…`; see `receiverKey`. */
  readonly byPeer: ReadonlyMap<string, number>;
}

const GATHER_MS = 200;

/** Opens the counts of unread messages. */
export function openUnread(chat: HalleyChat): Store<UnreadSnapshot> {
  return new UnreadStore(chat);
}

class UnreadStore extends LiveStore<UnreadSnapshot> {
  readonly #loading = new Later(GATHER_MS, () => void this.#load());
  #changes = 0;

  constructor(chat: HalleyChat) {
    super(chat, { total: 0, byPeer: new Map() });
    this.follow("message", (message) => {
      if (message.sender.uid === chat.uid || !isCounted(message)) return;
      const key = receiverKey(peerOf(chat.uid, message.sender.uid, message.receiver));
      this.#count(key, (this.getSnapshot().byPeer.get(key) ?? 0) + 1);
    });
    this.follow("receipt", ({ action, user }) => {
      // How much is left only the server knows.
      if (action === "read" && user.uid === chat.uid) this.#loading.ask();
    });
    this.follow("conversationChanged", ({ conversation }) => {
      this.#count(receiverKey(conversation.with), conversation.unreadCount);
    });
    this.follow("conversationLeft", () => this.#loading.ask());
    this.follow("membership", ({ on }) => {
      if (on.uid === chat.uid) this.#loading.ask();
    });
    this.follow("resumed", ({ refetch }) => {
      if (refetch) this.#loading.ask();
    });
    this.atClose(() => this.#loading.cancel());
    void this.#load();
  }

  async #load(): Promise<void> {
    const changes = this.#changes;
    const counts = await this.chat.conversations.unreadCounts().catch(() => undefined);
    if (counts === undefined) return;
    // Something came meanwhile: it may or may not be among them.
    if (changes !== this.#changes) return this.#loading.ask();
    this.#show(new Map(counts.map(({ peer, count }) => [receiverKey(peer), count])));
  }

  #count(key: string, count: number): void {
    this.#changes += 1;
    const next = new Map(this.getSnapshot().byPeer);
    if (count > 0) next.set(key, count);
    else next.delete(key);
    this.#show(next);
  }

  #show(byPeer: ReadonlyMap<string, number>): void {
    const total = [...byPeer.values()].reduce((sum, count) => sum + count, 0);
    this.set({ total, byPeer });
  }
}
