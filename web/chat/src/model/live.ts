import {
  type DependencyList,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { searchConversations } from "./actions";
import { messageOf as problemOf } from "./errors";
import { conversationOf, groupOf, messageOf, peerFrom, personOf } from "./map";
import { usePages } from "./pages";
import { useShared } from "./provider";
import { openMessages, openThread, openTyping, type WireMessage } from "./sdk";
import { isSame, keyOf } from "./target";
import type { ConnectionState, Conversation, Group, Message, Person, Target } from "./types";

interface Store<T> {
  subscribe(listener: () => void): () => void;
  getSnapshot(): T;
}

function useSnapshot<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.getSnapshot);
}

/** A store that lives as long as what it was opened for is shown. */
function useOpened<S extends { close(): void }>(open: () => S, deps: DependencyList): S {
  const store = useMemo(open, deps);
  useEffect(() => () => store.close(), [store]);
  return store;
}

/** A connection that is there is not called away for less, in ms: most come back at once. */
const PATIENCE = 1_500;

export function useConnection(): ConnectionState {
  const { client } = useShared();
  const subscribe = useCallback((told: () => void) => client.on("connection", told), [client]);
  const connection = useSyncExternalStore(subscribe, () => client.connection);
  const network = useSyncExternalStore(watchNetwork, () => navigator.onLine);
  const now: ConnectionState = !network ? "offline" : connection === "connected" ? "online" : "connecting";
  const [shown, setShown] = useState<ConnectionState>("online");
  useEffect(() => {
    const timer = setTimeout(() => setShown(now), now === "connecting" ? PATIENCE : 0);
    return () => clearTimeout(timer);
  }, [now]);
  return shown;
}

function watchNetwork(told: () => void) {
  addEventListener("online", told);
  addEventListener("offline", told);
  return () => {
    removeEventListener("online", told);
    removeEventListener("offline", told);
  };
}

export interface ConversationsView {
  readonly items: readonly Conversation[];
  readonly loading: boolean;
  readonly hasMore: boolean;
  readonly error?: string;
  loadMore(): void;
}

/** All conversations, or those that a search finds. */
export function useConversations(search: string): ConversationsView {
  const { client, conversations } = useShared();
  const all = useSnapshot(conversations);
  const found = usePages(search || null, () => searchConversations(client, search));
  const items = useMemo(() => all.items.map((row) => conversationOf(row, client.uid)), [all.items, client]);
  const loadMore = useCallback(() => void conversations.loadMore(), [conversations]);
  if (search) return found;
  const error = all.error ? problemOf(all.error) : undefined;
  return { items, loading: all.isLoading, hasMore: all.hasMore, error, loadMore };
}

/** A conversation that is in the list. */
export function useConversation(target: Target): Conversation | undefined {
  const { client, conversations } = useShared();
  const { items } = useSnapshot(conversations);
  const found = items.find((row) => isSame({ kind: row.with.type, id: row.with.id }, target));
  return found && conversationOf(found, client.uid);
}

/** What conversations are called, as far as they are in the list. */
export function useNameIn(): (target: Target) => string {
  const { client, conversations } = useShared();
  const { items } = useSnapshot(conversations);
  return useMemo(() => {
    const rows = items.map((row) => conversationOf(row, client.uid));
    const names = new Map(rows.map(({ target, name }) => [keyOf(target), name]));
    return (target) => names.get(keyOf(target)) ?? target.id;
  }, [items, client]);
}

export interface Peer {
  readonly name: string;
  readonly avatar?: string;
  readonly person?: Person;
  readonly group?: Group;
  readonly error?: string;
  reload(): void;
}

/** Who is at the other end: fetched, and kept true by what is told of it. */
export function usePeer(target: Target): Peer {
  const { client } = useShared();
  const listed = useConversation(target);
  const { kind, id } = target;
  const [fetched, setFetched] = useState<{ person?: Person; group?: Group; error?: string }>({});
  const [round, setRound] = useState(0);
  const reload = useCallback(() => setRound((n) => n + 1), []);
  useEffect(() => {
    let wanted = true;
    const work =
      kind === "user"
        ? client.users.get(id).then((user) => ({ person: personOf(user) }))
        : client.groups.get(id).then((group) => ({ group: groupOf(group) }));
    work.then(
      (found) => wanted && setFetched(found),
      (error) => wanted && setFetched((before) => ({ ...before, error: problemOf(error) })),
    );
    return () => {
      wanted = false;
    };
  }, [client, kind, id, round]);

  useEffect(() => {
    if (kind !== "group") return;
    const offs = [
      client.on("group", (event) => event.group.guid === id && reload()),
      client.on("membership", (event) => event.group.guid === id && reload()),
      client.on("conversationLeft", (event) => event.conversationId === `group_${id}` && reload()),
      client.on("resumed", reload),
    ];
    return () => {
      for (const off of offs) off();
    };
  }, [client, kind, id, reload]);

  const person = kind === "user" ? (fetched.person ?? listed?.person) : undefined;
  const group = kind === "group" ? (fetched.group ?? listed?.group) : undefined;
  return {
    name: person?.name ?? group?.name ?? listed?.name ?? id,
    avatar: person?.avatar ?? group?.icon ?? listed?.avatar,
    person,
    group,
    error: fetched.error,
    reload,
  };
}

