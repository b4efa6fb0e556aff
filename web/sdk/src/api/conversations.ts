import type { Emitter } from "../events/emitter.js";
import type { HalleyEvents } from "../events/events.js";
import type { Http } from "../http/http.js";
import { segment } from "../http/http.js";
import { CursorPager, type Pager } from "../http/pager.js";
import { type Conversation, readConversation } from "../model/conversation.js";
import { number, object, objects, text } from "../model/json.js";
import type { Receiver, ReceiverType } from "../model/receiver.js";
import { LIMIT } from "./users.js";

/** Which conversations. */
export interface ConversationsFilter {
  readonly type?: ReceiverType;
  readonly unread?: boolean;
  readonly tags?: readonly string[];
  readonly userTags?: readonly string[];
  readonly groupTags?: readonly string[];
  readonly withTags?: boolean;
  /** The beginning of the other end's name. */
  readonly search?: string;
  readonly pinnedBy?: readonly ("me" | "system")[];
  readonly includeBlocked?: boolean;
  readonly withBlockedInfo?: boolean;
  readonly limit?: number;
}

/** Unread messages of a conversation. */
export interface UnreadCount {
  readonly peer: Receiver;
  readonly count: number;
}

/** The logged-in user's conversations. */
export class Conversations {
  constructor(
    private readonly http: Http,
    private readonly events: Emitter<HalleyEvents>,
  ) {}

  /** Conversations, pinned ones first, then by their last message. */
  list(filter: ConversationsFilter = {}): Pager<Conversation> {
    const { type, search, includeBlocked, limit = LIMIT, ...rest } = filter;
    const query = {
      ...rest,
      conversationType: type,
      searchKey: search,
      includeBlockedUsers: includeBlocked,
      per_page: limit,
    };
    const fetch = (place: object) =>
      this.http.call("GET", "/conversations", { query: { ...query, ...place } });
    return new CursorPager(fetch, readConversation, (meta) => {
      const cursor = text(object(meta.cursor).cursor);
      return cursor === undefined ? undefined : { cursor };
    });
  }

  /** The conversation with a user, or of a group. */
  async get(peer: Receiver): Promise<Conversation> {
    return readConversation(await this.http.data("GET", path(peer)));
  }

  /** Replaces the tags that the user gave a conversation. */
  async setTags(peer: Receiver, tags: readonly string[]): Promise<Conversation> {
    return this.#changed("other", await this.http.data("PUT", path(peer), { body: { tags } }));
  }

  /** Deletes a conversation for the logged-in user alone. */
  async delete(peer: Receiver, conversationId?: string): Promise<void> {
    await this.http.call("DELETE", path(peer));
    if (conversationId === undefined) return;
    this.events.emit("conversationLeft", { conversationId, hiddenBefore: Number.MAX_SAFE_INTEGER });
  }

  /** Pins a conversation to the top of the user's list. */
  async pin(peer: Receiver): Promise<Conversation> {
    return this.#changed("pinned", await this.http.data("POST", `${path(peer)}/pin`));
  }

  /** Pins a conversation no longer. */
  async unpin(peer: Receiver): Promise<Conversation> {
    return this.#changed("unpinned", await this.http.data("DELETE", `${path(peer)}/pin`));
  }

  /** Marks everything up to a message as read; up to the newest without one. */
  async markRead(peer: Receiver, messageId?: string): Promise<void> {
    await this.http.call("POST", `${path(peer)}/read`, {
      body: messageId === undefined ? {} : { messageId },
    });
  }

  /** Marks everything up to a message as delivered; up to the newest without one. */
  async markDelivered(peer: Receiver, messageId?: string): Promise<void> {
    await this.http.call("POST", `${path(peer)}/delivered`, {
      body: messageId === undefined ? {} : { messageId },
    });
  }

  /** Marks everything after a message as unread; that message itself stays read. */
  async markUnread(peer: Receiver, afterMessageId: string): Promise<Conversation> {
    const answer = await this.http.data("DELETE", `${path(peer)}/read`, {
      body: { messageId: afterMessageId },
    });
    return this.#changed("unread", object(answer).conversation);
  }

  /** How many messages are unread, of each conversation that has any. */
  async unreadCounts(filter: { type?: ReceiverType; hideBlocked?: boolean } = {}): Promise<UnreadCount[]> {
    const data = await this.http.data("GET", "/messages", {
      query: {
        unread: true,
        count: true,
        receiverType: filter.type,
        hideMessagesFromBlockedUsers: filter.hideBlocked,
      },
    });
    return objects(data).map((row) => ({
      peer: { type: row.entityType === "group" ? "group" : "user", id: text(row.entityId) ?? "" },
      count: number(row.count) ?? 0,
    }));
  }

  #changed(change: "pinned" | "unpinned" | "unread" | "other", value: unknown): Conversation {
    const conversation = readConversation(value);
    this.events.emit("conversationChanged", { conversation, change });
    return conversation;
  }
}

function path({ type, id }: Receiver): string {
  return `/${type === "group" ? "groups" : "users"}/${segment(id)}/conversation`;
}
