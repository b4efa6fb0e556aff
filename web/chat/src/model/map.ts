import { t } from "../strings";
import {
  peerOf,
  type Receiver,
  type WireConversation,
  type WireGroup,
  type WireMember,
  type WireMessage,
  type WireUser,
} from "./sdk";
import type {
  Attachment,
  ChatMessage,
  Conversation,
  Delivery,
  Group,
  MediaKind,
  Member,
  Message,
  Person,
  Target,
} from "./types";

const ms = (seconds: number | undefined) => (seconds === undefined ? undefined : seconds * 1000);

export function targetOf(peer: Receiver): Target {
  return { kind: peer.type, id: peer.id };
}

export function peerFrom(target: Target): Receiver {
  return { type: target.kind, id: target.id };
}

export function personOf(user: WireUser): Person {
  return {
    uid: user.uid,
    name: user.name,
    avatar: user.avatar,
    statusMessage: user.statusMessage,
    online: user.status === "online",
    lastActiveAt: ms(user.lastActiveAt),
    blockedByMe: user.blockedByMe,
    hasBlockedMe: user.hasBlockedMe,
  };
}

export function groupOf(group: WireGroup): Group {
  const { guid, name, icon, description, type, owner, membersCount, hasJoined, scope } = group;
  return { guid, name, icon, description, type, owner, membersCount, hasJoined, scope };
}

export function memberOf(member: WireMember): Member {
  return { ...personOf(member), scope: member.scope };
}

const KINDS: readonly MediaKind[] = ["image", "video", "audio"];

function kindOf(type: string, mimeType: string): MediaKind {
  return (
    KINDS.find((kind) => mimeType.startsWith(`${kind}/`)) ?? KINDS.find((kind) => kind === type) ?? "file"
  );
}

/** A click opens it, so it is a file, and no script. */
const OPENABLE = /^(?:https?:|blob:|data:image\/|\/)/i;

function attachmentsOf(wire: WireMessage): Attachment[] {
  const openable = wire.attachments.filter(({ url }) => OPENABLE.test(url));
  return openable.map((file) => {
    const mimeType = file.mimeType ?? "";
    // Without a type of its own it is what the message is.
    const kind = mimeType ? kindOf("", mimeType) : kindOf(wire.type, "");
    return { kind, name: file.name ?? t.message.file, url: file.url, size: file.size ?? 0, mimeType };
  });
}

function deliveryOf(wire: WireMessage, mine: boolean): Delivery {
  if (wire.state !== "sent") return wire.state;
  if (!mine) return "sent";
  if (wire.readAt) return "read";
  return wire.deliveredAt ? "delivered" : "sent";
}

function baseOf(wire: WireMessage, me: string) {
  return {
    key: wire.muid || wire.id,
    id: wire.id,
    sender: personOf(wire.sender),
    mine: wire.sender.uid === me,
    sentAt: wire.sentAt * 1000,
  };
}

function noticeText(wire: WireMessage): string {
  const action = wire.action;
  const by = wire.sender.name;
  if (!action || !("on" in action)) return t.notices.other(by);
  const on = action.on.name;
  switch (action.kind) {
    case "joined":
      return t.notices.joined(by);
    case "left":
      return t.notices.left(by);
    case "added":
      return t.notices.added(by, on);
    case "kicked":
      return t.notices.kicked(by, on);
    case "banned":
      return t.notices.banned(by, on);
    case "unbanned":
      return t.notices.unbanned(by, on);
    case "scopeChanged":
      return t.notices.scopeChanged(by, on, action.newScope ?? "");
    default:
      return t.notices.other(by);
  }
}

function chatMessage(wire: WireMessage, me: string): ChatMessage {
  const base = baseOf(wire, me);
  return {
    kind: "chat",
    ...base,
    conversationId: wire.conversationId,
    target: targetOf(peerOf(me, wire.sender.uid, wire.receiver)),
    text: wire.text ?? "",
    attachments: attachmentsOf(wire),
    mentions: new Map(wire.mentions.map((user) => [user.uid, user.name])),
    mentionsMe: wire.mentions.some((user) => user.uid === me),
    delivery: deliveryOf(wire, base.mine),
    failure: wire.error?.message,
    progress: wire.progress,
    editedAt: ms(wire.editedAt),
    deletedAt: ms(wire.deletedAt),
    withheld: wire.moderation !== "disapproved" ? undefined : base.mine ? "fromOthers" : "fromMe",
    pinnedAt: ms(wire.pinnedAt),
    savedAt: ms(wire.savedAt),
    reactions: wire.reactions.map(({ reaction, count, reactedByMe }) => ({
      reaction,
      count,
      byMe: reactedByMe,
    })),
    parentId: wire.parentId,
    replyCount: wire.replyCount,
    unreadReplies: wire.unreadReplyCount ?? 0,
    quoted: wire.quotedMessage && chatMessage(wire.quotedMessage, me),
  };
}

function made(wire: WireMessage, me: string): Message {
  if (wire.category === "action") return { kind: "notice", ...baseOf(wire, me), text: noticeText(wire) };
  if (wire.category === "call" && wire.call) {
    const { sessionId, type, status } = wire.call;
    return { kind: "call", ...baseOf(wire, me), sessionId, media: type, status };
  }
  return chatMessage(wire, me);
}

/** Unchanged messages keep their view, so that their rows are not drawn again. */
const views = new WeakMap<WireMessage, Message>();

export function messageOf(wire: WireMessage, me: string): Message {
  const known = views.get(wire);
  if (known) return known;
  const view = made(wire, me);
  views.set(wire, view);
  return view;
}

const conversations = new WeakMap<WireConversation, Conversation>();

export function conversationOf(wire: WireConversation, me: string): Conversation {
  const known = conversations.get(wire);
  if (known) return known;
  const view = madeConversation(wire, me);
  conversations.set(wire, view);
  return view;
}

function madeConversation(wire: WireConversation, me: string): Conversation {
  const person = wire.with.type === "user" ? personOf(wire.entity as WireUser) : undefined;
  const group = wire.with.type === "group" ? groupOf(wire.entity as WireGroup) : undefined;
  const last = wire.lastMessage && messageOf(wire.lastMessage, me);
  return {
    id: wire.id,
    target: targetOf(wire.with),
    name: person?.name ?? group?.name ?? wire.with.id,
    avatar: person?.avatar ?? group?.icon,
    person,
    group,
    last,
    unread: wire.unreadCount,
    unreadMentions: wire.unreadMentionsCount,
    lastReadId: wire.lastReadMessageId,
    pinned: wire.pinnedAt !== undefined,
    updatedAt: ms(wire.updatedAt) ?? last?.sentAt ?? 0,
  };
}
