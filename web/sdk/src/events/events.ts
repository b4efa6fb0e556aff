import type { HalleyError } from "../errors.js";
import type { Call } from "../model/call.js";
import type { Conversation } from "../model/conversation.js";
import type { Group } from "../model/group.js";
import type { Json, JsonObject } from "../model/json.js";
import type { Message, Reaction } from "../model/message.js";
import type { Receiver } from "../model/receiver.js";
import type { User } from "../model/user.js";

/** Whether there is a socket. */
export type ConnectionState = "disconnected" | "connecting" | "connected";

/** Somebody types, or no more. */
export interface TypingEvent {
  readonly user: User;
  /** The conversation, seen from the logged-in user. */
  readonly peer: Receiver;
  readonly isTyping: boolean;
  readonly metadata?: JsonObject;
}

/** All messages up to one were delivered or read. */
export interface ReceiptEvent {
  /** `deliveredToAll` and `readByAll` are about groups. */
  readonly action: "delivered" | "read" | "deliveredToAll" | "readByAll";
  readonly user: User;
  /** The conversation, seen from the logged-in user. */
  readonly peer: Receiver;
  readonly messageId: string;
  /** Unix seconds. */
  readonly at: number;
}

/** Somebody came or went. */
export interface PresenceEvent {
  readonly user: User;
  readonly isOnline: boolean;
  /** Unix seconds. */
  readonly at: number;
}

/** A note that is not stored. */
export interface TransientEvent {
  readonly user: User;
  readonly peer: Receiver;
  readonly data: Json;
}

/** A reaction was added or taken back. */
export interface ReactionEvent {
  readonly added: boolean;
  readonly reaction: Reaction;
  readonly conversationId: string;
  readonly parentId?: string;
  /** How often the message is reacted to in this way, after it. */
  readonly count: number;
}

/** A message is another than it was. */
export interface MessageChange {
  readonly message: Message;
  readonly change: "edited" | "deleted" | "pinned" | "unpinned" | "saved" | "unsaved" | "moderated" | "other";
  /** Whether the message is shown as the logged-in user sees it, own reactions and saves included. */
  readonly isOwnView: boolean;
}

/** Who is in a group changed. */
export interface MembershipEvent {
  readonly kind: "joined" | "left" | "kicked" | "banned" | "unbanned" | "added" | "scopeChanged";
  readonly group: Group;
  readonly by: User;
  readonly on: User;
  readonly oldScope?: string;
  readonly newScope?: string;
  readonly message: Message;
}

/** A group is another than it was, or is no more; or the user made it, on another device too. */
export interface GroupEvent {
  readonly change: "created" | "updated" | "deleted" | "ownerChanged";
  readonly group: Group;
  /** Uid, when the owner changed. */
  readonly oldOwner?: string;
}

/** A call stands another way. */
export interface CallEvent {
  readonly call: Call;
  /** Who made the change. */
  readonly by: User;
  /** The device that made it. */
  readonly deviceId?: string;
  readonly message: Message;
}

/** A conversation is another than it was for the logged-in user. */
export interface ConversationEvent {
  readonly conversation: Conversation;
  readonly change: "pinned" | "unpinned" | "unread" | "other";
}

/** What a device in a call says to this one; see `CallSession`. */
export interface CallSignal {
  readonly action: string;
  readonly sessionId: string;
  readonly from?: { readonly uid: string; readonly deviceId?: string };
  readonly body: JsonObject;
}

/** Why a login ended. */
export interface LogoutEvent {
  /** The app logged out, the server knows the auth token no more, or another user logged in. */
  readonly reason: "asked" | "tokenRevoked" | "replaced";
}

/** Everything that a client tells of. */
export interface HalleyEvents {
  connection: ConnectionState;
  login: User;
  logout: LogoutEvent;
  /** A new message, of any category, of this device, too. Each once; each conversation's in order. */
  message: Message;
  messageChanged: MessageChange;
  /** A message of this device on its way: `sending`, `sent` or `failed`. By `muid`. */
  outgoing: Message;
  /** A message that was `failed` and is thrown away, or was taken back before it was sent. */
  outgoingDiscarded: Message;
  reaction: ReactionEvent;
  receipt: ReceiptEvent;
  typing: TypingEvent;
  presence: PresenceEvent;
  transient: TransientEvent;
  membership: MembershipEvent;
  group: GroupEvent;
  call: CallEvent;
  callSignal: CallSignal;
  conversationChanged: ConversationEvent;
  /** The logged-in user is out of a conversation, or hid what was said in it up to a sequence number. */
  conversationLeft: { readonly conversationId: string; readonly hiddenBefore?: number };
  /**
   * The socket is there, and everything that was missed is told. With `refetch` it is not, and what is shown must be fetched:
   * too much was missed, or it is the first socket, and what was fetched before it may be older.
   */
  resumed: { readonly refetch: boolean; readonly untoldReceiptsOf: readonly string[] };
  /** Something failed in the background. */
  error: HalleyError;
}
