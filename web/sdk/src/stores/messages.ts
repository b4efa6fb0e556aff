import type { HalleyChat } from "../client.js";
import { HalleyError } from "../errors.js";
import { compareIds } from "../model/ids.js";
import type { Message } from "../model/message.js";
import { peerOf, type Receiver, receiverKey, sameReceiver } from "../model/receiver.js";
import { LiveStore, without } from "./store.js";
import { changed, hidden, inserted, type Mutation, merged, reacted, receipted, replied } from "./window.js";

/** What is shown of a conversation. */
export interface MessagesOptions {
  /** Messages of a page; 30 without it. */
  readonly limit?: number;
  /** Opens around this message rather than at the newest. */
  readonly around?: string;
  /** Leaves replies in threads out; they are without it. */
  readonly hideReplies?: boolean;
  /** Leaves out who came and went. Edits and deletions are never shown as messages of their own. */
  readonly hideActions?: boolean;
}

/** A window of a conversation's messages, oldest first, with the own ones that are not stored yet at its end. */
export interface MessagesSnapshot {
  readonly items: readonly Message[];
  /** Nothing is there to be shown yet. */
  readonly isLoading: boolean;
  readonly isLoadingOlder: boolean;
  readonly isLoadingNewer: boolean;
  readonly hasOlder: boolean;
  /** The window does not reach to the newest message: new ones are not appended to it. */
  readonly hasNewer: boolean;
  /** The first message that was unread when the window was opened. */
  readonly unreadFrom?: string;
  /** Of a thread: the message that it is about. */
  readonly parent?: Message;
  readonly error?: HalleyError;
}

type Loading = "isLoading" | "isLoadingOlder" | "isLoadingNewer";

const LIMIT = 30;
/** Most messages of a window; the far end is let go. */
const WINDOW_MAX = 1_000;
/** Pages without anything to show after which loading stops. */
const EMPTY_PAGES_MAX = 5;

/** Opens the messages of a conversation. */
export function openMessages(chat: HalleyChat, peer: Receiver, options: MessagesOptions = {}): MessagesStore {
  return new MessagesStore(chat, peer, options, undefined);
}

/** Opens the replies to a message. */
export function openThread(chat: HalleyChat, parent: Message, options: MessagesOptions = {}): MessagesStore {
  const peer = peerOf(chat.uid, parent.sender.uid, parent.receiver);
  return new MessagesStore(chat, peer, options, parent);
}

/** The messages of a conversation, or of a thread, kept true. */
export class MessagesStore extends LiveStore<MessagesSnapshot> {
  readonly #limit: number;
  readonly #parentId: string | undefined;
  readonly #cacheName: string | undefined;
  #window: readonly Message[] = [];
  /** Own ones that are not stored, by muid. */
  readonly #outgoing = new Map<string, Message>();
  /** What is told while a page is on its way: the page may be older than it. */
  #told: Mutation[] | undefined;
  readonly #inFlight: Record<Loading, number> = { isLoading: 0, isLoadingOlder: 0, isLoadingNewer: 0 };
  readonly #counted = new Set<string>();
  /** The message that the window was moved to last. */
  #around: string | undefined;
  /** Counts loads of the whole window: an earlier one is overtaken. */
  #load = 0;