/** Whether somebody is there; undefined: not known. */
export function useOnline(uid: string | undefined): boolean | undefined {
  const { presence, conversations } = useShared();
  const told = useSyncExternalStore(presence.subscribe, () =>
    uid ? presence.getSnapshot().get(uid)?.isOnline : undefined,
  );
  const listed = useSyncExternalStore(conversations.subscribe, () => {
    const row =
      uid &&
      conversations.getSnapshot().items.find((item) => item.with.type === "user" && item.with.id === uid);
    return row && "status" in row.entity ? row.entity.status === "online" : undefined;
  });
  if (!uid) return undefined;
  return told ?? listed;
}

/** Since when somebody is away, Unix ms, as far as it was told. */
export function useLeftAt(uid: string | undefined): number | undefined {
  const { presence } = useShared();
  const at = useSyncExternalStore(presence.subscribe, () =>
    uid ? presence.getSnapshot().get(uid)?.at : undefined,
  );
  return at === undefined ? undefined : at * 1000;
}

/** Names of who types there, or in a thread of it. */
export function useTyping(target: Target, parentId?: string): readonly string[] {
  const { client } = useShared();
  const store = useOpened(
    () => openTyping(client, peerFrom(target), { parentId }),
    [client, keyOf(target), parentId],
  );
  const users = useSnapshot(store);
  return useMemo(() => users.map((user) => user.name), [users]);
}

export function useUnreadTotal(): number {
  const { unread } = useShared();
  return useSnapshot(unread).total;
}

export interface Feed {
  /** Oldest first. */
  readonly items: readonly Message[];
  readonly loading: boolean;
  readonly loadingOlder: boolean;
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
  /** Key of the first that is new. */
  readonly unreadFrom?: string;
  readonly error?: string;
  loadOlder(): void;
  loadNewer(): void;
  /** Loads what lies around a message; false: there is no such message any more. */
  jumpTo(id: string): Promise<boolean>;
  jumpToNewest(): void;
  refresh(): void;
}

export function useFeed(target: Target, around?: string): Feed {
  const { client } = useShared();
  const store = useOpened(
    () => openMessages(client, peerFrom(target), { limit: 50, around }),
    [client, keyOf(target)],
  );
  return useFeedOf(store, client.uid);
}

/** The message that a thread is about; `null` until it is there. */
export function useParent(id: string): { wire: WireMessage | null; error?: string; retry(): void } {
  const { client } = useShared();
  const pages = usePages(id, async () => ({ items: [await client.messages.get(id)] }));
  return { wire: pages.items[0] ?? null, error: pages.error, retry: pages.reload };
}

export function useThread(wire: WireMessage): Feed & { readonly parent: Message } {
  const { client } = useShared();
  const store = useOpened(() => openThread(client, wire, { limit: 50 }), [client, wire.id]);
  const feed = useFeedOf(store, client.uid);
  const { parent } = useSnapshot(store);
  return { ...feed, parent: messageOf(parent ?? wire, client.uid) };
}

function useFeedOf(store: ReturnType<typeof openMessages>, me: string): Feed {
  const snapshot = useSnapshot(store);
  const items = useMemo(() => snapshot.items.map((wire) => messageOf(wire, me)), [snapshot.items, me]);
  const unreadFrom = useMemo(
    () => items.find((message) => message.id !== "" && message.id === snapshot.unreadFrom)?.key,
    [items, snapshot.unreadFrom],
  );
  const moves = useMemo(
    () => ({
      loadOlder: () => void store.loadOlder(),
      loadNewer: () => void store.loadNewer(),
      jumpTo: (id: string) => store.jumpTo(id),
      jumpToNewest: () => void store.jumpToNewest(),
      refresh: () => void store.refresh(),
    }),
    [store],
  );
  return {
    items,
    unreadFrom,
    loading: snapshot.isLoading,
    loadingOlder: snapshot.isLoadingOlder,
    hasOlder: snapshot.hasOlder,
    hasNewer: snapshot.hasNewer,
    error: snapshot.error ? problemOf(snapshot.error) : undefined,
    ...moves,
  };
}

/** Tells of each message of others that comes in, with its conversation. */
export function useIncoming(): (told: (conversation: Conversation, message: Message) => void) => () => void {
  const { client, conversations } = useShared();
  const shared = useRef(conversations);
  shared.current = conversations;
  return useCallback(
    (told) =>
      client.on("message", (wire) => {
        const isNews = wire.category === "message" || wire.category === "custom";
        if (!isNews || wire.sender.uid === client.uid) return;
        const row = shared.current.getSnapshot().items.find((item) => item.id === wire.conversationId);
        const message = messageOf(wire, client.uid);
        told(row ? conversationOf(row, client.uid) : begunBy(wire, message), message);
      }),
    [client],
  );
}

/** The conversation of its first message, which the list does not have yet. */
function begunBy(wire: WireMessage, last: Message): Conversation {
  const group =
    wire.receiver.type === "group" && "guid" in wire.receiverEntity
      ? groupOf(wire.receiverEntity)
      : undefined;
  const target: Target = group ? { kind: "group", id: group.guid } : { kind: "user", id: wire.sender.uid };
  const name = group?.name ?? wire.sender.name;
  return {
    id: wire.conversationId,
    target,
    name,
    group,
    last,
    unread: 1,
    unreadMentions: 0,
    pinned: false,
    updatedAt: last.sentAt,
  };
}
