import type { MembersFilter } from "../api/groups.js";
import type { HalleyChat } from "../client.js";
import { HalleyError } from "../errors.js";
import type { MembershipEvent } from "../events/events.js";
import type { Pager } from "../http/pager.js";
import type { Member, MemberScope } from "../model/group.js";
import { LiveStore, replaced, without } from "./store.js";

/** The members of a group, as far as they are loaded. */
export interface MembersSnapshot {
  readonly items: readonly Member[];
  readonly isLoading: boolean;
  readonly hasMore: boolean;
  readonly error?: HalleyError;
}

/** Opens the members of a group. */
export function openMembers(chat: HalleyChat, guid: string, filter: MembersFilter = {}): MembersStore {
  return new MembersStore(chat, guid, filter);
}

/** The members of a group, kept true. */
export class MembersStore extends LiveStore<MembersSnapshot> {
  #pager: Pager<Member>;

  constructor(
    chat: HalleyChat,
    readonly guid: string,
    private readonly filter: MembersFilter,
  ) {
    super(chat, { items: [], isLoading: false, hasMore: true });
    this.#pager = chat.groups.members(guid, filter);
    this.follow("membership", (event) => {
      if (event.group.guid === guid) this.#moved(event);
    });
    this.follow("presence", ({ user }) => {
      const isIt = ({ uid }: Member) => uid === user.uid;
      this.#update((items) => replaced(items, isIt, (item) => ({ ...item, status: user.status })));
    });
    this.follow("resumed", ({ refetch }) => void (refetch ? this.refresh() : this.#renew()));
    void this.loadMore();
  }

  /** Loads the next page. */
  async loadMore(): Promise<void> {
    const { isLoading, hasMore } = this.getSnapshot();
    if (!isLoading && hasMore) await this.#load(this.#pager, false);
  }

  /** Loads the list anew. */
  async refresh(): Promise<void> {
    this.#pager = this.chat.groups.members(this.guid, this.filter);
    await this.#load(this.#pager, true);
  }

  async #load(pager: Pager<Member>, isAnew: boolean): Promise<void> {
    this.set({ ...this.getSnapshot(), isLoading: true });
    try {
      const rows = await pager.fetchNext();
      if (pager !== this.#pager) return;
      const known = isAnew
        ? []
        : without(this.getSnapshot().items, ({ uid }) => rows.some((row) => row.uid === uid));
      this.set({ items: [...known, ...rows], isLoading: false, hasMore: pager.hasNext });
    } catch (thrown) {
      if (pager === this.#pager) {
        this.set({ ...this.getSnapshot(), isLoading: false, error: HalleyError.from(thrown) });
      }
    }
  }

  /** After a break: who is online was not told. */
  async #renew(): Promise<void> {
    if (this.getSnapshot().isLoading) return;
    const rows = await this.chat.groups
      .members(this.guid, this.filter)
      .fetchNext()
      .catch(() => []);
    const known = new Map(rows.map((row) => [row.uid, row]));
    this.#update((items) =>
      replaced(
        items,
        ({ uid }) => known.has(uid),
        (item) => known.get(item.uid) ?? item,
      ),
    );
  }

  #moved({ kind, on, newScope, message }: MembershipEvent): void {
    const isIt = ({ uid }: Member) => uid === on.uid;
    if (kind === "left" || kind === "kicked" || kind === "banned") {
      return this.#update((items) => without(items, isIt));
    }
    if (kind === "scopeChanged") {
      const scope = (newScope ?? "participant") as MemberScope;
      return this.#update((items) => replaced(items, isIt, (item) => ({ ...item, scope })));
    }
    // Where a newcomer stands in a searched list only the server knows.
    if (kind === "unbanned" || this.filter.search !== undefined || this.filter.scopes !== undefined) return;
    const member: Member = { ...on, scope: "participant", joinedAt: message.sentAt };
    this.#update((items) => (items.some(isIt) ? items : [...items, member]));
  }

  #update(change: (items: readonly Member[]) => readonly Member[]): void {
    const before = this.getSnapshot();
    const items = change(before.items);
    if (items !== before.items) this.set({ ...before, items });
  }
}
