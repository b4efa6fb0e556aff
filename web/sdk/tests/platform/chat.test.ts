import { afterEach, expect, test } from "vitest";
import {
  type HalleyChat,
  HalleyError,
  openConversations,
  openMembers,
  openMessages,
  openThread,
  openTyping,
  openUnread,
  toGroup,
  toUser,
} from "../../src/index.js";
import { newChat, newUser, next, platform, settingsOf, shows } from "./support.js";

const open: { close(): void }[] = [];
const keep = <T extends { close(): void }>(chat: T): T => {
  open.push(chat);
  return chat;
};
const chatOf = async (name: string): Promise<HalleyChat> => keep(await newChat(name));

afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

test("a text goes from one to the other, and comes back delivered and read", async () => {
  const [ann, bob] = [await chatOf("ann"), await chatOf("bob")];
  const [atAnn, atBob] = [keep(openMessages(ann, toUser(bob.uid))), keep(openMessages(bob, toUser(ann.uid)))];
  await shows(atBob, ({ isLoading }) => !isLoading);
  const outgoing = ann.messages.sendText(toUser(bob.uid), "hello");
  expect(outgoing.message).toMatchObject({ id: "", text: "hello", state: "sending" });
  const sent = await outgoing;
  expect(sent).toMatchObject({ text: "hello", state: "sent", muid: outgoing.muid });
  expect(sent.id).not.toBe("");
  const got = await shows(atBob, ({ items }) => items.length === 1);
  expect(got.items[0]).toMatchObject({ id: sent.id, text: "hello" });
  await shows(atAnn, ({ items }) => items[0]?.deliveredAt !== undefined);
  const [message] = got.items;
  if (message) bob.receipts.read(message);
  const read = await shows(atAnn, ({ items }) => items[0]?.readAt !== undefined);
  expect(read.items).toHaveLength(1);
});

test("a conversation's list and its counts are kept true", async () => {
  const [ann, bob] = [await chatOf("ann"), await chatOf("bob")];
  const [list, unread] = [keep(openConversations(bob)), keep(openUnread(bob))];
  await shows(list, ({ isLoading }) => !isLoading);
  const first = await ann.messages.sendText(toUser(bob.uid), "one");
  await shows(list, ({ items }) => items[0]?.lastMessage?.text === "one");
  const last = await ann.messages.sendText(toUser(bob.uid), "two");
  await shows(list, ({ items }) => items[0]?.unreadCount === 2 && items[0].lastMessage?.text === "two");
  await shows(unread, ({ total }) => total === 2);
  bob.receipts.read(last);
  await shows(list, ({ items }) => items[0]?.unreadCount === 0);
  await shows(unread, ({ total }) => total === 0);
  await bob.conversations.markUnread(toUser(ann.uid), first.id);
  await shows(list, ({ items }) => items[0]?.unreadCount === 1);
  await bob.conversations.pin(toUser(ann.uid));
  await shows(list, ({ items }) => items[0]?.pinnedAt !== undefined);
  await bob.conversations.unpin(toUser(ann.uid));
  await shows(list, ({ items }) => items[0]?.pinnedAt === undefined);
  await ann.messages.edit(last.id, { text: "two!" });
  await shows(list, ({ items }) => items[0]?.lastMessage?.text === "two!");
});

test("edits, reactions, pins, saves and deletions are seen by both", async () => {
  const [ann, bob] = [await chatOf("ann"), await chatOf("bob")];
  const { id } = await ann.messages.sendText(toUser(bob.uid), "hello", { tags: ["t"], metadata: { k: 1 } });
  const [atAnn, atBob] = [keep(openMessages(ann, toUser(bob.uid))), keep(openMessages(bob, toUser(ann.uid)))];
  await shows(atAnn, ({ items }) => items.length === 1);
  await shows(atBob, ({ items }) => items.length === 1);
  const edited = await ann.messages.edit(id, { text: "hello!" });
  expect(edited.text).toBe("hello!");
  await shows(atBob, ({ items }) => items[0]?.text === "hello!" && items[0].editedAt !== undefined);
  await bob.messages.react(id, "👍");
  const reacted = await shows(atAnn, ({ items }) => items[0]?.reactions.length === 1);
  expect(reacted.items[0]?.reactions).toEqual([{ reaction: "👍", count: 1, reactedByMe: false }]);
  await shows(atBob, ({ items }) => items[0]?.reactions[0]?.reactedByMe === true);
  await ann.messages.react(id, "👍");
  await shows(atBob, ({ items }) => items[0]?.reactions[0]?.count === 2 && items[0].reactions[0].reactedByMe);
  const people = [];
  for await (const reaction of bob.messages.reactions(id)) people.push(reaction.user.uid);
  expect(people.sort()).toEqual([ann.uid, bob.uid].sort());
  await bob.messages.unreact(id, "👍");
  await shows(atAnn, ({ items }) => items[0]?.reactions[0]?.count === 1);
  await bob.messages.pin(id);
  await shows(atAnn, ({ items }) => items[0]?.pinnedAt !== undefined);
  expect(await ann.messages.list({ with: toUser(bob.uid), pinned: true }).fetchPrevious()).toHaveLength(1);
  await bob.messages.unpin(id);
  await shows(atAnn, ({ items }) => items[0]?.pinnedAt === undefined);
  await bob.messages.save(id);
  await shows(atBob, ({ items }) => items[0]?.savedAt !== undefined);
  await bob.messages.unsave(id);
  await shows(atBob, ({ items }) => items[0]?.savedAt === undefined);
  await ann.messages.delete(id);
  const deleted = await shows(atBob, ({ items }) => items[0]?.deletedAt !== undefined);
  expect(deleted.items).toHaveLength(1);
  expect(deleted.items[0]?.text).toBeUndefined();
});

