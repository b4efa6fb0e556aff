import type { ConversationsFilter } from "../api/conversations.js";
import type { HalleyChat } from "../client.js";
import { HalleyError } from "../errors.js";
import type { ConversationEvent, MembershipEvent, ReceiptEvent } from "../events/events.js";
import type { Pager } from "../http/pager.js";
import type { Conversation } from "../model/conversation.js";
import { compareIds } from "../model/ids.js";
import { isCounted, type Message } from "../model/message.js";
import { peerOf, type Receiver, receiverKey, sameReceiver } from "../model/receiver.js";
import { Later, LiveStore, replaced, without } from "./store.js";
import { changed, receipted } from "./window.js";

/** A list of conversations, pinned ones first, then the one with the newest message. */
export interface ConversationsSnapshot {
  readonly items: readonly Conversation[];
  /** Nothing is there to be shown yet, or the list is loaded anew. */
  readonly isLoading: boolean;
  readonly hasMore: boolean;
  readonly error?: HalleyError;
}

const CACHE_NAME = "conversations";
const CACHED_MAX = 50;
/** Several reasons to ask for one conversation are gathered for so long. */
const GATHER_MS = 150;

/** Opens the list of conversations. */
export function openConversations(chat: HalleyChat, filter: ConversationsFilter = {}): ConversationsStore {
  return new ConversationsStore(chat, filter);
}

/** The list of conversations, kept true. */
export class ConversationsStore extends LiveStore<ConversationsSnapshot> {
  #pager: Pager<Conversation>;
  /** Conversations to ask for. */
  readonly #asked = new Map<string, Receiver>();
  readonly #asking = new Later(GATHER_MS, () => void this.#ask());
  readonly #isNarrow: boolean;

  constructor(
    chat: HalleyChat,
    private readonly filter: ConversationsFilter,
  ) {
    super(chat, { items: [], isLoading: true, hasMore: true });
    const { limit: _, withTags: __, withBlockedInfo: ___, ...narrowing } = filter;
    this.#isNarrow = Object.values(narrowing).some((value) => value !== undefined && value !== false);
    this.#pager = chat.conversations.list(filter);
    this.#follow();
    this.atClose(() => this.#asking.cancel());
    void this.#open();
  }

  /** Loads the next page. */
  async loadMore(): Promise<void> {
    const { isLoading, hasMore } = this.getSnapshot();
    if (!isLoading && hasMore) await this.#load(this.#pager, false);
  }

  /** Loads the list anew. */
  async refresh(): Promise<void> {
    this.#pager = this.chat.conversations.list(this.filter);
    await this.#load(this.#pager, true);
  }

  async #open(): Promise<void> {
    const cached = this.#isNarrow ? undefined : await this.chat.cache?.load<Conversation>(CACHE_NAME);
    if (cached && this.getSnapshot().items.length === 0) this.#update(() => cached);
    await this.#load(this.#pager, true);
  }

  async #load(pager: Pager<Conversation>, isAnew: boolean): Promise<void> {
    this.set({ ...this.getSnapshot(), isLoading: true });
    try {
      const rows = await pager.fetchNext();
      if (pager !== this.#pager) return;
      const known = isAnew
        ? []
        : without(this.getSnapshot().items, ({ id }) => rows.some((row) => row.id === id));
      const { error: _, ...rest } = this.getSnapshot();
      this.set({ ...rest, isLoading: false, hasMore: pager.hasNext });
      this.#update(() => [...known, ...rows]);
    } catch (thrown) {
      if (pager === this.#pager) {
        this.set({ ...this.getSnapshot(), isLoading: false, error: HalleyError.from(thrown) });
      }
    }
  }

