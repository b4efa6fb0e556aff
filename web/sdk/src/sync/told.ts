import type { Emitter } from "../events/emitter.js";
import type { HalleyEvents, MessageChange } from "../events/events.js";
import { readConversation } from "../model/conversation.js";
import type { Group } from "../model/group.js";
import { readGroup } from "../model/group.js";
import { defined, type Json, json, number, object, text } from "../model/json.js";
import { type Message, readMessage, readReaction } from "../model/message.js";
import { peerOf, type Receiver, readReceiver } from "../model/receiver.js";
import { readUser } from "../model/user.js";
import type { Frame } from "../socket/frames.js";

type Events = Emitter<HalleyEvents>;
type Tell = (events: Events, frame: Frame, uid: string) => void;

/** The conversation that a frame is about, seen from the user. */
function peer(frame: Frame, uid: string): Receiver {
  const sender = text(frame.raw.sender) ?? readUser(frame.body.user).uid;
  return peerOf(uid, sender, readReceiver(frame.raw));
}

function changed(change: MessageChange["change"], isOwnView: boolean): Tell {
  return (events, frame) => {
    const message = readMessage(frame.body.message ?? frame.body);
    events.emit("messageChanged", { message, change, isOwnView });
  };
}

function conversation(change: HalleyEvents["conversationChanged"]["change"]): Tell {
  return (events, { body }) => {
    events.emit("conversationChanged", { conversation: readConversation(body.conversation ?? body), change });
  };
}

function group(change: HalleyEvents["group"]["change"]): Tell {
  return (events, { body }) => {
    const oldOwner = text(body.oldOwner);
    events.emit("group", { change, group: readGroup(body.group), ...(oldOwner && { oldOwner }) });
  };
}

const RECEIPTS = ["delivered", "read", "deliveredToAll", "readByAll"] as const;

/** How each frame but `message` becomes an event. */
const TELL: Readonly<Record<string, Tell>> = {
  typing_indicator(events, frame, uid) {
    const { action, user, metadata } = frame.body;
    events.emit("typing", {
      user: readUser(user),
      peer: peer(frame, uid),
      isTyping: action === "started",
      ...defined({ metadata: json(metadata) }),
    });
  },
  transient_message(events, frame, uid) {
    const data = (frame.body.data ?? null) as Json;
    events.emit("transient", { user: readUser(frame.body.user), peer: peer(frame, uid), data });
  },
  receipts(events, frame, uid) {
    const action = RECEIPTS.find((word) => word === frame.body.action);
    const messageId = text(frame.body.messageId);
    if (action === undefined || messageId === undefined) return;
    const at = number(frame.body.timestamp) ?? 0;
    events.emit("receipt", {
      action,
      messageId,
      at,
      user: readUser(frame.body.user),
      peer: peer(frame, uid),
    });
  },
  presence(events, { body }) {
    const isOnline = body.action === "online";
    const user = { ...readUser(body.user), status: isOnline ? "online" : "offline" } as const;
    events.emit("presence", { user, isOnline, at: number(body.timestamp) ?? 0 });
  },
  reaction(events, { body }) {
    events.emit("reaction", {
      added: body.action === "message_reaction_added",
      reaction: readReaction(body),
      conversationId: text(body.conversationId) ?? "",
      count: number(body.count) ?? 0,
      ...defined({ parentId: text(body.parentMessageId) }),
    });
  },
  message_pinned: changed("pinned", false),
  message_unpinned: changed("unpinned", false),
  message_saved: changed("saved", false),
  message_unsaved: changed("unsaved", false),
  message_moderated: changed("moderated", false),
  message_changed: changed("other", true),
  conversation_pinned: conversation("pinned"),
  conversation_unpinned: conversation("unpinned"),
  conversation_changed: conversation("other"),
  unread_count_changed: conversation("unread"),
  conversation_left(events, { body }) {
    const conversationId = text(body.conversationId) ?? "";
    events.emit("conversationLeft", {
      conversationId,
      ...defined({ hiddenBefore: number(body.hiddenBefore) }),
    });
  },
  group_created: group("created"),
  group_updated: group("updated"),
  group_deleted: group("deleted"),
  group_owner_changed: group("ownerChanged"),
  call_signal(events, { body }) {
    const from = object(body.from);
    const uid = text(from.uid);
    events.emit("callSignal", {
      action: text(body.action) ?? "",
      sessionId: text(body.sessionId) ?? "",
      body: json(body) ?? {},
      ...(uid && { from: { uid, ...defined({ deviceId: text(from.deviceId) }) } }),
    });
  },
};

/** Tells of a frame that is no message; what is not known is ignored. */
export function tellFrame(events: Events, frame: Frame, uid: string): void {
  TELL[frame.type]?.(events, frame, uid);
}

/** Tells of a message, and of what it tells of. */
export function tellMessage(events: Events, message: Message): void {
  events.emit("message", message);
  const { action, call } = message;
  if (call !== undefined) {
    const { deviceId } = message;
    events.emit("call", { call, by: message.sender, message, ...(deviceId && { deviceId }) });
  }
  if (action === undefined) return;
  if ("message" in action) {
    events.emit("messageChanged", { message: action.message, change: action.kind, isOwnView: false });
    return;
  }
  const { kind, ...about } = action;
  if (kind === "other" || message.receiver.type !== "group") return;
  events.emit("membership", { ...about, kind, group: message.receiverEntity as Group, message });
}
