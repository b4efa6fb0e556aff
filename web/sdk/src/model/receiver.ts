import type { Group } from "./group.js";
import { type Raw, text } from "./json.js";
import type { User } from "./user.js";

/** What a receiver is. */
export type ReceiverType = "user" | "group";

/** The other end of a conversation: a user or a group. */
export interface Receiver {
  readonly type: ReceiverType;
  /** The uid or guid. */
  readonly id: string;
}

/** A user as a receiver. Ids are kept in lower case. */
export function toUser(user: string | User): Receiver {
  return { type: "user", id: (typeof user === "string" ? user : user.uid).toLowerCase() };
}

/** A group as a receiver. Ids are kept in lower case. */
export function toGroup(group: string | Group): Receiver {
  return { type: "group", id: (typeof group === "string" ? group : group.guid).toLowerCase() };
}

/** Whether two receivers are the same. */
export function sameReceiver(a: Receiver, b: Receiver): boolean {
  return a.type === b.type && a.id === b.id;
}

/** A receiver as one text, for keys of maps. */
export function receiverKey(receiver: Receiver): string {
  return `${receiver.type}:${receiver.id}`;
}

/** The id of the conversation of two users, or of a group. */
export function conversationIdOf(own: string, receiver: Receiver): string {
  if (receiver.type === "group") return `group_${receiver.id}`;
  return own < receiver.id ? `${own}_user_${receiver.id}` : `${receiver.id}_user_${own}`;
}

/** Reads the receiver that a frame or a message names. */
export function readReceiver(raw: Raw): Receiver {
  return { type: raw.receiverType === "group" ? "group" : "user", id: text(raw.receiver) ?? "" };
}

/** The other end of something that was sent from one user to a receiver, seen from `own`. */
export function peerOf(own: string, sender: string, receiver: Receiver): Receiver {
  return receiver.type === "user" && receiver.id === own ? { type: "user", id: sender } : receiver;
}