  constructor(
    chat: HalleyChat,
    /** The other end of the conversation. */
    readonly peer: Receiver,
    private readonly options: MessagesOptions,
    parent: Message | undefined,
  ) {
    const { limit = LIMIT, around } = options;
    super(chat, {
      items: [],
      isLoading: true,
      isLoadingOlder: false,
      isLoadingNewer: false,
      hasOlder: true,
      hasNewer: around !== undefined,
      ...(parent && { parent }),
    });
    this.#limit = limit;
    this.#parentId = parent?.id;
    this.#cacheName = parent === undefined ? `messages:${receiverKey(peer)}` : undefined;
    for (const message of chat.outbox.messages()) {
      if (this.#isHere(message) && message.muid !== undefined) this.#outgoing.set(message.muid, message);
    }
    this.#follow();
    void this.#open(around);
  }

  /** Loads older messages in front of the window. */
  async loadOlder(): Promise<void> {
    const { hasOlder, isLoading, isLoadingOlder } = this.getSnapshot();
    if (!hasOlder || isLoading || isLoadingOlder) return;
    await this.#loading("isLoadingOlder", async () => {
      const { rows, hasMore } = await this.#older(this.#window[0]?.id);
      this.#window = this.#cut([...rows, ...this.#window], "newest");
      this.#show({ hasOlder: hasMore });
    });
  }

  /** Loads newer messages behind the window, if it does not reach to the newest. */
  async loadNewer(): Promise<void> {
    const { hasNewer, isLoading, isLoadingNewer } = this.getSnapshot();
    if (!hasNewer || isLoading || isLoadingNewer) return;
    await this.#loading("isLoadingNewer", async () => {
      const { rows, hasMore } = await this.#newer(this.#window.at(-1)?.id);
      this.#window = this.#cut([...this.#window, ...rows], "oldest");
      this.#show({ hasNewer: hasMore });
    });
  }

  /** Moves the window to a message. False: it is not there, or not in this conversation. */
  async jumpTo(messageId: string): Promise<boolean> {
    return this.#window.some(({ id }) => id === messageId) || this.#jump(messageId);
  }

  /** Moves the window to the newest messages. */
  async jumpToNewest(): Promise<void> {
    if (this.getSnapshot().hasNewer) await this.refresh();
  }

  /** Loads the newest messages anew. */
  async refresh(): Promise<void> {
    const load = ++this.#load;
    await this.#loading("isLoading", async () => {
      const { rows, hasMore } = await this.#older(undefined);
      if (load !== this.#load) return;
      const last = rows.at(-1)?.id;
      // What came while the page was on its way is newer than it.
      const later = this.getSnapshot().hasNewer
        ? []
        : this.#window.filter(({ id }) => last && compareIds(id, last) > 0);
      this.#window = [...rows, ...later];
      this.#show({ hasOlder: hasMore, hasNewer: false });
    });
  }

  async #jump(messageId: string): Promise<boolean> {
    const load = ++this.#load;
    this.#around = messageId;
    let isFound = false;
    await this.#loading("isLoading", async () => {
      const [message, older, newer] = await Promise.all([
        this.chat.messages.get(messageId),
        this.#older(messageId),
        this.#newer(messageId),
      ]);
      if (load !== this.#load || !this.#isHere(message)) return;
      isFound = true;
      this.#window = [...older.rows, message, ...newer.rows];
      this.#show({ hasOlder: older.hasMore, hasNewer: newer.hasMore });
    });
    return isFound;
  }

  /** Loads what is shown anew, where it is. */
  async #renew(): Promise<void> {
    const isElsewhere = this.getSnapshot().hasNewer && this.#around !== undefined;
    if (!isElsewhere || !(await this.#jump(this.#around ?? ""))) await this.refresh();
  }

  async #open(around: string | undefined): Promise<void> {
    if (around !== undefined && (await this.#jump(around))) return;
    const cached = this.#cacheName && (await this.chat.cache?.load<Message>(this.#cacheName));
    if (cached && cached.length > 0 && this.#window.length === 0) {
      this.#window = cached;
      this.#show({});
    }
    await Promise.all([this.refresh(), this.#findUnread()]);
  }

  /** Where the unread ones begin; without an answer nothing is marked. */
  async #findUnread(): Promise<void> {
    if (this.#parentId !== undefined) return;
    const conversation = await this.chat.conversations.get(this.peer).catch(() => undefined);
    if (conversation === undefined || conversation.unreadCount === 0) return;
    this.#unreadAfter = conversation.lastReadMessageId ?? "";
    this.#show({});
  }

  #unreadAfter: string | undefined;

  #follow(): void {
    const { chat } = this;
    this.follow("message", (message) => this.#came(message));
    this.follow("outgoing", (message) => this.#went(message));
    this.follow("outgoingDiscarded", ({ muid }) => {
      if (muid !== undefined && this.#outgoing.delete(muid)) this.#show({});
    });
    this.follow("messageChanged", (change) => {
      this.#apply(changed(change));
      const { parent } = this.getSnapshot();
      if (parent?.id === change.message.id) {
        this.set({ ...this.getSnapshot(), parent: merged(parent, change.message, change.isOwnView) });
      }
    });
    this.follow("reaction", (event) => {
      this.#apply(reacted(event, chat.uid));
      const { parent } = this.getSnapshot();
      const [renewed] = parent === undefined ? [] : reacted(event, chat.uid)([parent]);
      if (renewed !== undefined && renewed !== parent) this.set({ ...this.getSnapshot(), parent: renewed });
    });
    this.follow("receipt", (event) => {
      if (sameReceiver(event.peer, this.peer)) this.#apply(receipted(event, chat.uid));
    });
    this.follow("conversationLeft", ({ conversationId, hiddenBefore }) =>
      this.#hide(conversationId, hiddenBefore),
    );
    this.follow("conversationChanged", ({ conversation }) =>
      this.#hide(conversation.id, conversation.hiddenBefore),
    );
    this.follow("resumed", ({ refetch, untoldReceiptsOf }) => {
      const isUntold = untoldReceiptsOf.some((id) => id === this.#window[0]?.conversationId);
      if (refetch || isUntold) void this.#renew();
    });
  }

  #came(message: Message): void {
    if (!this.#isOfPeer(message)) return;
    if (message.parentId !== undefined && message.parentId !== this.#parentId) {
      this.#apply(replied(message, this.#counted));
    }
    if (!this.#isHere(message)) return;
    if (message.muid !== undefined) this.#outgoing.delete(message.muid);
    if (this.getSnapshot().hasNewer && !this.#reaches(message)) this.#show({});
    else this.#apply(inserted(message));
  }

  #went(message: Message): void {
    if (!this.#isHere(message) || message.muid === undefined) return;
    if (message.state !== "sent") this.#outgoing.set(message.muid, message);
    else this.#outgoing.delete(message.muid);
    if (message.state === "sent" && !this.getSnapshot().hasNewer) this.#apply(inserted(message));
    else this.#show({});
  }

  /** Takes out what the user hid. What came with a page has no place to compare, so it is loaded anew. */
  #hide(conversationId: string, before = 0): void {
    if (before === 0 || this.#window.every((message) => message.conversationId !== conversationId)) return;
    const isAll = before === Number.MAX_SAFE_INTEGER;
    if (isAll || this.#window.every(({ sequence }) => sequence !== undefined)) {
      this.#apply(hidden(conversationId, before));
    } else {
      void this.refresh();
    }
  }

  /** Whether a message lies within a window that does not reach to the newest. */
  #reaches({ id }: Message): boolean {
    const last = this.#window.at(-1);
    return last !== undefined && compareIds(id, last.id) <= 0;
  }

  #apply(mutation: Mutation): void {
    this.#told?.push(mutation);
    const next = mutation(this.#window);
    if (next === this.#window && this.#told === undefined) return;
    this.#window = this.#cut(next, "oldest");
    this.#show({});
  }

  #isOfPeer(message: Message): boolean {
    return sameReceiver(peerOf(this.chat.uid, message.sender.uid, message.receiver), this.peer);
  }

  /** Whether a message is shown here. */
  #isHere(message: Message): boolean {
    if (!this.#isOfPeer(message)) return false;
    const { action, category } = message;
    if (
      category === "action" &&
      (this.options.hideActions || (action !== undefined && "message" in action))
    ) {
      return false;
    }
    if (this.#parentId !== undefined) return message.parentId === this.#parentId;
    return message.parentId === undefined || this.options.hideReplies === false;
  }

  #older(before: string | undefined) {
    return this.#page({ before }, "fetchPrevious");
  }

  #newer(after: string | undefined) {
    return this.#page({ after }, "fetchNext");
  }

  /** A page with something to show, as long as there is any. */
  async #page(
    ends: object,
    way: "fetchPrevious" | "fetchNext",
  ): Promise<{ rows: Message[]; hasMore: boolean }> {
    const hideReplies = this.#parentId === undefined && this.options.hideReplies !== false;
    const of = this.#parentId === undefined ? { with: this.peer, hideReplies } : { parentId: this.#parentId };
    const pager = this.chat.messages.list({ ...of, ...ends, limit: this.#limit });
    const hasMore = () => (way === "fetchNext" ? pager.hasNext : pager.hasPrevious);
    let rows: Message[] = [];
    for (let pages = 0; pages < EMPTY_PAGES_MAX && rows.length === 0; pages++) {
      rows = (await pager[way]()).filter((row) => this.#isHere(row));
      if (!hasMore()) break;
    }
    return { rows, hasMore: hasMore() };
  }

  async #loading(what: Loading, load: () => Promise<void>): Promise<void> {
    this.#inFlight[what] += 1;
    this.set({ ...this.getSnapshot(), [what]: true });
    this.#told ??= [];
    let error: HalleyError | null = null;
    try {
      await load();
      for (const mutation of this.#told ?? []) this.#window = mutation(this.#window);
    } catch (thrown) {
      error = HalleyError.from(thrown);
    }
    this.#inFlight[what] -= 1;
    if (Object.values(this.#inFlight).every((count) => count === 0)) this.#told = undefined;
    this.#show({ [what]: this.#inFlight[what] > 0 }, error);
  }

  #cut(items: readonly Message[], end: "oldest" | "newest"): readonly Message[] {
    if (items.length <= WINDOW_MAX) return items;
    this.set({ ...this.getSnapshot(), ...(end === "oldest" ? { hasOlder: true } : { hasNewer: true }) });
    return end === "oldest" ? items.slice(-WINDOW_MAX) : items.slice(0, WINDOW_MAX);
  }

  /** Without an error the last one stays; null takes it away. */
  #show(change: Partial<MessagesSnapshot>, failed?: HalleyError | null): void {
    const error = failed === undefined ? this.getSnapshot().error : failed;
    const stored = new Set(this.#window.map(({ muid }) => muid));
    const outgoing = [...this.#outgoing.values()].filter(({ muid }) => !stored.has(muid));
    const { error: _, unreadFrom: __, ...rest } = this.getSnapshot();
    const unreadFrom = this.#firstUnread();
    const next = { ...rest, ...change, ...(error && { error }), ...(unreadFrom && { unreadFrom }) };
    this.set({ ...next, items: outgoing.length === 0 ? this.#window : [...this.#window, ...outgoing] });
    const isNewest = !next.hasNewer && !next.isLoading;
    if (isNewest && this.#cacheName)
      this.chat.cache?.save(this.#cacheName, without(this.#window, isLocal).slice(-50));
  }

  #firstUnread(): string | undefined {
    const after = this.#unreadAfter;
    if (after === undefined) return undefined;
    const isUnread = (item: Message) =>
      item.sender.uid !== this.chat.user?.uid && compareIds(item.id, after) > 0;
    const first = this.#window.find(isUnread);
    // Without anything read in the window, the unread ones may begin before it.
    return first === this.#window[0] && this.getSnapshot().hasOlder ? undefined : first?.id;
  }
}

function isLocal(message: Message): boolean {
  return message.id === "";
}