test("a thread has its replies, and its parent counts them", async () => {
  const [ann, bob] = [await chatOf("ann"), await chatOf("bob")];
  const parent = await ann.messages.sendText(toUser(bob.uid), "topic");
  const [main, thread] = [keep(openMessages(bob, toUser(ann.uid))), keep(openThread(bob, parent))];
  await shows(main, ({ items }) => items.length === 1);
  await shows(thread, ({ isLoading }) => !isLoading);
  await ann.messages.sendText(toUser(bob.uid), "reply", { parentId: parent.id });
  await shows(thread, ({ items }) => items.length === 1 && items[0]?.text === "reply");
  const counted = await shows(main, ({ items }) => items[0]?.replyCount === 1);
  expect(counted.items).toHaveLength(1);
  const threads = await bob.messages.threads({ with: toUser(ann.uid) }).fetchNext();
  expect(threads[0]?.lastReply?.text).toBe("reply");
});

test("a group, its members and what becomes of them", async () => {
  const [ann, bob, cat] = [await chatOf("ann"), await chatOf("bob"), await chatOf("cat")];
  const guid = `g-${ann.uid}`;
  const group = await ann.groups.create({ guid, name: "Room", type: "public" });
  expect(group).toMatchObject({ guid, owner: ann.uid, hasJoined: true });
  const members = keep(openMembers(ann, guid));
  await shows(members, ({ items }) => items.length === 1);
  const joined = await bob.groups.join(guid);
  expect(joined.hasJoined).toBe(true);
  await shows(members, ({ items }) => items.length === 2);
  expect(
    await ann.groups.addMembers(guid, { moderators: [cat.uid], participants: ["nobody-there"] }),
  ).toMatchObject({
    [cat.uid]: undefined,
    "nobody-there": { code: "ERR_UID_NOT_FOUND" },
  });
  await shows(members, ({ items }) => items.length === 3);
  await ann.groups.setScope(guid, bob.uid, "admin");
  await shows(members, ({ items }) => items.find(({ uid }) => uid === bob.uid)?.scope === "admin");
  const kicked = next(cat, "membership", ({ kind, on }) => kind === "kicked" && on.uid === cat.uid);
  await ann.groups.kick(guid, cat.uid);
  await kicked;
  await shows(members, ({ items }) => items.length === 2);
  const renamed = next(bob, "group", ({ change }) => change === "updated");
  await ann.groups.update(guid, { name: "Hall" });
  expect((await renamed).group.name).toBe("Hall");
  const typing = keep(openTyping(ann, toGroup(guid)));
  bob.typing.start(toGroup(guid));
  await shows(typing, (users) => users[0]?.uid === bob.uid);
  bob.typing.stop(toGroup(guid));
  await shows(typing, (users) => users.length === 0);
  const note = next(ann, "transient");
  bob.typing.transient(toGroup(guid), { wave: true });
  expect((await note).data).toEqual({ wave: true });
});

test("a history is walked to both of its ends", async () => {
  const [ann, bob] = [await chatOf("ann"), await chatOf("bob")];
  const peer = toUser(bob.uid);
  const sent = [];
  for (let at = 0; at < 23; at++) sent.push(await ann.messages.sendText(peer, `${at}`));
  const ids = sent.map(({ id }) => id);
  const back = [];
  for await (const { id } of ann.messages.list({ with: peer, limit: 5 })) back.push(id);
  expect(back).toEqual(ids.toReversed());
  const on = [];
  for await (const { id } of ann.messages.list({ with: peer, limit: 5, after: ids[3] ?? "" })) on.push(id);
  expect(on).toEqual(ids.slice(4));
  const window = keep(openMessages(bob, toUser(ann.uid), { limit: 5, around: ids[11] ?? "" }));
  await shows(window, ({ isLoading }) => !isLoading);
  expect(window.getSnapshot().items.map(({ text }) => text)).toEqual([
    "6",
    "7",
    "8",
    "9",
    "10",
    "11",
    "12",
    "13",
    "14",
    "15",
    "16",
  ]);
  expect(window.getSnapshot()).toMatchObject({ hasOlder: true, hasNewer: true });
  while (window.getSnapshot().hasOlder) await window.loadOlder();
  while (window.getSnapshot().hasNewer) await window.loadNewer();
  expect(window.getSnapshot().items.map(({ id }) => id)).toEqual(ids);
  expect(await window.jumpTo("999999999")).toBe(false);
});

