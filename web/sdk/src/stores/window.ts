import type { MessageChange, ReactionEvent, ReceiptEvent } from "../events/events.js";
import { compareIds } from "../model/ids.js";
import type { Message, ReactionCount } from "../model/message.js";
import { replaced } from "./store.js";

/** A change of a list of messages. Made twice, it changes nothing more. */
export type Mutation = (items: readonly Message[]) => readonly Message[];

/** Newer of two times. */
function later(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.max(a, b);
}

function only<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as T;
}

function reactions(
  known: readonly ReactionCount[],
  told: readonly ReactionCount[],
): readonly ReactionCount[] {
  return told.map((count) => {
    const before = known.find(({ reaction }) => reaction === count.reaction);
    return before?.reactedByMe ? { ...count, reactedByMe: true } : count;
  });
}

/**
 * A message as it is told now, with what only the earlier one says.
 *
 * @param isOwnView whether it is told as the logged-in user sees it
 */
export function merged(known: Message, told: Message, isOwnView: boolean): Message {
  // An answer may be overtaken by an event.
  if ((told.updatedAt ?? 0) < (known.updatedAt ?? 0))
    return { ...known, ...only({ sequence: told.sequence }) };
  const own = isOwnView
    ? {}
    : {
        savedAt: told.savedAt ?? known.savedAt,
        reactions: told.deletedAt === undefined ? reactions(known.reactions, told.reactions) : [],
        interactions: told.interactions.length > 0 ? told.interactions : known.interactions,
      };
  return only({
    ...told,
    muid: told.muid ?? known.muid,
    sequence: told.sequence ?? known.sequence,
    deliveredAt: later(known.deliveredAt, told.deliveredAt),
    readAt: later(known.readAt, told.readAt),
    myReceipt: told.myReceipt ?? known.myReceipt,
    threadSubscribed: told.threadSubscribed ?? known.threadSubscribed,
    unreadReplyCount: told.unreadReplyCount ?? known.unreadReplyCount,
    quotedMessage: told.quotedMessage ?? known.quotedMessage,
    replyCount: Math.max(told.replyCount, known.replyCount),
    ...own,
  });
}

/** Takes out what the user hid in a conversation: everything up to a sequence number. */
export function hidden(conversationId: string, before: number): Mutation {
  const isShown = (message: Message) =>
    message.conversationId !== conversationId || (message.sequence ?? 0) > before;
  return (items) => (items.every(isShown) ? items : items.filter(isShown));
}

/** Puts a message in its place, or renews it. */
export function inserted(message: Message): Mutation {
  return (items) => {
    const at = items.findIndex(({ id }) => id === message.id);
    const known = items[at];
    if (known !== undefined) return items.with(at, merged(known, message, false));
    const last = items.at(-1);
    if (last === undefined || compareIds(last.id, message.id) < 0) return [...items, message];
    const place = items.findIndex(({ id }) => compareIds(id, message.id) > 0);
    return items.toSpliced(place, 0, message);
  };
}

/** Renews a message, and what quotes it. */
export function changed({ message, isOwnView, change }: MessageChange): Mutation {
  return (items) =>
    replaced(
      items,
      ({ id, quotedMessageId }) => id === message.id || quotedMessageId === message.id,
      (item) => {
        if (item.id !== message.id) return item.quotedMessage ? { ...item, quotedMessage: message } : item;
        const renewed = merged(item, message, isOwnView);
        return change === "unsaved" ? only({ ...renewed, savedAt: undefined }) : renewed;
      },
    );
}

/** Counts a reaction. */
export function reacted(event: ReactionEvent, ownUid: string): Mutation {
  const { reaction, messageId, user } = event.reaction;
  const isOwn = user.uid === ownUid;
  return (items) =>
    replaced(
      items,
      ({ id }) => id === messageId,
      (item) => {
        const known = item.reactions.find((count) => count.reaction === reaction);
        const reactedByMe = isOwn ? event.added : (known?.reactedByMe ?? false);
        const count = { reaction, count: event.count, reactedByMe };
        const others = item.reactions.filter((other) => other !== known);
        if (event.count <= 0) return { ...item, reactions: others };
        const counts = known
          ? item.reactions.map((other) => (other === known ? count : other))
          : [...others, count];
        return { ...item, reactions: counts };
      },
    );
}

/** Notes how far others got. In a group only what holds of all of them counts. */
export function receipted(event: ReceiptEvent, ownUid: string): Mutation {
  const { action, messageId, at } = event;
  const isOfAll = action === "deliveredToAll" || action === "readByAll";
  if (event.user.uid === ownUid || (event.peer.type === "group" && !isOfAll)) return (items) => items;
  const isRead = action === "read" || action === "readByAll";
  return (items) =>
    replaced(
      items,
      (item) => item.sender.uid === ownUid && item.id !== "" && compareIds(item.id, messageId) <= 0,
      (item) => {
        const isNews = item.deliveredAt === undefined || (isRead && item.readAt === undefined);
        if (!isNews) return item;
        return { ...item, deliveredAt: item.deliveredAt ?? at, ...(isRead && { readAt: item.readAt ?? at }) };
      },
    );
}

/** Counts a reply at its parent, once. */
export function replied(reply: Message, counted: Set<string>): Mutation {
  return (items) =>
    replaced(
      items,
      ({ id }) => id === reply.parentId && !counted.has(reply.id),
      (item) => {
        counted.add(reply.id);
        return { ...item, replyCount: item.replyCount + 1 };
      },
    );
}
