import type { ErrorFacts } from "../errors.js";
import { type Call, readToldCall } from "./call.js";
import { type Group, readGroup } from "./group.js";
import { defined, type JsonObject, json, number, object, objects, type Raw, text, texts } from "./json.js";
import { type Receiver, readReceiver } from "./receiver.js";
import { readUser, type User } from "./user.js";

/** What kind of message. */
export type Category = "message" | "custom" | "interactive" | "action" | "call";

/** Where a message of this device stands on its way to the server. Messages of others are `sent`. */
export type SendState = "sending" | "sent" | "failed";

/** A file of a message. */
export interface Attachment {
  readonly url: string;
  readonly name?: string;
  readonly mimeType?: string;
  /** The ending of the name, without a dot. */
  readonly extension?: string;
  /** Bytes. */
  readonly size?: number;
}

/** How often a message was reacted to in one way. */
export interface ReactionCount {
  readonly reaction: string;
  readonly count: number;
  readonly reactedByMe: boolean;
}

/** A use of an element of an interactive message. */
export interface Interaction {
  readonly elementId: string;
  /** Unix seconds. */
  readonly interactedAt: number;
}

/** What an action message tells of. */
export type MessageAction =
  | { readonly kind: "edited" | "deleted"; readonly by: User; readonly message: Message }
  | {
      readonly kind:
        | "joined"
        | "left"
        | "kicked"
        | "banned"
        | "unbanned"
        | "added"
        | "scopeChanged"
        | "other";
      readonly by: User;
      /** Whom it is about. */
      readonly on: User;
      readonly oldScope?: string;
      readonly newScope?: string;
    };

/** A message of any category. Times are Unix seconds. */
export interface Message {
  /** Empty until the server has stored it. Ids are decimal and grow. */
  readonly id: string;
  /** The sender's own id of it. */
  readonly muid?: string;
  readonly conversationId: string;
  /** Its place in the conversation; known of what came over the socket, or was asked for with it. */
  readonly sequence?: number;
  readonly sender: User;
  readonly receiver: Receiver;
  /** The receiver, as far as it is known. */
  readonly receiverEntity: User | Group;
  readonly category: Category;
  /** `text`, `image`, `video`, `audio`, `file`, `form`, `card`, …; of custom messages the app's own. */
  readonly type: string;
  /** The text, or the caption of media. */
  readonly text?: string;
  readonly attachments: readonly Attachment[];
  readonly metadata?: JsonObject;
  readonly customData?: JsonObject;
  readonly subType?: string;
  readonly interactiveData?: JsonObject;
  readonly interactionGoal?: JsonObject;
  readonly allowSenderInteraction?: boolean;
  /** The elements that the logged-in user has used. */
  readonly interactions: readonly Interaction[];
  readonly mentions: readonly User[];
  readonly reactions: readonly ReactionCount[];
  readonly moderation?: string;
  readonly tags: readonly string[];
  /** The message that it replies to in a thread. */
  readonly parentId?: string;
  readonly replyCount: number;
  readonly unreadReplyCount?: number;
  readonly threadSubscribed?: boolean;
  readonly quotedMessageId?: string;
  readonly quotedMessage?: Message;
  readonly sentAt: number;
  readonly updatedAt?: number;
  readonly deliveredAt?: number;
  readonly readAt?: number;
  /** When the logged-in user got and read it. */
  readonly myReceipt?: { readonly deliveredAt?: number; readonly readAt?: number };
  readonly editedAt?: number;
  readonly editedBy?: string;
  readonly deletedAt?: number;
  readonly deletedBy?: string;
  readonly pinnedAt?: number;
  readonly pinnedBy?: string;
  readonly savedAt?: number;
  /** The device that sent it. */
  readonly deviceId?: string;
  /** Of an action message: what it tells of. */
  readonly action?: MessageAction;
  /** Of a call message: the call as it stands after it. */
  readonly call?: Call;
  readonly state: SendState;
  /** Why it is `failed`. */
  readonly error?: ErrorFacts;
  /** How much of its files is uploaded, from 0 to 1, while it is `sending`. */
  readonly progress?: number;
}