test("files go up and come down", async () => {
  const [ann, bob] = [await chatOf("ann"), await chatOf("bob")];
  const blob = new Blob(["some text"], { type: "text/plain" });
  const shares: number[] = [];
  const sent = await ann.messages.sendMedia(toUser(bob.uid), [{ name: "a.txt", blob }], {
    caption: "look",
    onProgress: (share) => shares.push(share),
  });
  expect(sent).toMatchObject({ type: "file", text: "look" });
  expect(shares.at(-1)).toBe(1);
  const url = sent.attachments[0]?.url ?? "";
  expect(await (await fetch(url)).text()).toBe("some text");
});

test("a refusal is told with its code, and the message can be tried again", async () => {
  const [ann, bob] = [await chatOf("ann"), await chatOf("bob")];
  await bob.users.block([ann.uid]);
  const window = keep(openMessages(ann, toUser(bob.uid)));
  const outgoing = ann.messages.sendText(toUser(bob.uid), "hello");
  await expect(outgoing).rejects.toBeInstanceOf(HalleyError);
  await shows(
    window,
    ({ items }) => items[0]?.state === "failed" && items[0].error?.code === "ERR_BLOCKED_SENDER",
  );
  expect(await bob.users.blocked().fetchNext()).toMatchObject([{ uid: ann.uid, blockedByMe: true }]);
  await bob.users.unblock([ann.uid]);
  ann.outbox.retry(outgoing.muid);
  await shows(window, ({ items }) => items.length === 1 && items[0]?.state === "sent");
  // It may come over the socket before its own answer.
  await expect.poll(() => ann.outbox.messages(), { timeout: 10_000 }).toEqual([]);
});

test("a device that was away is told what it missed, each once and in order", async () => {
  const [ann, bob] = [await chatOf("ann"), await chatOf("bob")];
  const peer = toUser(bob.uid);
  const { id } = await ann.messages.sendText(peer, "0");
  const window = keep(openMessages(bob, toUser(ann.uid)));
  await shows(window, ({ items }) => items.length === 1);
  const heard: string[] = [];
  bob.on("message", ({ text, category }) => category === "message" && heard.push(text ?? ""));
  bob.disconnect();
  for (const text of ["1", "2", "3"]) await ann.messages.sendText(peer, text);
  await ann.messages.edit(id, { text: "0!" });
  const resumed = next(bob, "resumed");
  bob.connect();
  expect(await resumed).toEqual({ refetch: false, untoldReceiptsOf: [] });
  await shows(window, ({ items }) => items.map(({ text }) => text).join() === "0!,1,2,3");
  await ann.messages.sendText(peer, "4");
  await shows(window, ({ items }) => items.length === 5);
  expect(heard).toEqual(["1", "2", "3", "4"]);
});

test("a login is taken up again, and a revoked one ends", async () => {
  const { uid, authToken } = await newUser("dan");
  const builder = settingsOf();
  const first = keep(
    await import("../../src/index.js").then(({ HalleyChat }) => new HalleyChat(builder.build())),
  );
  expect(await first.restore()).toBeUndefined();
  expect((await first.login({ authToken })).uid).toBe(uid);
  first.close();
  const { HalleyChat } = await import("../../src/index.js");
  const second = keep(new HalleyChat(builder.build()));
  const connected = next(second, "connection", (state) => state === "connected");
  expect((await second.restore())?.uid).toBe(uid);
  await connected;
  const ended = next(second, "logout");
  const { appId, restApiKey } = platform.demo;
  await fetch(`${platform.rest}/v3/users/${uid}/auth_tokens`, {
    method: "DELETE",
    headers: { appid: appId, apikey: restApiKey },
  });
  expect(await ended).toEqual({ reason: "tokenRevoked" });
  expect(second.user).toBeUndefined();
  const third = keep(new HalleyChat(builder.build()));
  expect(await third.restore()).toBeUndefined();
});

test("a call rings, is answered and ends on both sides", async () => {
  const [ann, bob] = [await chatOf("ann"), await chatOf("bob")];
  const rings = next(bob, "call", ({ call }) => call.status === "initiated");
  const { call } = await ann.calls.initiate(toUser(bob.uid), "audio");
  expect((await rings).call).toMatchObject({
    sessionId: call.sessionId,
    type: "audio",
    initiator: { uid: ann.uid },
  });
  const answered = next(ann, "call", ({ call: told }) => told.status === "ongoing");
  await bob.calls.accept(call.sessionId);
  expect((await answered).by.uid).toBe(bob.uid);
  const peers = next(bob, "callSignal", ({ action }) => action === "peers");
  ann.signalCall({ action: "join", sessionId: call.sessionId });
  await next(ann, "callSignal", ({ action }) => action === "peers");
  bob.signalCall({ action: "join", sessionId: call.sessionId });
  expect((await peers).body.peers).toMatchObject([{ uid: ann.uid }]);
  const over = next(bob, "call", ({ call: told }) => told.status === "ended");
  await ann.calls.end(call.sessionId);
  await over;
  const [logged] = await ann.calls.list().fetchNext();
  expect(logged).toMatchObject({ sessionId: call.sessionId, status: "ended" });
});
