import type { HalleyError } from "../errors.js";
import type { Http } from "../http/http.js";
import { segment } from "../http/http.js";
import { NumberedPager, type Pager } from "../http/pager.js";
import { type JsonObject, number, object } from "../model/json.js";
import { readUser, type User } from "../model/user.js";
import { fates } from "./fates.js";

/** Which users. */
export interface UsersFilter {
  /** The beginning of a uid or a name. */
  readonly search?: string;
  readonly searchIn?: readonly ("uid" | "name")[];
  readonly uids?: readonly string[];
  readonly roles?: readonly string[];
  readonly tags?: readonly string[];
  readonly withTags?: boolean;
  readonly status?: "online" | "offline";
  readonly friendsOnly?: boolean;
  readonly hideBlocked?: boolean;
  readonly sortBy?: string;
  readonly sortOrder?: "asc" | "desc";
  /** Rows of a page; 30 without it. */
  readonly limit?: number;
}

/** What a user may say of itself. */
export interface OwnFields {
  readonly name?: string;
  readonly avatar?: string;
  readonly link?: string;
  readonly statusMessage?: string;
  readonly metadata?: JsonObject;
  readonly tags?: readonly string[];
  /** Fields to clear. */
  readonly unset?: readonly string[];
}

/** Which blocked users. */
export interface BlockedFilter {
  readonly direction?: "both" | "blockedByMe" | "hasBlockedMe";
  readonly search?: string;
  readonly limit?: number;
}

/** Rows of a page where none are named. */
export const LIMIT = 30;

/** Users. */
export class Users {
  constructor(
    private readonly http: Http,
    private readonly onOwn: (user: User) => void,
  ) {}

  /** One user. */
  async get(uid: string): Promise<User> {
    return readUser(await this.http.data("GET", `/users/${segment(uid)}`));
  }

  /** Users, by name. */
  list(filter: UsersFilter = {}): Pager<User> {
    const { search, hideBlocked, limit = LIMIT, status, ...rest } = filter;
    const query = {
      ...rest,
      searchKey: search,
      hideBlockedUsers: hideBlocked,
      status: status === "online" ? "available" : status,
    };
    const fetch = (page: object) => this.http.call("GET", "/users", { query: { ...query, ...page } });
    return new NumberedPager(fetch, readUser, limit);
  }

  /** Changes the logged-in user. */
  async updateMe(fields: OwnFields): Promise<User> {
    const user = readUser(await this.http.data("PUT", "/me", { body: fields }));
    this.onOwn(user);
    return user;
  }

  /** Blocks users. What could not be done is in the answer, by uid. */
  async block(uids: readonly string[]): Promise<Record<string, HalleyError | undefined>> {
    return fates(await this.http.data("POST", "/blockedusers", { body: { blockedUids: uids } }));
  }

  /** Blocks users no longer. */
  async unblock(uids: readonly string[]): Promise<Record<string, HalleyError | undefined>> {
    return fates(await this.http.data("DELETE", "/blockedusers", { body: { blockedUids: uids } }));
  }

  /** Blocked users. */
  blocked(filter: BlockedFilter = {}): Pager<User> {
    const query = { direction: filter.direction, searchKey: filter.search };
    const fetch = (page: object) => this.http.call("GET", "/blockedusers", { query: { ...query, ...page } });
    return new NumberedPager(fetch, readUser, filter.limit ?? LIMIT);
  }

  /** How many users of the app are online. */
  async onlineCount(): Promise<number> {
    const answer = await this.http.data("POST", "/api/v3.0/online-members", { body: {}, isBare: true });
    return number(object(answer).onlineUsersCount) ?? 0;
  }

  /** Makes a user, in development: an auth key belongs on the app's server side. */
  async create(user: { uid: string; name: string } & OwnFields, authKey: string): Promise<User> {
    return readUser(await this.http.data("POST", "/users", { body: user, authKey }));
  }

  /** Changes any user, in development: an auth key belongs on the app's server side. */
  async update(uid: string, fields: OwnFields, authKey: string): Promise<User> {
    return readUser(await this.http.data("PUT", `/users/${segment(uid)}`, { body: fields, authKey }));
  }
}