/** A message as it stands in a list of threads. */
export interface Thread {
  readonly parent: Message;
  readonly lastReply?: Message;
  readonly subscribed?: boolean;
  readonly unreadReplyCount?: number;
  readonly mentionCount?: number;
}

/** Who received and read a message, and when. */
export interface MessageReceipt {
  readonly recipient: User;
  readonly deliveredAt?: number;
  readonly readAt?: number;
}

/** One user's reaction to a message. */
export interface Reaction {
  readonly id: string;
  readonly messageId: string;
  readonly reaction: string;
  readonly user: User;
  /** Unix seconds. */
  readonly reactedAt: number;
}

const CATEGORIES = ["message", "custom", "interactive", "action", "call"] as const;
const MEMBER_ACTIONS = ["joined", "left", "kicked", "banned", "unbanned", "added", "scopeChanged"] as const;

function category(value: unknown): Category {
  return CATEGORIES.find((word) => word === value) ?? "custom";
}

function attachments(data: Raw): Attachment[] {
  const listed = objects(data.attachments).map((raw) => ({
    url: text(raw.url) ?? "",
    ...defined({
      name: text(raw.name),
      mimeType: text(raw.mimeType),
      extension: text(raw.extension),
      size: number(raw.size),
    }),
  }));
  const found = listed.filter((attachment) => attachment.url !== "");
  const url = text(data.url);
  return found.length > 0 || url === undefined ? found : [{ url }];
}

/** Mentions come by uid; some servers list them. */
function mentions(value: unknown): User[] {
  return (Array.isArray(value) ? value : Object.values(object(value))).map(readUser);
}

function entity(entities: Raw, ...names: string[]): unknown {
  const name = names.find((candidate) => candidate in entities);
  return name === undefined ? undefined : object(entities[name]).entity;
}

function action(data: Raw, entities: Raw): MessageAction | undefined {
  const kind = text(data.action);
  const on = entity(entities, "on");
  if (kind === undefined || on === undefined) return undefined;
  const by = readUser(entity(entities, "by"));
  if (kind === "edited" || kind === "deleted") return { kind, by, message: readMessage(on) };
  const scope = object(object(data.extras).scope);
  return {
    kind: MEMBER_ACTIONS.find((word) => word === kind) ?? "other",
    by,
    on: readUser(on),
    ...defined({ oldScope: text(scope.old), newScope: text(scope.new) }),
  };
}

function content(data: Raw) {
  return {
    attachments: attachments(data),
    interactions: objects(data.interactions).map((raw) => ({
      elementId: text(raw.elementId) ?? "",
      interactedAt: number(raw.interactedAt) ?? 0,
    })),
    mentions: mentions(data.mentions),
    reactions: readReactionCounts(data.reactions),
    ...defined({
      text: typeof data.text === "string" ? data.text : text(data.caption),
      metadata: json(data.metadata),
      customData: json(data.customData),
      subType: text(data.subType),
      interactiveData: json(data.interactiveData),
      interactionGoal: json(data.interactionGoal),
      allowSenderInteraction: data.allowSenderInteraction === true || undefined,
      moderation: text(object(data.moderation).status),
      deviceId: text(data.resource),
    }),
  };
}

function times(raw: Raw) {
  const own = object(raw.myReceipt);
  const myReceipt = defined({ deliveredAt: number(own.deliveredAt), readAt: number(own.readAt) });
  return defined({
    updatedAt: number(raw.updatedAt),
    deliveredAt: number(raw.deliveredAt),
    readAt: number(raw.readAt),
    myReceipt: raw.myReceipt === undefined ? undefined : myReceipt,
    editedAt: number(raw.editedAt),
    editedBy: text(raw.editedBy),
    deletedAt: number(raw.deletedAt),
    deletedBy: text(raw.deletedBy),
    pinnedAt: number(raw.pinnedAt),
    pinnedBy: text(raw.pinnedBy),
    savedAt: number(raw.savedAt),
  });
}

