import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { HalleyChat, HalleyError, SettingsBuilder, toGroup } from "../../src/index.js";
import { clientOf, FakeServer, messageOf, settingsFor } from "./fake.js";

let server: FakeServer;
let chat: HalleyChat;

beforeEach(async () => {
  vi.useFakeTimers();
  server = new FakeServer();
  chat = await clientOf(server, settingsFor(server).connection("manual").build());
});

afterEach(() => {
  chat.close();
  vi.useRealTimers();
});

test("a refusal has the server's code, details and time", async () => {
  const details = { limit: ["is too large"] };
  const error = { code: "ERR_BAD_REQUEST", message: "no", details };
  server.answer = () => ({ status: 400, body: { error }, retryAfter: 3 });
  const thrown = await chat.users.get("x").catch((reason: unknown) => reason);
  expect(thrown).toBeInstanceOf(HalleyError);
  expect(thrown).toMatchObject({
    code: "ERR_BAD_REQUEST",
    status: 400,
    details,
    retryAfterMs: 3_000,
    isRetryable: false,
  });
  expect(JSON.parse(JSON.stringify(thrown))).toMatchObject({ code: "ERR_BAD_REQUEST", status: 400 });
});

test("a read is tried again when that may help, and a change is not", async () => {
  const busy = { status: 503, body: { error: { code: "ERR_SERVICE_UNAVAILABLE", message: "busy" } } };
  let asked = 0;
  server.answer = () => (++asked % 3 === 0 ? { body: { data: { uid: "x" } } } : busy);
  const read = chat.users.get("x");
  await vi.advanceTimersByTimeAsync(5_000);
  expect((await read).uid).toBe("x");
  expect(asked).toBe(3);
  await expect(chat.groups.leave("g")).rejects.toMatchObject({ status: 503, isRetryable: true });
  expect(asked).toBe(4);
});

test("a server that can't be reached is told from one that refuses", async () => {
  server.isDown = true;
  const read = expect(chat.groups.leave("g")).rejects.toMatchObject({
    code: "SDK_NETWORK",
    status: 0,
    isNetwork: true,
  });
  await vi.advanceTimersByTimeAsync(0);
  await read;
});

test("an answer that is no JSON is a fault that is told", async () => {
  server.answer = () => undefined;
  const settings = settingsFor(server)
    .fetch(async () => new Response("<html>", { status: 502 }))
    .build();
  const other = new HalleyChat(settings);
  await expect(other.login({ authToken: "t" })).rejects.toMatchObject({ status: 502, isRetryable: true });
});

test("a dead auth token ends the login, whatever asked", async () => {
  const error = { code: "AUTH_ERR_AUTH_TOKEN_NOT_FOUND", message: "dead" };
  const ended = chat.once("logout");
  server.answer = () => ({ status: 401, body: { error } });
  await expect(chat.groups.get("g")).rejects.toMatchObject({ isLoggedOut: true });
  expect(await ended).toEqual({ reason: "tokenRevoked" });
  expect(() => chat.uid).toThrow();
});

test("a wrong token at login is refused and logs nobody out", async () => {
  const error = { code: "AUTH_ERR_AUTH_TOKEN_NOT_FOUND", message: "wrong" };
  server.answer = () => ({ status: 401, body: { error } });
  await expect(chat.login({ authToken: "other" })).rejects.toMatchObject({ status: 401 });
  expect(chat.user?.uid).toBe("me");
});

test("filters are asked for by the server's names", async () => {
  const { messages, users, conversations } = chat;
  await messages
    .list({ with: toGroup("G"), types: ["image", "video"], hasLinks: true, search: "a b", limit: 5 })
    .fetchPrevious();
  await users.list({ search: "an", status: "online", hideBlocked: true }).fetchNext();
  await conversations.list({ type: "group", pinnedBy: ["me"] }).fetchNext();
  const [, first, second, third] = server.calls;
  expect(first?.path).toBe("/groups/g/messages");
  expect(Object.fromEntries(first?.query ?? [])).toMatchObject({
    types: "image,video",
    hasLinks: "1",
    searchKey: "a b",
    affix: "prepend",
    limit: "5",
  });
  expect(Object.fromEntries(second?.query ?? [])).toMatchObject({
    searchKey: "an",
    status: "available",
    hideBlockedUsers: "1",
  });
  expect(Object.fromEntries(third?.query ?? [])).toMatchObject({ conversationType: "group", pinnedBy: "me" });
});

test("numbered pages are walked on and back", async () => {
  server.answer = (_, path, query) => {
    if (path !== "/users") return undefined;
    const page = Number(query.get("page"));
    return { body: { data: [{ uid: `u${page}` }], meta: { pagination: { total_pages: 3 } } } };
  };
  const all = [];
  for await (const { uid } of chat.users.list({ limit: 1 })) all.push(uid);
  expect(all).toEqual(["u1", "u2", "u3"]);
  const pager = chat.users.list({ limit: 1 });
  expect((await pager.fetchPrevious()).length).toBe(0);
  await pager.fetchNext();
  await pager.fetchNext();
  expect((await pager.fetchPrevious()).map(({ uid }) => uid)).toEqual(["u1"]);
  expect(pager.hasPrevious).toBe(false);
  expect((await pager.fetchNext()).map(({ uid }) => uid)).toEqual(["u2"]);
});

test("two pages that are asked for at once are two pages", async () => {
  server.answer = (_, path, query) => {
    if (path !== "/users/bob/messages") return undefined;
    const before = Number(query.get("id") ?? 107) - 100;
    const data = [before - 2, before - 1].filter((at) => at > 0).map((at) => messageOf(at));
    return { body: { data, meta: before > 3 ? { cursor: { id: "x" } } : {} } };
  };
  const pager = chat.messages.list({ with: { type: "user", id: "bob" }, limit: 2 });
  const pages = await Promise.all([
    pager.fetchPrevious(),
    pager.fetchPrevious(),
    pager.fetchPrevious(),
    pager.fetchPrevious(),
  ]);
  expect(pages.map((page) => page.map(({ sequence }) => sequence))).toEqual([[5, 6], [3, 4], [1, 2], []]);
});

test("settings that can't be used are refused when they are made", () => {
  expect(() => new SettingsBuilder("chat.example.com", "app")).toThrow(/http/);
  expect(() => new SettingsBuilder("https://chat.example.com", " ").build()).toThrow(/app id/);
  expect(new SettingsBuilder("https://h/v3/", "app").build().host).toBe("https://h");
});
