/** What the pages show, whatever the wire looks like. Times are Unix ms. */

export type TargetKind = "user" | "group";

/** With whom one talks. */
export interface Target {
  readonly kind: TargetKind;
  /** A uid or a guid. */
  readonly id: string;
}

export interface Person {
  readonly uid: string;
  readonly name: string;
  readonly avatar?: string;
  readonly statusMessage?: string;
  readonly online?: boolean;
  readonly lastActiveAt?: number;
  readonly blockedByMe?: boolean;
  readonly hasBlockedMe?: boolean;
}

export type Scope = "admin" | "moderator" | "participant";
export type GroupType = "public" | "password" | "private";

export interface Group {
  readonly guid: string;
  readonly name: string;
  readonly icon?: string;
  readonly description?: string;
  readonly type: GroupType;
  readonly owner?: string;
  readonly membersCount: number;
  readonly hasJoined: boolean;
  readonly scope?: Scope;
}

export interface Member extends Person {
  readonly scope: Scope;
}

export type MediaKind = "image" | "video" | "audio" | "file";

export interface Attachment {
  readonly kind: MediaKind;
  readonly name: string;
  readonly url: string;
  /** Bytes; 0 when it is not known. */
  readonly size: number;
  readonly mimeType: string;
}

export interface ReactionCount {
  readonly reaction: string;
  readonly count: number;
  readonly byMe: boolean;
}

/** How far a message has come. Others' messages are always `sent`. */
export type Delivery = "sending" | "failed" | "sent" | "delivered" | "read";

interface MessageBase {
  /** Stays the same when a message that is being sent gets its id. */
  readonly key: string;
  /** Empty until the server has stored it. */
  readonly id: string;
  readonly sender: Person;
  readonly mine: boolean;
  readonly sentAt: number;
}

/** What people say. */
export interface ChatMessage extends MessageBase {
  readonly kind: "chat";
  readonly conversationId: string;
  readonly target: Target;
  readonly text: string;
  readonly attachments: readonly Attachment[];
  readonly mentions: ReadonlyMap<string, string>;
  readonly mentionsMe: boolean;
  readonly delivery: Delivery;
  /** Why it could not be sent. */
  readonly failure?: string;
  /** Of an upload, from 0 to 1. */
  readonly progress?: number;
  readonly editedAt?: number;
  readonly deletedAt?: number;
  /** From whom a moderator keeps the content: from the logged-in user, or from all others. */
  readonly withheld?: "fromMe" | "fromOthers";
  readonly pinnedAt?: number;
  readonly savedAt?: number;
  readonly reactions: readonly ReactionCount[];
  readonly parentId?: string;
  readonly replyCount: number;
  readonly unreadReplies: number;
  readonly quoted?: ChatMessage;
}

/** What happened in a group. */
export interface NoticeMessage extends MessageBase {
  readonly kind: "notice";
  readonly text: string;
}

export interface CallMessage extends MessageBase {
  readonly kind: "call";
  readonly sessionId: string;
  readonly media: CallMedia;
  readonly status: string;
}

export type Message = ChatMessage | NoticeMessage | CallMessage;

export interface Conversation {
  readonly id: string;
  readonly target: Target;
  readonly name: string;
  readonly avatar?: string;
  readonly person?: Person;
  readonly group?: Group;
  readonly last?: Message;
  readonly unread: number;
  readonly unreadMentions: number;
  readonly lastReadId?: string;
  readonly pinned: boolean;
  readonly updatedAt: number;
}

export type CallMedia = "audio" | "video";

export type ConnectionState = "connecting" | "online" | "offline";
