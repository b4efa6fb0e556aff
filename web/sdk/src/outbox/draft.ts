import type { ErrorFacts } from "../errors.js";
import type { JsonObject } from "../model/json.js";
import { defined } from "../model/json.js";
import type { Attachment, Category, Message } from "../model/message.js";
import { conversationIdOf, type Receiver } from "../model/receiver.js";
import type { User } from "../model/user.js";

/** What every message may have. */
export interface SendOptions {
  /** The message that it replies to in a thread. */
  readonly parentId?: string;
  readonly quotedMessageId?: string;
  readonly tags?: readonly string[];
  readonly metadata?: JsonObject;
  /** The sender's own id of it, in place of a new one: a second message with it is the first. */
  readonly muid?: string;
}

/** A file to upload. */
export interface FileToSend {
  readonly name: string;
  readonly blob: Blob;
}

/** A message to be sent. It can be stored; its files only where the storage keeps them. */
export interface Draft {
  readonly muid: string;
  readonly receiver: Receiver;
  readonly category: Category;
  readonly type: string;
  readonly data: JsonObject;
  readonly options: SendOptions;
  /** Still to upload. */
  readonly files: readonly FileToSend[];
  /** Uploaded, or somewhere else already. */
  readonly attachments: readonly Attachment[];
  /** Milliseconds. Drafts of a conversation are sent in the order of their making. */
  readonly createdAt: number;
  /** Of one that is not tried again by itself. */
  readonly error?: ErrorFacts;
}

/** The body of `POST /messages`. */
export function bodyOf(draft: Draft): JsonObject {
  const { options, attachments } = draft;
  const files = attachments.map((attachment) => ({ ...attachment }));
  return defined({
    receiver: draft.receiver.id,
    receiverType: draft.receiver.type,
    category: draft.category,
    type: draft.type,
    data: {
      ...draft.data,
      ...(options.metadata && { metadata: options.metadata }),
      ...(files.length > 0 && { attachments: files }),
    },
    muid: draft.muid,
    tags: options.tags,
    parentMessageId: options.parentId,
    quotedMessageId: options.quotedMessageId,
  }) as JsonObject;
}

/** The message that is shown until the server has stored it. */
export function shown(
  draft: Draft,
  sender: User,
  deviceId: string,
  state: Message["state"],
  progress?: number,
): Message {
  const { data, options, receiver } = draft;
  const local = draft.files.map(({ name, blob }) => ({
    url: "",
    name,
    mimeType: blob.type,
    size: blob.size,
  }));
  return {
    id: "",
    muid: draft.muid,
    conversationId: conversationIdOf(sender.uid, receiver),
    sender,
    receiver,
    receiverEntity:
      receiver.type === "user"
        ? { uid: receiver.id, name: receiver.id, role: "default", status: "offline" }
        : {
            guid: receiver.id,
            name: receiver.id,
            type: "public",
            owner: "",
            membersCount: 0,
            conversationId: `group_${receiver.id}`,
            hasJoined: true,
          },
    category: draft.category,
    type: draft.type,
    attachments: [...draft.attachments, ...local],
    interactions: [],
    mentions: [],
    reactions: [],
    tags: options.tags ?? [],
    replyCount: 0,
    sentAt: Math.floor(draft.createdAt / 1000),
    deviceId,
    state,
    ...defined({
      text: typeof data.text === "string" ? data.text : undefined,
      metadata: options.metadata,
      customData: data.customData as JsonObject | undefined,
      subType: data.subType as string | undefined,
      interactiveData: data.interactiveData as JsonObject | undefined,
      interactionGoal: data.interactionGoal as JsonObject | undefined,
      parentId: options.parentId,
      quotedMessageId: options.quotedMessageId,
      error: draft.error,
      progress,
    }),
  };
}
