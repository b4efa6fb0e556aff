import type { Emitter } from "../events/emitter.js";
import type { HalleyEvents, MessageChange } from "../events/events.js";
import type { Http } from "../http/http.js";
import { segment } from "../http/http.js";
import { CursorPager, EndsPager, type Pager } from "../http/pager.js";
import { newMuid } from "../model/ids.js";
import { type JsonObject, number, object, text } from "../model/json.js";
import {
  type Attachment,
  type Category,
  type Message,
  type MessageReceipt,
  type Reaction,
  readMessage,
  readMessageReceipts,
  readReaction,
  readThread,
  type Thread,
} from "../model/message.js";
import type { Receiver } from "../model/receiver.js";
import type { Draft, FileToSend, SendOptions } from "../outbox/draft.js";
import type { Outbox } from "../outbox/outbox.js";
import type { Outgoing } from "../outbox/outgoing.js";
import { LIMIT } from "./users.js";

/** Which messages. */
export interface MessagesFilter {
  /** Of one conversation; of all without it. */
  readonly with?: Receiver;
  /** The replies to this message. */
  readonly parentId?: string;
  /** Older than this id. */
  readonly before?: string;
  /** Newer than this id. */
  readonly after?: string;
  readonly search?: string;
  readonly categories?: readonly Category[];
  readonly types?: readonly string[];
  readonly tags?: readonly string[];
  readonly attachmentTypes?: readonly string[];
  readonly mentionedUids?: readonly string[];
  readonly myMentionsOnly?: boolean;
  readonly senders?: readonly string[];
  readonly hasLinks?: boolean;
  readonly hasMentions?: boolean;
  readonly hasAttachments?: boolean;
  readonly hasReactions?: boolean;
  readonly hideReplies?: boolean;
  readonly hideDeleted?: boolean;
  readonly hideFromBlocked?: boolean;
  readonly hideQuoted?: boolean;
  readonly unread?: boolean;
  readonly pinned?: boolean;
  readonly saved?: boolean;
  /** Changed after this time, in Unix seconds. */
  readonly updatedAfter?: number;
  readonly onlyUpdates?: boolean;
  readonly onlyInteractionGoalCompleted?: boolean;
  /** Rows of a page, at most 100; 30 without it. */
  readonly limit?: number;
}

/** What can change in a message. */
export interface MessageEdit {
  readonly text?: string;
  readonly customData?: JsonObject;
  readonly metadata?: JsonObject;
  /** They replace all that there were. */
  readonly tags?: readonly string[];
}

/** What a media message may have. */
export interface MediaOptions extends SendOptions {
  /** `image`, `video`, `audio` or `file`; that of the first file without it. */
  readonly type?: string;
  readonly caption?: string;
  /** How much is uploaded, from 0 to 1. */
  readonly onProgress?: (share: number) => void;
}

/** A message of the app's own. */
export interface CustomContent extends SendOptions {
  readonly type: string;
  readonly customData: JsonObject;
  readonly subType?: string;
  /** What lists and notifications show of it. */
  readonly text?: string;
}

/** A message with elements to use. */
export interface InteractiveContent extends SendOptions {
  readonly type: "form" | "card" | "customInteractive" | "scheduler";
  readonly interactiveData: JsonObject;
  readonly interactionGoal?: JsonObject;
  readonly allowSenderInteraction?: boolean;
}

/** Which threads. */
export interface ThreadsFilter {
  readonly with?: Receiver;
  readonly participatedByMe?: boolean;
  readonly limit?: number;
}

/** Messages: reading, sending, changing. */
export class Messages {
  #lastCreatedAt = 0;

  constructor(
    private readonly http: Http,
    private readonly events: Emitter<HalleyEvents>,
    private readonly outbox: Outbox,
  ) {}

  /** One message. */
  async get(id: string): Promise<Message> {
    return readMessage(await this.http.data("GET", path(id), { query: { withThreadSubscribed: true } }));
  }

  /** Who received and read a message. */
  async receipts(id: string): Promise<MessageReceipt[]> {
    return readMessageReceipts(await this.http.data("GET", path(id)));
  }

