import { type Group, readGroup } from "./group.js";
import { defined, number, object, text, texts } from "./json.js";
import { type Message, readMessage } from "./message.js";
import type { Receiver } from "./receiver.js";
import { readUser, type User } from "./user.js";

/** A conversation as the logged-in user sees it. */
export interface Conversation {
  readonly id: string;
  /** The other end. */
  readonly with: Receiver;
  /** The other end, whole. */
  readonly entity: User | Group;
  readonly unreadCount: number;
  readonly unreadMentionsCount: number;
  readonly lastReadMessageId?: string;
  readonly lastDeliveredMessageId?: string;
  readonly latestMessageId?: string;
  readonly lastMessage?: Message;
  readonly tags: readonly string[];
  /** Unix seconds. */
  readonly pinnedAt?: number;
  /** Uid of who pinned it; `app_system` if it was the app. */
  readonly pinnedBy?: string;
  readonly updatedAt?: number;
  /** Sequence number up to which the user hid what was said; told by events alone. */
  readonly hiddenBefore?: number;
}

/** The group of a conversation; undefined if it is between two users. */
export function groupOf(conversation: Conversation): Group | undefined {
  return conversation.with.type === "group" ? (conversation.entity as Group) : undefined;
}

/** The other user of a conversation; undefined if it is a group's. */
export function userOf(conversation: Conversation): User | undefined {
  return conversation.with.type === "user" ? (conversation.entity as User) : undefined;
}

/** Reads a conversation as the server shows one. */
export function readConversation(value: unknown): Conversation {
  const raw = object(value);
  const isGroup = raw.conversationType === "group";
  const entity = isGroup ? readGroup(raw.conversationWith) : readUser(raw.conversationWith);
  const last = raw.lastMessage;
  return {
    id: text(raw.conversationId) ?? "",
    with: isGroup
      ? { type: "group", id: (entity as Group).guid }
      : { type: "user", id: (entity as User).uid },
    entity,
    unreadCount: number(raw.unreadMessageCount) ?? 0,
    unreadMentionsCount: number(raw.unreadMentionsCount) ?? 0,
    tags: texts(raw.tags),
    ...defined({
      lastReadMessageId: text(raw.lastReadMessageId),
      lastDeliveredMessageId: text(raw.lastDeliveredMessageId),
      latestMessageId: text(raw.latestMessageId),
      lastMessage: last === undefined || last === null ? undefined : readMessage(last),
      pinnedAt: number(raw.pinnedAt),
      pinnedBy: text(raw.pinnedBy),
      updatedAt: number(raw.updatedAt),
      hiddenBefore: number(raw.hiddenBefore),
    }),
  };
}
