import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { HalleyChat } from "../../src/index.js";
import { clientOf, FakeServer, frameOf, messageOf } from "./fake.js";

let server: FakeServer;
let chat: HalleyChat;
let heard: (number | undefined)[];

beforeEach(async () => {
  vi.useFakeTimers();
  server = new FakeServer();
  chat = await clientOf(server);
  await vi.advanceTimersByTimeAsync(0);
  heard = [];
  chat.on("message", ({ sequence }) => heard.push(sequence));
});

afterEach(() => {
  chat.close();
  vi.useRealTimers();
});

const tell = (...sequences: number[]) => {
  for (const sequence of sequences) server.socket.tell(frameOf(messageOf(sequence)));
};

test("a gap is filled from the history, in order", async () => {
  server.answer = (method, path, query) => {
    if (path !== "/users/bob/messages") return undefined;
    expect([method, query.get("sequence"), query.get("affix"), query.get("withSequence")]).toEqual([
      "GET",
      "1",
      "append",
      "1",
    ]);
    return { body: { data: [2, 3, 4].map((n) => messageOf(n)), meta: {} } };
  };
  tell(1, 4, 5);
  expect(heard).toEqual([1]);
  await vi.advanceTimersByTimeAsync(0);
  expect(heard).toEqual([1, 2, 3, 4, 5]);
});

test("a gap is asked for again while the server is busy, and given up with a word of it", async () => {
  let asked = 0;
  server.answer = (_, path) => {
    if (path !== "/users/bob/messages") return undefined;
    asked += 1;
    return { status: 503, body: { error: { code: "ERR_SERVICE_UNAVAILABLE", message: "busy" } } };
  };
  const resumed: unknown[] = [];
  chat.on("resumed", (event) => resumed.push(event));
  tell(1, 3);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(asked).toBeGreaterThan(5);
  expect(heard).toEqual([1, 3]);
  expect(resumed).toEqual([{ refetch: true, untoldReceiptsOf: [] }]);
});

test("a gap that is open when the socket ends is told by the next one", async () => {
  server.answer = (_, path) => (path === "/users/bob/messages" ? "away" : undefined);
  tell(1, 3);
  server.missed = [frameOf(messageOf(2)), frameOf(messageOf(3))];
  server.socket.drop(1006);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(heard).toEqual([1, 2, 3]);
});

test("an edit is told of as a change of the message, and a call as a call", async () => {
  const changes: unknown[] = [];
  chat.on("messageChanged", ({ change, message }) => changes.push([change, message.id, message.text]));
  const on = {
    entity: messageOf(1, "bob", "me", { data: { text: "new" }, editedAt: 9 }),
    entityType: "message",
  };
  const data = { action: "edited", entities: { by: { entity: { uid: "bob" } }, on } };
  server.socket.tell(frameOf(messageOf(2, "bob", "me", { category: "action", type: "message", data })));
  expect(changes).toEqual([["edited", "101", "new"]]);
  const calls: unknown[] = [];
  chat.on("call", ({ call }) => calls.push([call.sessionId, call.status]));
  const entity = { sessionid: "s", status: "initiated", sender: "bob", receiver: "me", receiverType: "user" };
  const call = { action: "initiated", entities: { on: { entity, entityType: "call" } } };
  server.socket.tell(frameOf(messageOf(3, "bob", "me", { category: "call", type: "audio", data: call })));
  expect(calls).toEqual([["s", "initiated"]]);
});

test("frames that can't be read do no harm", () => {
  for (const frame of [
    {},
    { type: "message" },
    { type: "receipts", body: {} },
    { type: "new_thing", body: 1 },
  ]) {
    server.socket.tell(frame);
  }
  tell(1);
  expect(heard).toEqual([1]);
});

test("a listener hears of others' messages, and one of the same id replaces it", () => {
  const [first, second] = [vi.fn(), vi.fn()];
  chat.addListener("a", { onTextMessage: first });
  chat.addListener("a", { onTextMessage: second });
  tell(1);
  server.socket.tell(frameOf(messageOf(2, "me", "bob", { data: { text: "mine", resource: chat.deviceId } })));
  expect(first).not.toHaveBeenCalled();
  expect(second).toHaveBeenCalledTimes(1);
  chat.removeListener("a");
  tell(3);
  expect(second).toHaveBeenCalledTimes(1);
});

test("events are walked in their order", async () => {
  const walk = chat.events("message", "typing");
  const first = walk.next();
  tell(1);
  server.socket.tell({
    type: "typing_indicator",
    sender: "bob",
    receiver: "me",
    receiverType: "user",
    body: { action: "started", user: { uid: "bob" } },
  });
  expect((await first).value).toMatchObject({ kind: "message", event: { sequence: 1 } });
  expect((await walk.next()).value).toMatchObject({
    kind: "typing",
    event: { isTyping: true, peer: { id: "bob" } },
  });
  await walk.return();
});