  /** Messages. `fetchPrevious` gives older ones, `fetchNext` newer ones; a page stands oldest first. */
  list(filter: MessagesFilter = {}): Pager<Message> {
    const { with: peer, parentId, before, after, limit = LIMIT, ...rest } = filter;
    const { search, hideFromBlocked, hideQuoted, updatedAfter, ...same } = rest;
    const query = {
      ...same,
      searchKey: search,
      hideMessagesFromBlockedUsers: hideFromBlocked,
      hideQuotedMessages: hideQuoted,
      updatedAt: updatedAfter,
      withThreadSubscribed: true,
    };
    const place = parentId === undefined ? `${of(peer)}/messages` : `${path(parentId)}/thread`;
    const fetch = (page: object) => this.http.call("GET", place, { query: { ...query, ...page } });
    return new EndsPager(fetch, readMessage, limit, { before, after });
  }

  /** Sends a text. */
  sendText(peer: Receiver, text: string, options: SendOptions = {}): Outgoing {
    return this.#send(peer, "message", "text", { text }, options);
  }

  /** Sends files, which are uploaded first. */
  sendMedia(peer: Receiver, files: readonly (File | FileToSend)[], options: MediaOptions = {}): Outgoing {
    const { type, caption, onProgress, ...rest } = options;
    const named = files.map((file) => ("blob" in file ? file : { name: file.name, blob: file }));
    const data = captioned(caption);
    const kind = type ?? mediaType(named[0]?.blob.type);
    const outgoing = this.#send(peer, "message", kind, data, rest, { files: named });
    if (onProgress !== undefined) this.#follow(outgoing, onProgress);
    return outgoing;
  }

  /** Sends files that are somewhere already. */
  sendAttachments(peer: Receiver, attachments: readonly Attachment[], options: MediaOptions = {}): Outgoing {
    const { type, caption, onProgress: _, ...rest } = options;
    const data = captioned(caption);
    const kind = type ?? mediaType(attachments[0]?.mimeType);
    return this.#send(peer, "message", kind, data, rest, { attachments });
  }

  /** Sends a message of the app's own. */
  sendCustom(peer: Receiver, content: CustomContent): Outgoing {
    const { type, customData, subType, text, ...options } = content;
    const data = {
      customData,
      ...(subType !== undefined && { subType }),
      ...(text !== undefined && { text }),
    };
    return this.#send(peer, "custom", type, data, options);
  }

  /** Sends a message with elements to use. */
  sendInteractive(peer: Receiver, content: InteractiveContent): Outgoing {
    const { type, interactiveData, interactionGoal, allowSenderInteraction, ...options } = content;
    const data = {
      interactiveData,
      ...(interactionGoal !== undefined && { interactionGoal }),
      ...(allowSenderInteraction !== undefined && { allowSenderInteraction }),
    };
    return this.#send(peer, "interactive", type, data, options);
  }

  /** Changes a message; gives it as it is then. */
  async edit(id: string, { tags, ...data }: MessageEdit): Promise<Message> {
    const body = { data, ...(tags !== undefined && { tags }) };
    return this.#acted("edited", await this.http.data("PUT", path(id), { body }));
  }

  /** Deletes a message; it keeps its place and loses its content. */
  async delete(id: string): Promise<Message> {
    return this.#acted("deleted", await this.http.data("DELETE", path(id), { body: { id } }));
  }

  /** Reacts to a message. */
  async react(id: string, reaction: string): Promise<Message> {
    return this.#changed("other", await this.http.data("POST", `${path(id)}/reactions/${segment(reaction)}`));
  }

