import type { HalleyError } from "../errors.js";
import type { Http } from "../http/http.js";
import { segment } from "../http/http.js";
import { NumberedPager, type Pager } from "../http/pager.js";
import {
  type BannedUser,
  type Group,
  type GroupType,
  type Member,
  type MemberScope,
  readBanned,
  readGroup,
  readMember,
} from "../model/group.js";
import { type JsonObject, number, object } from "../model/json.js";
import { fates } from "./fates.js";
import { LIMIT } from "./users.js";

/** What a group is made of. */
export interface GroupFields {
  readonly name?: string;
  readonly type?: GroupType;
  /** Of a group of the type `password`, which needs one. */
  readonly password?: string;
  readonly icon?: string;
  readonly description?: string;
  readonly metadata?: JsonObject;
  readonly tags?: readonly string[];
  /** Fields to clear: `icon`, `description`, `metadata`. */
  readonly unset?: readonly string[];
}

/** Uids by the place that they get in a group. */
export interface MemberLists {
  readonly admins?: readonly string[];
  readonly moderators?: readonly string[];
  readonly participants?: readonly string[];
  readonly usersToBan?: readonly string[];
}

/** A group to make. */
export interface NewGroup extends GroupFields {
  readonly guid: string;
  readonly name: string;
  readonly members?: MemberLists;
}

/** Which groups. */
export interface GroupsFilter {
  readonly search?: string;
  readonly joinedOnly?: boolean;
  readonly types?: readonly GroupType[];
  readonly tags?: readonly string[];
  readonly withTags?: boolean;
  readonly limit?: number;
}

/** Which members. */
export interface MembersFilter {
  readonly search?: string;
  readonly scopes?: readonly MemberScope[];
  readonly status?: "online" | "offline";
  readonly limit?: number;
}

/** Groups and their members. */
export class Groups {
  constructor(private readonly http: Http) {}

  /** Makes a group, of which the logged-in user is the owner. */
  async create(group: NewGroup): Promise<Group> {
    return readGroup(await this.http.data("POST", "/groups", { body: group }));
  }

  /** One group. */
  async get(guid: string): Promise<Group> {
    return readGroup(await this.http.data("GET", path(guid)));
  }

  /** Changes a group; what is absent stays. */
  async update(guid: string, fields: GroupFields): Promise<Group> {
    return readGroup(await this.http.data("PUT", path(guid), { body: fields }));
  }

  /** Deletes a group with everything that was said in it. */
  async delete(guid: string): Promise<void> {
    await this.http.call("DELETE", path(guid));
  }

  /** Groups, those that the user may see. */
  list(filter: GroupsFilter = {}): Pager<Group> {
    const { search, joinedOnly, limit = LIMIT, ...rest } = filter;
    const query = { ...rest, searchKey: search, hasJoined: joinedOnly };
    const fetch = (page: object) => this.http.call("GET", "/groups", { query: { ...query, ...page } });
    return new NumberedPager(fetch, readGroup, limit);
  }

  /** Joins a group; those of the type `password` need one. */
  async join(guid: string, password?: string): Promise<Group> {
    const body = password === undefined ? {} : { password };
    const action = object(await this.http.data("POST", `${path(guid)}/members`, { body }));
    const entities = object(object(action.data).entities);
    return readGroup(object(entities.for).entity);
  }

  /** Leaves a group. */
  async leave(guid: string): Promise<void> {
    await this.http.call("DELETE", `${path(guid)}/members`);
  }

  /** Gives a group to another member. */
  async transfer(guid: string, uid: string): Promise<void> {
    await this.http.call("PATCH", `${path(guid)}/owner`, { body: { owner: uid } });
  }

  /** The members of a group. */
  members(guid: string, filter: MembersFilter = {}): Pager<Member> {
    const { search, limit = LIMIT, scopes, status } = filter;
    const query = { searchKey: search, scopes, status: status === "online" ? "available" : status };
    const fetch = (page: object) =>
      this.http.call("GET", `${path(guid)}/members`, { query: { ...query, ...page } });
    return new NumberedPager(fetch, readMember, limit);
  }

  /** Adds users. What could not be done is in the answer, by uid. */
  async addMembers(guid: string, members: MemberLists): Promise<Record<string, HalleyError | undefined>> {
    const answer = object(await this.http.data("PUT", `${path(guid)}/members`, { body: members }));
    return Object.assign({}, ...Object.values(answer).map(fates));
  }

  /** Makes a member an admin, a moderator or a participant. */
  async setScope(guid: string, uid: string, scope: MemberScope): Promise<void> {
    await this.http.call("PUT", `${path(guid)}/members/${segment(uid)}`, { body: { scope } });
  }

  /** Puts a member out; the user may come again. */
  async kick(guid: string, uid: string): Promise<void> {
    await this.http.call("DELETE", `${path(guid)}/members/${segment(uid)}`);
  }

  /** Puts a user out for good. */
  async ban(guid: string, uid: string): Promise<void> {
    await this.http.call("POST", `${path(guid)}/bannedusers/${segment(uid)}`);
  }

  /** Bans a user no longer; the user is not a member by it. */
  async unban(guid: string, uid: string): Promise<void> {
    await this.http.call("DELETE", `${path(guid)}/bannedusers/${segment(uid)}`);
  }

  /** Users who are banned from a group. */
  banned(guid: string, filter: { readonly limit?: number } = {}): Pager<BannedUser> {
    const fetch = (page: object) =>
      this.http.call("GET", `${path(guid)}/bannedusers`, { query: { ...page } });
    return new NumberedPager(fetch, readBanned, filter.limit ?? LIMIT);
  }

  /** How many members of groups are online, by guid. */
  async onlineCounts(guids: readonly string[]): Promise<Record<string, number>> {
    const body = { groups: guids };
    const answer = object(await this.http.data("POST", "/api/v3.0/online-members", { body, isBare: true }));
    const counts = Object.entries(object(answer.groups)).map(([guid, count]) => [guid, number(count) ?? 0]);
    return Object.fromEntries(counts) as Record<string, number>;
  }
}

function path(guid: string): string {
  return `/groups/${segment(guid)}`;
}
