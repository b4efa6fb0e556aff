import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  type HalleyChat,
  openConversations,
  openMessages,
  openTyping,
  openUnread,
  toUser,
} from "../../src/index.js";
import { type Any, clientOf, FakeServer, frameOf, messageOf, type Reply, settingsFor } from "./fake.js";

let server: FakeServer;
let chat: HalleyChat;

beforeEach(async () => {
  vi.useFakeTimers();
  server = new FakeServer();
  chat = await clientOf(server);
  await vi.advanceTimersByTimeAsync(0);
});

afterEach(() => {
  chat.close();
  vi.useRealTimers();
});

const rows = (data: Any[], meta: Any = {}): Reply => ({ body: { data, meta } });

test("a message that comes while its page is on the way is there once, and an edit is not undone", async () => {
  server.answer = (_, path) => {
    if (path !== "/users/bob/messages") return undefined;
    // The page was read before these were told.
    server.socket.tell(frameOf(messageOf(3)));
    const on = { entity: messageOf(2, "bob", "me", { updatedAt: 50, data: { text: "new" } }) };
    const data = { action: "edited", entities: { by: { entity: { uid: "bob" } }, on } };
    server.socket.tell(frameOf(messageOf(4, "bob", "me", { category: "action", type: "message", data })));
    return rows([1, 2].map((at) => messageOf(at)));
  };
  const store = openMessages(chat, toUser("bob"));
  expect(store.getSnapshot().isLoading).toBe(true);
  await vi.advanceTimersByTimeAsync(10);
  expect(store.getSnapshot().items.map(({ text }) => text)).toEqual(["1", "new", "3"]);
  const before = store.getSnapshot();
  server.socket.tell(frameOf(messageOf(3)));
  expect(store.getSnapshot()).toBe(before);
});

test("an own message is there at once, and stays where it is when it is stored and comes live", async () => {
  const store = openMessages(chat, toUser("bob"));
  await vi.advanceTimersByTimeAsync(10);
  const outgoing = chat.messages.sendText(toUser("bob"), "a");
  expect(store.getSnapshot().items).toMatchObject([{ text: "a", state: "sending" }]);
  const stored = await outgoing;
  expect(store.getSnapshot().items).toMatchObject([{ id: stored.id, state: "sent" }]);
  server.socket.tell(frameOf({ ...server.stored[0] }));
  expect(store.getSnapshot().items).toHaveLength(1);
});

test("a window in the past takes nothing new, and goes to the newest when it is asked to", async () => {
  server.answer = (_, path, query) => {
    if (path === "/messages/105") return { body: { data: messageOf(5) } };
    if (path !== "/users/bob/messages") return undefined;
    const [affix, id] = [query.get("affix"), query.get("id")];
    if (affix === "prepend" && id === null)
      return rows(
        [8, 9].map((at) => messageOf(at)),
        { cursor: { id: "108" } },
      );
    return affix === "prepend"
      ? rows([messageOf(3), messageOf(4)], { cursor: { id: "103" } })
      : rows([messageOf(6), messageOf(7)]);
  };
  const store = openMessages(chat, toUser("bob"), { around: "105", limit: 2 });
  await vi.advanceTimersByTimeAsync(10);
  expect(store.getSnapshot().items.map(({ sequence }) => sequence)).toEqual([3, 4, 5, 6, 7]);
  expect(store.getSnapshot().hasNewer).toBe(true);
  server.socket.tell(frameOf(messageOf(10)));
  expect(store.getSnapshot().items).toHaveLength(5);
  await store.jumpToNewest();
  expect(store.getSnapshot()).toMatchObject({ hasNewer: false, hasOlder: true });
  expect(store.getSnapshot().items.map(({ sequence }) => sequence)).toEqual([8, 9]);
});

test("a page that can't be loaded is told, and loaded by the next try", async () => {
  const error = { code: "ERR_UID_NOT_FOUND", message: "no" };
  server.answer = (_, path) =>
    path === "/users/bob/messages" ? { status: 404, body: { error } } : undefined;
  const store = openMessages(chat, toUser("bob"));
  await vi.advanceTimersByTimeAsync(10);
  expect(store.getSnapshot()).toMatchObject({ isLoading: false, error: { code: "ERR_UID_NOT_FOUND" } });
  server.answer = (_, path) => (path === "/users/bob/messages" ? rows([messageOf(1)]) : undefined);
  await store.refresh();
  expect(store.getSnapshot().error).toBeUndefined();
  expect(store.getSnapshot().items).toHaveLength(1);
});

