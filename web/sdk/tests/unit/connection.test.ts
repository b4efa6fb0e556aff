import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { HalleyChat } from "../../src/index.js";
import { type Any, clientOf, FakeServer, frameOf, messageOf, settingsFor } from "./fake.js";

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

const bodyOf = (socket: { sent: Any[] }) => socket.sent[0]?.body as Any;

test("the first frame proves the login, and the state follows", () => {
  expect(chat.connection).toBe("connected");
  expect(server.socket.url).toBe("ws://server:80/ws:");
  expect(server.socket.sent[0]).toMatchObject({
    type: "auth",
    appId: "app",
    sender: "me",
    body: { auth: "jwt" },
  });
  expect(bodyOf(server.socket).resume).toBeUndefined();
});

test("a socket that is lost comes back, and says where it left off", async () => {
  server.socket.tell(frameOf(messageOf(7)));
  const states: string[] = [];
  chat.on("connection", (state) => states.push(state));
  server.socket.drop(1006);
  await vi.advanceTimersByTimeAsync(0);
  expect(chat.connection).toBe("disconnected");
  await vi.advanceTimersByTimeAsync(500);
  expect(states).toEqual(["disconnected", "connecting", "connected"]);
  expect(bodyOf(server.socket).resume).toEqual({ token: "t1", positions: { bob_user_me: 7 } });
});

test("waits grow while the server is away, and a network that is back ends them", async () => {
  server.isDown = true;
  server.socket.drop(1006);
  await vi.advanceTimersByTimeAsync(120_000);
  const tries = server.sockets.length;
  expect(tries).toBeGreaterThan(6);
  expect(tries).toBeLessThan(20);
  server.isDown = false;
  chat.enterForeground();
  await vi.advanceTimersByTimeAsync(0);
  expect(chat.connection).toBe("connected");
});

test("a server that sends its sockets away says when to be back, and not before", async () => {
  server.socket.tell({ type: "hint", body: { action: "reconnect", delayMs: 7_000 } });
  server.socket.drop(1001);
  await vi.advanceTimersByTimeAsync(6_999);
  chat.enterForeground();
  await vi.advanceTimersByTimeAsync(0);
  expect(server.sockets).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(chat.connection).toBe("connected");
});

test.each([1006, 1001, 1013, 4000, 4001, 4002])("a close by %i says: come back", async (code) => {
  server.socket.drop(code);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(server.sockets).toHaveLength(2);
  expect(server.calls).toHaveLength(1);
});

test("a session that is refused is renewed with the same auth token", async () => {
  server.socket.drop(4101);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(server.calls.map(({ method, path }) => `${method} ${path}`)).toEqual(["PUT /me", "PUT /me"]);
  expect(chat.connection).toBe("connected");
});

test("a session whose auth token is dead ends, and nothing comes back", async () => {
  const error = { code: "AUTH_ERR_AUTH_TOKEN_NOT_FOUND", message: "dead" };
  server.answer = () => ({ status: 401, body: { error } });
  const logout = chat.once("logout");
  server.socket.drop(4101);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await logout).toEqual({ reason: "tokenRevoked" });
  expect(chat.user).toBeUndefined();
  expect(server.sockets).toHaveLength(1);
});

test("a socket that does not answer pings is given up", async () => {
  await vi.advanceTimersByTimeAsync(31_000);
  expect(server.socket.sent.filter(({ action }) => action === "ping")).toHaveLength(2);
  server.answersPings = false;
  await vi.advanceTimersByTimeAsync(22_000);
  expect(server.sockets).toHaveLength(2);
});

test("what the server told of nobody by the old token is fetched: the app hears of it", async () => {
  const resumed: unknown[] = [];
  chat.on("resumed", (event) => resumed.push(event));
  server.refetch = true;
  server.socket.tell(frameOf(messageOf(7)));
  server.socket.drop(4000);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(resumed).toEqual([{ refetch: true, untoldReceiptsOf: [] }]);
  server.socket.drop(1006);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(bodyOf(server.socket).resume).toEqual({ token: "t2", positions: {} });
});

test("a manual connection waits for its word, and a closed one stays closed", async () => {
  chat.close();
  const manual = await clientOf(server, settingsFor(server).connection("manual").build());
  await vi.advanceTimersByTimeAsync(1_000);
  expect(manual.connection).toBe("disconnected");
  manual.connect();
  await vi.advanceTimersByTimeAsync(0);
  expect(manual.connection).toBe("connected");
  manual.disconnect();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(manual.connection).toBe("disconnected");
  manual.close();
});

test("in the background a socket has 30 s, and as long again from each ping", async () => {
  chat.close();
  chat = await clientOf(server, settingsFor(server).background("close").build());
  await vi.advanceTimersByTimeAsync(0);
  chat.enterBackground();
  await vi.advanceTimersByTimeAsync(20_000);
  chat.ping();
  await vi.advanceTimersByTimeAsync(29_000);
  expect(chat.connection).toBe("connected");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(chat.connection).toBe("disconnected");
  chat.enterForeground();
  await vi.advanceTimersByTimeAsync(0);
  expect(chat.connection).toBe("connected");
});