/** Reads counts of reactions. */
export function readReactionCounts(value: unknown): ReactionCount[] {
  return objects(value).map((raw) => ({
    reaction: text(raw.reaction) ?? "",
    count: number(raw.count) ?? 0,
    reactedByMe: raw.reactedByMe === true,
  }));
}

/** Reads a message as the server shows one. */
export function readMessage(value: unknown): Message {
  const raw = object(value);
  const data = object(raw.data);
  const entities = object(data.entities);
  const receiver = readReceiver(raw);
  const sequence = number(raw.sequence);
  const read = receiver.type === "group" ? readGroup : readUser;
  const receiverEntity = entity(entities, "receiver", "for");
  const kind = category(raw.category);
  const quoted = raw.quotedMessage;
  return {
    id: text(raw.id) ?? "",
    conversationId: text(raw.conversationId) ?? "",
    sender: readUser(entity(entities, "sender", "by") ?? { uid: raw.sender }),
    receiver,
    receiverEntity: read(receiverEntity ?? { guid: receiver.id, uid: receiver.id }),
    category: kind,
    type: text(raw.type) ?? "text",
    ...content(data),
    tags: texts(raw.tags),
    replyCount: number(raw.replyCount) ?? 0,
    sentAt: number(raw.sentAt) ?? 0,
    ...times(raw),
    ...defined({
      muid: text(raw.muid),
      sequence: sequence !== undefined && sequence > 0 ? sequence : undefined,
      parentId: text(raw.parentId) ?? text(raw.parentMessageId),
      unreadReplyCount: number(raw.unreadRepliesCount),
      threadSubscribed: raw.threadSubscribed === true || undefined,
      quotedMessageId: text(raw.quotedMessageId),
      quotedMessage: quoted === undefined || quoted === null ? undefined : readMessage(quoted),
      action: kind === "action" ? action(data, entities) : undefined,
      call: kind === "call" ? readToldCall(entity(entities, "on"), data) : undefined,
    }),
    state: "sent",
  };
}

/** Reads the receipts beside a message. */
export function readMessageReceipts(value: unknown): MessageReceipt[] {
  return objects(object(object(value).receipts).data).map((raw) => ({
    recipient: readUser(typeof raw.recipient === "string" ? { uid: raw.recipient } : raw.recipient),
    ...defined({ deliveredAt: number(raw.deliveredAt), readAt: number(raw.readAt) }),
  }));
}

/** Reads a row of a list of threads. */
export function readThread(value: unknown): Thread {
  const raw = object(value);
  return {
    parent: readMessage(raw),
    ...defined({
      lastReply: raw.lastReply === undefined ? undefined : readMessage(raw.lastReply),
      subscribed: typeof raw.subscribed === "boolean" ? raw.subscribed : undefined,
      unreadReplyCount: number(raw.unreadReplyCount),
      mentionCount: number(raw.mentionCount),
    }),
  };
}

/** Reads a user's reaction. */
export function readReaction(value: unknown): Reaction {
  const raw = object(value);
  return {
    id: text(raw.id) ?? "",
    messageId: text(raw.messageId) ?? "",
    reaction: text(raw.reaction) ?? "",
    user: readUser(raw.reactedBy ?? { uid: raw.uid }),
    reactedAt: number(raw.reactedAt) ?? 0,
  };
}

/** Whether a message raises the unread count of those who did not write it. */
export function isCounted(message: Message): boolean {
  if (message.parentId !== undefined) return false;
  if (message.category === "custom") return message.metadata?.incrementUnreadCount === true;
  return message.category === "message" || message.category === "interactive";
}