test("a conversation that nobody knew is asked for, once", async () => {
  const conversation = {
    conversationId: "bob_user_me",
    conversationType: "user",
    unreadMessageCount: "3",
    conversationWith: { uid: "bob", name: "Bob" },
    latestMessageId: "103",
  };
  server.answer = (_, path) =>
    path === "/users/bob/conversation" ? { body: { data: conversation } } : undefined;
  const store = openConversations(chat);
  await vi.advanceTimersByTimeAsync(10);
  for (const at of [1, 2, 3]) server.socket.tell(frameOf(messageOf(at)));
  await vi.advanceTimersByTimeAsync(500);
  expect(server.calls.filter(({ path }) => path === "/users/bob/conversation")).toHaveLength(1);
  expect(store.getSnapshot().items).toMatchObject([{ id: "bob_user_me", unreadCount: 3 }]);
  server.socket.tell(frameOf(messageOf(4)));
  expect(store.getSnapshot().items).toMatchObject([{ unreadCount: 4, lastMessage: { text: "4" } }]);
  const read = { action: "read", messageId: "104", user: { uid: "me" }, timestamp: 5 };
  server.socket.tell({ type: "receipts", sender: "me", receiver: "bob", receiverType: "user", body: read });
  expect(store.getSnapshot().items).toMatchObject([{ unreadCount: 0 }]);
  server.socket.tell({ type: "conversation_left", body: { conversationId: "bob_user_me" } });
  expect(store.getSnapshot().items).toEqual([]);
});

test("a conversation that was read before its last message came is asked for again", async () => {
  const at = (latestMessageId: string, tags: string[]) => ({
    conversationId: "bob_user_me",
    conversationType: "user",
    unreadMessageCount: "1",
    conversationWith: { uid: "bob", name: "Bob" },
    latestMessageId,
    tags,
  });
  server.answer = (_, path) =>
    path === "/users/bob/conversation" ? { body: { data: at("102", ["work"]) } } : undefined;
  const store = openConversations(chat);
  await vi.advanceTimersByTimeAsync(10);
  for (const place of [1, 2]) server.socket.tell(frameOf(messageOf(place)));
  await vi.advanceTimersByTimeAsync(500);
  server.calls.length = 0;
  server.socket.tell({ type: "conversation_changed", body: at("101", ["old"]) });
  expect(store.getSnapshot().items).toMatchObject([{ latestMessageId: "102", tags: ["work"] }]);
  await vi.advanceTimersByTimeAsync(500);
  expect(server.calls.filter(({ path }) => path === "/users/bob/conversation")).toHaveLength(1);
  server.socket.tell({ type: "conversation_changed", body: at("102", ["home"]) });
  expect(store.getSnapshot().items).toMatchObject([{ tags: ["home"] }]);
});

test("what the user hides on another device is not shown any more", async () => {
  const store = openMessages(chat, toUser("bob"));
  server.answer = (_, path) =>
    path === "/users/bob/messages" ? rows([messageOf(1), messageOf(2), messageOf(3)]) : undefined;
  await store.refresh();
  const left = { conversationId: "bob_user_me", hiddenBefore: 2 };
  server.socket.tell({ type: "conversation_left", body: { ...left, conversationId: "cem_user_me" } });
  expect(store.getSnapshot().items).toHaveLength(3);
  server.socket.tell({ type: "conversation_left", body: left });
  expect(store.getSnapshot().items).toMatchObject([{ sequence: 3 }]);
});

test("what a moderator keeps from others loses its content at once, and gets it back", async () => {
  server.answer = (_, path) =>
    path === "/users/bob/messages" ? rows([messageOf(1), messageOf(2)]) : undefined;
  const store = openMessages(chat, toUser("bob"));
  await store.refresh();
  const told = (updatedAt: number, data: Any) =>
    server.socket.tell({ type: "message_moderated", body: messageOf(1, "bob", "me", { updatedAt, data }) });
  told(60, { moderation: { status: "disapproved" } });
  expect(store.getSnapshot().items[0]).toMatchObject({ moderation: "disapproved", attachments: [] });
  expect(store.getSnapshot().items[0]?.text).toBeUndefined();
  told(61, { text: "1", moderation: { status: "approved" } });
  expect(store.getSnapshot().items[0]).toMatchObject({ moderation: "approved", text: "1" });
});

test("a refetch loads what is shown anew", async () => {
  const store = openMessages(chat, toUser("bob"));
  await vi.advanceTimersByTimeAsync(10);
  server.answer = (_, path) => (path === "/users/bob/messages" ? rows([messageOf(1)]) : undefined);
  server.refetch = true;
  server.socket.drop(4000);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(store.getSnapshot().items).toHaveLength(1);
});

