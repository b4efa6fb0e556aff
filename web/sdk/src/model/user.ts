import { defined, type JsonObject, json, number, object, text, texts } from "./json.js";

/** Whether a user has an open socket. */
export type Presence = "online" | "offline";

/** A user. */
export interface User {
  readonly uid: string;
  readonly name: string;
  readonly avatar?: string;
  /** Address of the user's page. */
  readonly link?: string;
  readonly role: string;
  readonly status: Presence;
  readonly statusMessage?: string;
  /** Any JSON of the app. */
  readonly metadata?: JsonObject;
  readonly tags?: readonly string[];
  /** Unix seconds. */
  readonly lastActiveAt?: number;
  readonly createdAt?: number;
  /** Of the conversation with the user who is logged in. */
  readonly conversationId?: string;
  readonly blockedByMe?: boolean;
  readonly hasBlockedMe?: boolean;
  readonly deactivatedAt?: number;
}

/** Reads a user as the server shows one. */
export function readUser(value: unknown): User {
  const raw = object(value);
  const uid = text(raw.uid) ?? "";
  return {
    uid,
    name: text(raw.name) ?? uid,
    role: text(raw.role) ?? "default",
    status: raw.status === "available" || raw.status === "online" ? "online" : "offline",
    ...defined({
      avatar: text(raw.avatar),
      link: text(raw.link),
      statusMessage: text(raw.statusMessage),
      metadata: json(raw.metadata),
      tags: Array.isArray(raw.tags) ? texts(raw.tags) : undefined,
      lastActiveAt: number(raw.lastActiveAt),
      createdAt: number(raw.createdAt),
      conversationId: text(raw.conversationId),
      deactivatedAt: number(raw.deactivatedAt),
      blockedByMe: raw.blockedByMe === true || undefined,
      hasBlockedMe: raw.hasBlockedMe === true || undefined,
    }),
  };
}