  /** Takes a reaction back. */
  async unreact(id: string, reaction: string): Promise<Message> {
    return this.#changed(
      "other",
      await this.http.data("DELETE", `${path(id)}/reactions/${segment(reaction)}`),
    );
  }

  /** Who reacted to a message, in one way or in any. */
  reactions(id: string, reaction?: string, filter: { readonly limit?: number } = {}): Pager<Reaction> {
    const place = `${path(id)}/reactions${reaction === undefined ? "" : `/${segment(reaction)}`}`;
    const { limit = LIMIT } = filter;
    const fetch = (at: object) => this.http.call("GET", place, { query: { limit, ...at } });
    return new CursorPager(fetch, readReaction, (meta) => {
      const { affix, id: from } = object(meta.next);
      return meta.next === undefined ? undefined : { affix: text(affix), id: text(from) };
    });
  }

  /** Pins a message for everybody in its conversation. */
  async pin(id: string): Promise<Message> {
    return this.#changed("pinned", await this.http.data("POST", `${path(id)}/pin`));
  }

  /** Pins a message no longer. */
  async unpin(id: string): Promise<Message> {
    return this.#changed("unpinned", await this.http.data("DELETE", `${path(id)}/pin`));
  }

  /** Saves a message for the logged-in user. */
  async save(id: string): Promise<Message> {
    return this.#changed("saved", await this.http.data("POST", `${path(id)}/save`));
  }

  /** Saves a message no longer. */
  async unsave(id: string): Promise<Message> {
    return this.#changed("unsaved", await this.http.data("DELETE", `${path(id)}/save`));
  }

  /** Reports a message; the reasons are in `server.flagReasons`. */
  async flag(id: string, reasonId: string, remark?: string): Promise<void> {
    const body = { id: reasonId, ...(remark !== undefined && { remark }) };
    await this.http.call("POST", `${path(id)}/flagged`, { body });
  }

  /** Says that elements of an interactive message were used. */
  async markInteracted(id: string, elementIds: readonly string[]): Promise<void> {
    await this.http.call("PATCH", `${path(id)}/interacted`, { body: { interactions: elementIds } });
  }

  /** Threads, the one with the newest reply first. */
  threads(filter: ThreadsFilter = {}): Pager<Thread> {
    const query = { participatedByMe: filter.participatedByMe, limit: filter.limit ?? LIMIT };
    const fetch = (at: object) =>
      this.http.call("GET", `${of(filter.with)}/threads`, { query: { ...query, ...at } });
    return new CursorPager(fetch, readThread, (meta) => {
      const next = object(meta.next);
      if (meta.next === undefined) return undefined;
      return {
        affix: "append",
        id: text(next.id),
        updatedAt: number(next.updatedAt),
        updatedAtMs: number(next.updatedAtMs),
      };
    });
  }

  /** Subscribes the logged-in user to a thread. */
  async subscribe(parentId: string): Promise<void> {
    await this.http.call("POST", `${path(parentId)}/thread/subscription`);
  }

  /** Ends the subscription to a thread. */
  async unsubscribe(parentId: string): Promise<void> {
    await this.http.call("DELETE", `${path(parentId)}/thread/subscription`);
  }

  #send(
    receiver: Receiver,
    category: Category,
    type: string,
    data: JsonObject,
    options: SendOptions,
    files: Partial<Pick<Draft, "files" | "attachments">> = {},
  ): Outgoing {
    // Each later than the one before it, so that a stored outbox keeps the order.
    this.#lastCreatedAt = Math.max(Date.now(), this.#lastCreatedAt + 1);
    return this.outbox.send({
      muid: options.muid ?? newMuid(),
      receiver,
      category,
      type,
      data,
      options,
      files: [],
      attachments: [],
      createdAt: this.#lastCreatedAt,
      ...files,
    });
  }

  #follow(outgoing: Outgoing, onProgress: (share: number) => void): void {
    const off = this.events.on("outgoing", (message) => {
      if (message.muid !== outgoing.muid) return;
      if (message.progress !== undefined) onProgress(message.progress);
      if (message.state !== "sending") off();
    });
  }

  #changed(change: MessageChange["change"], value: unknown): Message {
    const message = readMessage(value);
    this.events.emit("messageChanged", { message, change, isOwnView: change === "other" });
    return message;
  }

  /** Edits and deletions are answered with the action message that tells of them. */
  #acted(change: "edited" | "deleted", value: unknown): Message {
    const { action } = readMessage(value);
    const message = action !== undefined && "message" in action ? action.message : readMessage(value);
    this.events.emit("messageChanged", { message, change, isOwnView: false });
    return message;
  }
}

function path(id: string): string {
  return `/messages/${segment(id)}`;
}

function of(peer: Receiver | undefined): string {
  return peer === undefined ? "" : `/${peer.type === "group" ? "groups" : "users"}/${segment(peer.id)}`;
}

function mediaType(mimeType = ""): string {
  const kind = mimeType.split("/")[0] ?? "";
  return ["image", "video", "audio"].includes(kind) ? kind : "file";
}

function captioned(caption: string | undefined): JsonObject {
  return caption === undefined || caption === "" ? {} : { text: caption };
}
