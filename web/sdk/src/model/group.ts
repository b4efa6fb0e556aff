import { defined, type JsonObject, json, number, object, text, texts } from "./json.js";
import { readUser, type User } from "./user.js";

/** How one gets into a group. */
export type GroupType = "public" | "password" | "private";

/** A member's place in a group. */
export type MemberScope = "admin" | "moderator" | "participant";

/** A group. */
export interface Group {
  readonly guid: string;
  readonly name: string;
  readonly type: GroupType;
  readonly icon?: string;
  readonly description?: string;
  /** Uid of the owner. */
  readonly owner: string;
  /** Any JSON of the app. */
  readonly metadata?: JsonObject;
  readonly tags?: readonly string[];
  readonly membersCount: number;
  readonly conversationId: string;
  /** Unix seconds. */
  readonly createdAt?: number;
  readonly updatedAt?: number;
  /** Whether the logged-in user is a member. */
  readonly hasJoined: boolean;
  /** The logged-in user's own scope, where it is known. */
  readonly scope?: MemberScope;
  readonly joinedAt?: number;
}

/** A member of a group. */
export interface Member extends User {
  readonly scope: MemberScope;
  /** Unix seconds. */
  readonly joinedAt?: number;
}

/** A user who is banned from a group. */
export interface BannedUser extends User {
  /** Unix seconds. */
  readonly bannedAt?: number;
}

function scope(value: unknown): MemberScope | undefined {
  return value === "admin" || value === "moderator" || value === "participant" ? value : undefined;
}

/** Reads a group as the server shows one. */
export function readGroup(value: unknown): Group {
  const raw = object(value);
  const guid = text(raw.guid) ?? "";
  return {
    guid,
    name: text(raw.name) ?? guid,
    type: raw.type === "password" || raw.type === "private" ? raw.type : "public",
    owner: text(raw.owner) ?? "",
    membersCount: number(raw.membersCount) ?? 0,
    conversationId: text(raw.conversationId) ?? `group_${guid}`,
    hasJoined: raw.hasJoined === true,
    ...defined({
      icon: text(raw.icon),
      description: text(raw.description),
      metadata: json(raw.metadata),
      tags: Array.isArray(raw.tags) ? texts(raw.tags) : undefined,
      createdAt: number(raw.createdAt),
      updatedAt: number(raw.updatedAt),
      scope: scope(raw.scope),
      joinedAt: number(raw.joinedAt),
    }),
  };
}

/** Reads a member. */
export function readMember(value: unknown): Member {
  const raw = object(value);
  return {
    ...readUser(raw),
    scope: scope(raw.scope) ?? "participant",
    ...defined({ joinedAt: number(raw.joinedAt) }),
  };
}

/** Reads a banned user. */
export function readBanned(value: unknown): BannedUser {
  const raw = object(value);
  return { ...readUser(raw), ...defined({ bannedAt: number(raw.bannedAt) }) };
}
