import { IDBFactory } from "fake-indexeddb";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { HalleyChat, indexedDbStorage, type Message, memoryStorage, toUser } from "../../src/index.js";
import { type Any, clientOf, FakeServer, settingsFor } from "./fake.js";

const bob = toUser("bob");
const busy = { status: 429, body: { error: { code: "ERR_TOO_MANY_REQUESTS", message: "busy" } } };
const refused = { status: 403, body: { error: { code: "ERR_BLOCKED_SENDER", message: "no" } } };

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

const texts = (of: FakeServer) => of.stored.map(({ data }) => (data as Any).text);

describe("the outbox", () => {
  test("a message goes over the socket while there is one, else over HTTP", async () => {
    await chat.messages.sendText(bob, "a");
    expect(server.calls.filter(({ path }) => path === "/messages")).toHaveLength(0);
    chat.disconnect();
    const sent = await chat.messages.sendText(bob, "b");
    expect(server.calls.filter(({ path }) => path === "/messages")).toHaveLength(1);
    expect(sent).toMatchObject({ id: "102", text: "b", state: "sent" });
    await chat.messages.sendText(bob, "x".repeat(70_000));
    expect(texts(server)).toHaveLength(3);
  });

  test("what is sent while the server is away waits, and keeps its order", async () => {
    server.isDown = true;
    server.socket.drop(1006);
    await vi.advanceTimersByTimeAsync(0);
    const states: string[] = [];
    chat.on("outgoing", ({ text, state }) => states.push(`${text} ${state}`));
    const all = ["a", "b", "c"].map((text) => chat.messages.sendText(bob, text));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(chat.outbox.messages().map(({ text, state }) => [text, state])).toEqual([
      ["a", "sending"],
      ["b", "sending"],
      ["c", "sending"],
    ]);
    server.isDown = false;
    await vi.advanceTimersByTimeAsync(60_000);
    await Promise.all(all);
    expect(texts(server)).toEqual(["a", "b", "c"]);
    expect(states).toEqual(["a sending", "b sending", "c sending", "a sent", "b sent", "c sent"]);
  });

  test("a busy server is tried again after its time, with the same muid", async () => {
    const muids: unknown[] = [];
    chat.disconnect();
    server.decide = ({ muid }) => {
      muids.push(muid);
      return muids.length < 3 ? { ...busy, retryAfter: 7 } : undefined;
    };
    const outgoing = chat.messages.sendText(bob, "a");
    await vi.advanceTimersByTimeAsync(13_000);
    expect(muids).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1_100);
    await outgoing;
    expect(new Set(muids)).toEqual(new Set([outgoing.muid]));
  });

  test("what its socket left unanswered is sent again, and stored once", async () => {
    let isFirst = true;
    server.decide = (body) => {
      if (!isFirst) return undefined;
      isFirst = false;
      server.store(body);
      return "away";
    };
    const outgoing = chat.messages.sendText(bob, "a");
    await vi.advanceTimersByTimeAsync(5_000);
    expect((await outgoing).text).toBe("a");
    expect(texts(server)).toEqual(["a"]);
  });

  test("a refusal is told, keeps nothing behind it, and can be tried again or thrown away", async () => {
    server.decide = ({ data }) => ((data as Any).text === "bad" ? refused : undefined);
    const outgoing = chat.messages.sendText(bob, "bad");
    const other = chat.messages.sendText(bob, "good");
    await expect(outgoing).rejects.toMatchObject({ code: "ERR_BLOCKED_SENDER", status: 403 });
    await other;
    expect(chat.outbox.messages()).toMatchObject([
      { text: "bad", state: "failed", error: { code: "ERR_BLOCKED_SENDER" } },
    ]);
    server.decide = () => undefined;
    const stored = chat.once("outgoing", ({ state }) => state === "sent");
    chat.outbox.retry(outgoing.muid);
    expect((await stored).text).toBe("bad");
    expect(chat.outbox.messages()).toEqual([]);
    server.decide = () => refused;
    const gone = chat.messages.sendText(bob, "worse");
    await expect(gone).rejects.toThrow();
    chat.outbox.discard(gone.muid);
    expect(chat.outbox.messages()).toEqual([]);
  });

  test("a server that always fails is given up in the end", async () => {
    chat.disconnect();
    server.decide = () => ({ status: 500, body: { error: { code: "ERR_EXCEPTION", message: "broken" } } });
    const outgoing = chat.messages.sendText(bob, "a");
    const fate = expect(outgoing).rejects.toMatchObject({ code: "ERR_EXCEPTION" });
    await vi.advanceTimersByTimeAsync(600_000);
    await fate;
  });

  test("what waits can be taken back", async () => {
    server.isDown = true;
    server.socket.drop(1006);
    await vi.advanceTimersByTimeAsync(0);
    const [first, second] = [chat.messages.sendText(bob, "a"), chat.messages.sendText(bob, "b")];
    await vi.advanceTimersByTimeAsync(100);
    second.cancel();
    first.cancel();
    await expect(first).rejects.toMatchObject({ code: "SDK_CANCELLED" });
    await expect(second).rejects.toMatchObject({ code: "SDK_CANCELLED" });
    server.isDown = false;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(texts(server)).toEqual([]);
  });

  test.each([
    ["memory", () => memoryStorage()],
    ["IndexedDB", () => indexedDbStorage("test", new IDBFactory())],
  ])("what is not sent survives a reload, in its order, with %s", async (_, make) => {
    vi.useRealTimers();
    const settings = settingsFor(server).storage(make()).timings({ backoffFirst: 5, backoffMax: 10 }).build();
    const first = await clientOf(server, settings);
    server.isDown = true;
    first.disconnect();
    for (const text of ["a", "b", "c"]) first.messages.sendText(bob, text);
    await new Promise((resolve) => setTimeout(resolve, 50));
    first.close();
    server.isDown = false;
    const second = new HalleyChat(settings);
    const sent: (string | undefined)[] = [];
    const all = new Promise<void>((resolve) => {
      second.on("outgoing", ({ text, state }) => {
        if (state === "sent" && sent.push(text) === 3) resolve();
      });
    });
    await second.restore();
    await all;
    expect(sent).toEqual(["a", "b", "c"]);
    expect(texts(server)).toEqual(["a", "b", "c"]);
    second.close();
    const third = new HalleyChat(settings);
    await third.restore();
    expect(third.outbox.messages()).toEqual([]);
    third.close();
  });

  test("a logout throws away what was not sent", async () => {
    const storage = memoryStorage();
    const one = await clientOf(server, settingsFor(server).storage(storage).connection("manual").build());
    server.decide = () => "away";
    one.messages.sendText(bob, "a");
    await vi.advanceTimersByTimeAsync(10);
    expect(await storage.keys("halley:app:outbox")).toHaveLength(1);
    await one.logout();
    expect(await storage.keys("halley:app:outbox")).toHaveLength(0);
    expect(await storage.keys("halley:app:session")).toHaveLength(0);
  });

  test("whatever fails in between, each conversation's messages are stored once and in order", async () => {
    const plan = fc.record({
      sends: fc.array(fc.constantFrom("ann", "bob", "cat"), { minLength: 1, maxLength: 12 }),
      fates: fc.array(fc.constantFrom("ok", "busy", "broken", "lost", "storedAndLost"), { maxLength: 30 }),
    });
    await fc.assert(
      fc.asyncProperty(plan, async ({ sends, fates }) => {
        const of = new FakeServer();
        const fate = [...fates];
        of.decide = (body) => {
          const next = fate.shift() ?? "ok";
          if (next === "storedAndLost") of.store(body);
          if (next === "ok") return undefined;
          if (next === "busy") return busy;
          return next === "broken" ? { status: 503, body: { error: { code: "X", message: "x" } } } : "away";
        };
        const client = await clientOf(of);
        await vi.advanceTimersByTimeAsync(0);
        const sent: Message[] = [];
        sends.forEach((uid, at) => {
          void client.messages.sendText(toUser(uid), `${at}`).then((message) => sent.push(message));
        });
        await vi.advanceTimersByTimeAsync(900_000);
        for (const uid of new Set(sends)) {
          const stored = of.stored
            .filter(({ receiver }) => receiver === uid)
            .map(({ data }) => (data as Any).text);
          expect(stored).toEqual(sends.flatMap((to, at) => (to === uid ? [`${at}`] : [])));
        }
        expect(sent).toHaveLength(sends.length);
        client.close();
      }),
      { numRuns: 40 },
    );
  });
});
