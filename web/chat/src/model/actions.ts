import type { Chat, Draft, NewGroup, Page } from "./chat";
import { conversationOf, groupOf, memberOf, messageOf, peerFrom, personOf } from "./map";
import type { Client, Receiver } from "./sdk";
import type { Conversation, MediaKind, Message, Target } from "./types";

interface Pager<T> {
  readonly hasNext: boolean;
  readonly hasPrevious: boolean;
  fetchNext(): Promise<T[]>;
  fetchPrevious(): Promise<T[]>;
}

async function forward<T, V>(pager: Pager<T>, view: (row: T) => V): Promise<Page<V>> {
  const items = (await pager.fetchNext()).map(view);
  return { items, more: pager.hasNext ? () => forward(pager, view) : undefined };
}

/** Newest first: messages are found from the end, and each page has its oldest first. */
async function backward<T, V>(pager: Pager<T>, view: (row: T) => V): Promise<Page<V>> {
  const items = (await pager.fetchPrevious()).map(view).reverse();
  return { items, more: pager.hasPrevious ? () => backward(pager, view) : undefined };
}

export function mediaKind(file: File): MediaKind {
  const kinds: readonly MediaKind[] = ["image", "video", "audio"];
  return kinds.find((kind) => file.type.startsWith(`${kind}/`)) ?? "file";
}

/** Files of one kind go together in one message. */
function byKind(files: readonly File[]): [MediaKind, File[]][] {
  const kinds = new Map<MediaKind, File[]>();
  for (const file of files) {
    const kind = mediaKind(file);
    kinds.set(kind, [...(kinds.get(kind) ?? []), file]);
  }
  return [...kinds];
}

/** Lower-case letters and digits of the name, and enough chance that nobody else has it. */
function guidFrom(name: string): string {
  const readable = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 40);
  const chance = crypto
    .getRandomValues(new Uint32Array(2))
    .reduce((text, word) => text + word.toString(36), "");
  return `${readable || "group"}-${chance}`;
}

/** A send or a receipt that fails is told by the stores, or by the next one. */
function inBackground(work: PromiseLike<unknown>): void {
  Promise.resolve(work).catch(() => undefined);
}

type Conversations = Pick<Chat, "markRead" | "markUnread" | "pinConversation" | "hideConversation">;
type Messages = Pick<
  Chat,
  | "send"
  | "retry"
  | "discard"
  | "edit"
  | "remove"
  | "react"
  | "pin"
  | "save"
  | "flagReasons"
  | "flag"
  | "readers"
  | "reactors"
  | "typing"
  | "searchMessages"
  | "searchAll"
  | "pinned"
  | "saved"
>;
type People = Pick<Chat, "people" | "person" | "blocked" | "block" | "updateMe" | "logout">;
type Groups = Pick<
  Chat,
  | "groups"
  | "group"
  | "createGroup"
  | "joinGroup"
  | "leaveGroup"
  | "updateGroup"
  | "deleteGroup"
  | "members"
  | "banned"
  | "addMembers"
  | "kick"
  | "ban"
  | "unban"
  | "setScope"
  | "transfer"
>;

export type Actions = Conversations & Messages & People & Groups;

function conversations(client: Client, newestOf: (target: Target) => string | undefined): Conversations {
  return {
    markRead: (target) => inBackground(client.conversations.markRead(peerFrom(target))),
    async markUnread(target, message) {
      const from = message?.id ?? newestOf(target);
      if (from) await client.conversations.markUnread(peerFrom(target), from);
    },
    async pinConversation(target, on) {
      await (on ? client.conversations.pin(peerFrom(target)) : client.conversations.unpin(peerFrom(target)));
    },
    async hideConversation(target) {
      await client.conversations.delete(peerFrom(target));
    },
  };
}

function send(client: Client, peer: Receiver, { text, files, parentId, quoted }: Draft): void {
  const place = { parentId, quotedMessageId: quoted?.id };
  if (files.length === 0) {
    inBackground(client.messages.sendText(peer, text, place));
    return;
  }
  for (const [at, [type, some]] of byKind(files).entries()) {
    // The words go with the first.
    const caption = at === 0 && text ? text : undefined;
    inBackground(client.messages.sendMedia(peer, some, { ...place, type, caption }));
  }
}