test("what is said between the first page and the first socket is not missed", async () => {
  chat.close();
  chat = await clientOf(server, settingsFor(server).connection("manual").build());
  let stored = [messageOf(1)];
  server.answer = (_, path) => (path === "/users/bob/messages" ? rows(stored) : undefined);
  const store = openMessages(chat, toUser("bob"));
  await vi.advanceTimersByTimeAsync(10);
  expect(store.getSnapshot().items).toHaveLength(1);
  stored = [messageOf(1), messageOf(2)];
  chat.connect();
  await vi.advanceTimersByTimeAsync(10);
  expect(store.getSnapshot().items).toHaveLength(2);
});

test("a window in the past stays where it is when it is loaded anew", async () => {
  let text = "old";
  server.answer = (_, path, query) => {
    if (path === "/messages/105") return { body: { data: messageOf(5, "bob", "me", { data: { text } }) } };
    if (path !== "/users/bob/messages") return undefined;
    return query.get("affix") === "prepend" ? rows([messageOf(4)], { cursor: {} }) : rows([messageOf(6)]);
  };
  const store = openMessages(chat, toUser("bob"), { around: "105", limit: 1 });
  await vi.advanceTimersByTimeAsync(10);
  text = "new";
  server.refetch = true;
  server.socket.drop(4000);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(store.getSnapshot().items.map((item) => item.text)).toEqual(["4", "new", "6"]);
  expect(store.getSnapshot().hasNewer).toBe(true);
});

test("who types is forgotten when nothing more is heard, and when the socket is gone", async () => {
  const store = openTyping(chat, toUser("bob"));
  const typing = (action: string) =>
    server.socket.tell({
      type: "typing_indicator",
      sender: "bob",
      receiver: "me",
      receiverType: "user",
      body: { action, user: { uid: "bob" } },
    });
  typing("started");
  expect(store.getSnapshot()).toMatchObject([{ uid: "bob" }]);
  await vi.advanceTimersByTimeAsync(46_000);
  expect(store.getSnapshot()).toEqual([]);
  typing("started");
  server.socket.drop(1006);
  await vi.advanceTimersByTimeAsync(0);
  expect(store.getSnapshot()).toEqual([]);
});

test("who types in a thread types in no other place", async () => {
  const [room, thread] = [toUser("bob"), toUser("bob")].map((peer, at) =>
    openTyping(chat, peer, at === 1 ? { parentId: "101" } : {}),
  );
  const typing = (action: string, metadata?: Any) =>
    server.socket.tell({
      type: "typing_indicator",
      sender: "bob",
      receiver: "me",
      receiverType: "user",
      body: { action, user: { uid: "bob" }, ...(metadata && { metadata }) },
    });
  const shown = () => [room?.getSnapshot().length, thread?.getSnapshot().length];
  typing("started", { parentId: "101" });
  expect(shown()).toEqual([0, 1]);
  typing("started");
  expect(shown()).toEqual([1, 0]);
  typing("ended");
  expect(shown()).toEqual([0, 0]);
  chat.typing.start(toUser("bob"), { parentId: "101" });
  chat.typing.start(toUser("bob"));
  const told = server.socket.sent.filter(({ type }) => type === "typing_indicator").map(({ body }) => body);
  expect(told).toEqual([
    { action: "started", metadata: { parentId: "101" } },
    { action: "ended", metadata: { parentId: "101" } },
    { action: "started" },
  ]);
});

test("own typing is told once, again after a while, and ends by itself", async () => {
  const told = () =>
    server.socket.sent
      .filter(({ type }) => type === "typing_indicator")
      .map(({ body }) => (body as Any).action);
  for (let at = 0; at < 16; at++) {
    chat.typing.start(toUser("bob"));
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(told()).toEqual(["started", "started"]);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(told()).toEqual(["started", "started", "ended"]);
});

test("receipts of one moment are one, of the newest message", async () => {
  const heard = [1, 2, 3].map((at) => messageOf(at));
  chat.on("message", (message) => chat.receipts.read(message));
  for (const message of heard) server.socket.tell(frameOf(message));
  await vi.advanceTimersByTimeAsync(1_000);
  const told = server.socket.sent.filter(({ type }) => type === "receipts");
  expect(told).toMatchObject([{ receiver: "bob", body: { action: "read", messageId: "103" } }]);
});

test("unread counts are those of the server, and what comes is added", async () => {
  server.answer = (_, path, query) =>
    path === "/messages" && query.get("count") === "1"
      ? rows([{ entityType: "user", entityId: "bob", count: 2 }])
      : undefined;
  const store = openUnread(chat);
  await vi.advanceTimersByTimeAsync(10);
  expect(store.getSnapshot().total).toBe(2);
  server.socket.tell(frameOf(messageOf(1)));
  server.socket.tell(frameOf(messageOf(2, "cat")));
  expect(Object.fromEntries(store.getSnapshot().byPeer)).toEqual({ "user:bob": 3, "user:cat": 1 });
  store.close();
  server.socket.tell(frameOf(messageOf(3)));
  expect(store.getSnapshot().total).toBe(4);
});