  /** After a break: who is online and what groups are like was not told. */
  async #renew(): Promise<void> {
    if (this.getSnapshot().isLoading) return;
    const rows = await this.chat.conversations
      .list(this.filter)
      .fetchNext()
      .catch(() => []);
    const entities = new Map(rows.map(({ id, entity }) => [id, entity]));
    const renew = (item: Conversation) => ({ ...item, entity: entities.get(item.id) ?? item.entity });
    this.#update((items) => replaced(items, ({ id }) => entities.has(id), renew));
  }

  #follow(): void {
    this.follow("message", (message) => this.#came(message));
    this.follow("messageChanged", (change) =>
      this.#lastMessages((last) => changed(change)([last])[0] ?? last),
    );
    this.follow("receipt", (event) => this.#receipted(event));
    this.follow("conversationChanged", (event) => this.#changed(event));
    this.follow("conversationLeft", ({ conversationId }) => this.#remove(({ id }) => id === conversationId));
    this.follow("membership", (event) => this.#moved(event));
    this.follow("group", ({ change, group }) => {
      const isIt = ({ with: peer }: Conversation) => peer.type === "group" && peer.id === group.guid;
      if (change === "deleted") this.#remove(isIt);
      else
        this.#update((items) =>
          replaced(items, isIt, (item) => ({ ...item, entity: { ...item.entity, ...group } })),
        );
    });
    this.follow("presence", ({ user }) => {
      const isIt = ({ with: peer }: Conversation) => peer.type === "user" && peer.id === user.uid;
      this.#update((items) =>
        replaced(items, isIt, (item) => ({ ...item, entity: { ...item.entity, ...user } })),
      );
    });
    this.follow("resumed", ({ refetch }) => void (refetch ? this.refresh() : this.#renew()));
    this.follow("logout", () => this.set({ items: [], isLoading: false, hasMore: false }));
  }

  #came(message: Message): void {
    if (!isNews(message)) return;
    const own = this.chat.uid;
    const peer = peerOf(own, message.sender.uid, message.receiver);
    const known = this.#find(peer);
    if (known === undefined) return this.#askFor(peer);
    // A list may have been loaded after it.
    const isKnown = known.latestMessageId !== undefined && compareIds(message.id, known.latestMessageId) <= 0;
    if (isKnown) return;
    const isOthers = message.sender.uid !== own && isCounted(message);
    const mentionsMe = isOthers && message.mentions.some(({ uid }) => uid === own);
    this.#replace({
      ...known,
      lastMessage: message,
      latestMessageId: message.id,
      updatedAt: message.sentAt,
      unreadCount: known.unreadCount + (isOthers ? 1 : 0),
      unreadMentionsCount: known.unreadMentionsCount + (mentionsMe ? 1 : 0),
    });
  }

  #receipted(event: ReceiptEvent): void {
    const known = this.#find(event.peer);
    if (known === undefined) return;
    const isOwnRead = event.user.uid === this.chat.uid && event.action === "read";
    if (!isOwnRead) {
      return this.#lastMessages((last) => receipted(event, this.chat.uid)([last])[0] ?? last, known.id);
    }
    const isAll =
      known.latestMessageId === undefined || compareIds(event.messageId, known.latestMessageId) >= 0;
    if (!isAll) return this.#askFor(event.peer);
    this.#replace({ ...known, unreadCount: 0, unreadMentionsCount: 0, lastReadMessageId: event.messageId });
  }

  #changed({ conversation, change }: ConversationEvent): void {
    const known = this.#find(conversation.with);
    // One that was read before a message came that is known would take it out of the list again.
    const { latestMessageId } = conversation;
    const isOld =
      latestMessageId && known?.latestMessageId && compareIds(latestMessageId, known.latestMessageId) < 0;
    if (known === undefined || isOld) return this.#askFor(conversation.with);
    const { pinnedAt: _, pinnedBy: __, ...rest } = known;
    // Frames leave out what did not change: the other end's presence, tags, at times the last message.
    const entity = {
      ...known.entity,
      ...conversation.entity,
      ...("status" in known.entity && { status: known.entity.status }),
    };
    const tags = change === "other" || conversation.tags.length > 0 ? conversation.tags : known.tags;
    this.#replace({ ...rest, ...conversation, entity, tags });
  }

  #moved({ kind, on, group }: MembershipEvent): void {
    const isIt = ({ with: peer }: Conversation) => peer.type === "group" && peer.id === group.guid;
    const isOut = kind === "left" || kind === "kicked" || kind === "banned";
    if (isOut && on.uid === this.chat.uid) return this.#remove(isIt);
    const { membersCount, owner } = group;
    this.#update((items) =>
      replaced(items, isIt, (item) => ({ ...item, entity: { ...item.entity, membersCount, owner } })),
    );
  }

  #lastMessages(change: (last: Message) => Message, conversationId?: string): void {
    this.#update((items) =>
      replaced(
        items,
        ({ id, lastMessage }) =>
          lastMessage !== undefined && (conversationId === undefined || id === conversationId),
        (item) => {
          const last = item.lastMessage && change(item.lastMessage);
          return last === undefined || last === item.lastMessage ? item : { ...item, lastMessage: last };
        },
      ),
    );
  }

  #find(peer: Receiver): Conversation | undefined {
    return this.getSnapshot().items.find(({ with: other }) => sameReceiver(other, peer));
  }

  #replace(conversation: Conversation): void {
    this.#update((items) => [conversation, ...without(items, ({ id }) => id === conversation.id)]);
  }

  #remove(fits: (conversation: Conversation) => boolean): void {
    this.#update((items) => without(items, fits));
  }

  #update(change: (items: readonly Conversation[]) => readonly Conversation[]): void {
    const before = this.getSnapshot();
    const items = change(before.items);
    if (items === before.items) return;
    const sorted = [...items].sort(byPinAndTime);
    this.set({ ...before, items: sorted });
    if (!this.#isNarrow) this.chat.cache?.save(CACHE_NAME, sorted.slice(0, CACHED_MAX));
  }

  #askFor(peer: Receiver): void {
    this.#asked.set(receiverKey(peer), peer);
    this.#asking.ask();
  }

  async #ask(): Promise<void> {
    const peers = [...this.#asked.values()];
    this.#asked.clear();
    for (const peer of peers) {
      const conversation = await this.chat.conversations.get(peer).catch(() => undefined);
      const { type } = this.filter;
      // Whether a new one fits tags and searches only the server knows.
      const isNew = this.#find(peer) === undefined;
      const fits = type === undefined || type === peer.type;
      if (conversation === undefined || this.isClosed || (isNew && this.#isNarrow && !fits)) continue;
      if (isNew && this.#isNarrow && type === undefined) await this.refresh();
      else this.#replace(conversation);
    }
  }
}

/** Whether a message becomes its conversation's last one, unless the app has set it otherwise. */
function isNews({ category, action }: Message): boolean {
  if (category === "call") return false;
  return category !== "action" || action === undefined || !("message" in action);
}

function byPinAndTime(a: Conversation, b: Conversation): number {
  const isPinned = Number(b.pinnedAt !== undefined) - Number(a.pinnedAt !== undefined);
  if (isPinned !== 0) return isPinned;
  const at = ({ lastMessage, updatedAt }: Conversation) => lastMessage?.sentAt ?? updatedAt ?? 0;
  return at(b) - at(a) || compareIds(b.latestMessageId ?? "", a.latestMessageId ?? "");
}