function messages(client: Client, me: string): Messages {
  const view = (wire: Parameters<typeof messageOf>[0]) => messageOf(wire, me);
  const list = (query: Parameters<typeof client.messages.list>[0]): Promise<Page<Message>> =>
    backward(client.messages.list(query), view);
  return {
    send: (target, draft) => send(client, peerFrom(target), draft),
    retry: (message) => inBackground(Promise.resolve(client.outbox.retry(message.key))),
    discard: (message) => inBackground(Promise.resolve(client.outbox.discard(message.key))),
    async edit(message, text) {
      await client.messages.edit(message.id, { text });
    },
    async remove(message) {
      await client.messages.delete(message.id);
    },
    async react(message, reaction, on) {
      await (on
        ? client.messages.react(message.id, reaction)
        : client.messages.unreact(message.id, reaction));
    },
    async pin(message, on) {
      await (on ? client.messages.pin(message.id) : client.messages.unpin(message.id));
    },
    async save(message, on) {
      await (on ? client.messages.save(message.id) : client.messages.unsave(message.id));
    },
    flagReasons: () => client.server?.flagReasons ?? [],
    async flag(message, reason, remark) {
      await client.messages.flag(message.id, reason, remark || undefined);
    },
    async readers(message) {
      const receipts = await client.messages.receipts(message.id);
      const at = (field: "readAt" | "deliveredAt") =>
        receipts.flatMap((receipt) => {
          const seconds = receipt[field];
          return seconds ? [{ person: personOf(receipt.recipient), at: seconds * 1000 }] : [];
        });
      return { read: at("readAt"), delivered: at("deliveredAt") };
    },
    reactors: (message, reaction) =>
      forward(client.messages.reactions(message.id, reaction), ({ user, reactedAt }) => ({
        person: personOf(user),
        at: reactedAt * 1000,
      })),
    typing(target, on, parentId) {
      if (on) client.typing.start(peerFrom(target), parentId ? { parentId } : undefined);
      else client.typing.stop(peerFrom(target));
    },
    searchMessages: (target, search) => list({ with: peerFrom(target), search, hideDeleted: true }),
    searchAll: (search) => list({ search, hideDeleted: true, categories: ["message", "custom"] }),
    pinned: (target) => list({ with: peerFrom(target), pinned: true }),
    saved: () => list({ saved: true }),
  };
}

function people(client: Client): People {
  return {
    people: (search) => forward(client.users.list({ search: search || undefined }), personOf),
    async person(uid) {
      return personOf(await client.users.get(uid));
    },
    blocked: () => forward(client.users.blocked({ direction: "blockedByMe" }), personOf),
    async block(uid, on) {
      await (on ? client.users.block([uid]) : client.users.unblock([uid]));
    },
    async updateMe({ name, avatar, statusMessage }) {
      await client.users.updateMe({ name, avatar, statusMessage });
    },
    async logout() {
      await client.logout();
    },
  };
}

async function createGroup(client: Client, { name, description, type, password, members }: NewGroup) {
  const group = await client.groups.create({
    guid: guidFrom(name),
    name,
    type,
    description: description || undefined,
    password: type === "password" ? password : undefined,
    members: members.length > 0 ? { participants: [...members] } : undefined,
  });
  return groupOf(group);
}

function groups(client: Client): Groups {
  return {
    groups: (search) => forward(client.groups.list({ search: search || undefined }), groupOf),
    async group(guid) {
      return groupOf(await client.groups.get(guid));
    },
    createGroup: (group) => createGroup(client, group),
    async joinGroup(group, password) {
      await client.groups.join(group.guid, group.type === "password" ? password : undefined);
    },
    leaveGroup: async (guid) => void (await client.groups.leave(guid)),
    async updateGroup(guid, { name, icon, description }) {
      await client.groups.update(guid, { name, icon, description });
    },
    deleteGroup: async (guid) => void (await client.groups.delete(guid)),
    members: (guid, search) =>
      forward(client.groups.members(guid, { search: search || undefined }), memberOf),
    banned: (guid) => forward(client.groups.banned(guid), personOf),
    async addMembers(guid, uids) {
      const answers = await client.groups.addMembers(guid, { participants: [...uids] });
      const refused = Object.values(answers).find((answer) => answer !== undefined);
      if (refused) throw refused;
    },
    kick: async (guid, uid) => void (await client.groups.kick(guid, uid)),
    ban: async (guid, uid) => void (await client.groups.ban(guid, uid)),
    unban: async (guid, uid) => void (await client.groups.unban(guid, uid)),
    setScope: async (guid, uid, scope) => void (await client.groups.setScope(guid, uid, scope)),
    transfer: async (guid, uid) => void (await client.groups.transfer(guid, uid)),
  };
}

export function actionsOf(client: Client, newestOf: (target: Target) => string | undefined): Actions {
  return {
    ...conversations(client, newestOf),
    ...messages(client, client.uid),
    ...people(client),
    ...groups(client),
  };
}

/** Conversations by the name of the other end. */
export function searchConversations(client: Client, search: string): Promise<Page<Conversation>> {
  return forward(client.conversations.list({ search, withBlockedInfo: true }), (row) =>
    conversationOf(row, client.uid),
  );
}
