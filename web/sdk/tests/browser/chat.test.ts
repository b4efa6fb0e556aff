import { join } from "node:path";
import { launchBrowser, openPage, type Site, serveSite } from "@halley-chat/testkit";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type * as Sdk from "../../src/index.js";
import { newUser, platform } from "../platform/support.js";

/** What the test's scripts leave in the page. */
interface InPage {
  sdk: typeof Sdk;
  chat: Sdk.HalleyChat;
  session: Sdk.CallSession;
  heard: string[];
}

const here = new URL(".", import.meta.url).pathname;
const dist = join(here, "../../dist");
let browser: Browser;
let site: Site;
const ends: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const { rest, websockets: sockets } = platform;
  const folders = { "/sdk/": dist, "/page/": join(here, "page") };
  [site, browser] = await Promise.all([serveSite({ folders, rest, sockets }), launchBrowser()]);
});

afterAll(async () => {
  for (const end of ends.reverse()) await end();
  await browser?.close();
  await site?.stop();
});

interface Login {
  readonly uid: string;
  readonly authToken: string;
}

/** A page in which a user is logged in, with the state kept in IndexedDB. */
async function pageOf(user: Login, page?: Page) {
  const opened = page === undefined ? await openPage(browser) : undefined;
  const shown = page ?? (opened as NonNullable<typeof opened>).page;
  if (opened !== undefined) ends.push(() => opened.context.close());
  await shown.goto(`${site.url}/page/`);
  await shown.evaluate(
    async ({ appId, authToken }) => {
      const here = globalThis as unknown as InPage;
      const { HalleyChat, SettingsBuilder, indexedDbStorage } = here.sdk;
      const builder = new SettingsBuilder(location.origin, appId)
        .presence("all")
        .storage(indexedDbStorage())
        .cache();
      here.chat = new HalleyChat(builder.timings({ backoffFirst: 100, backoffMax: 500 }).build());
      here.heard = [];
      here.chat.on("message", ({ text }) => here.heard.push(text ?? ""));
      // What is sent before its first socket nobody is told of.
      const resumed = here.chat.once("resumed");
      if ((await here.chat.restore()) === undefined) await here.chat.login({ authToken });
      await resumed;
    },
    { appId: platform.demo.appId, authToken: user.authToken },
  );
  return { page: shown, faults: opened?.faults ?? [], context: shown.context() };
}

const hears = (page: Page, text: string) =>
  page.waitForFunction((wanted) => (globalThis as unknown as InPage).heard.includes(wanted), text);

test("a page under the edge's policy sends text and files, with their progress", async () => {
  const [ann, bob] = [await newUser("ann"), await newUser("bob")];
  const [atAnn, atBob] = [await pageOf(ann), await pageOf(bob)];
  const sent = await atAnn.page.evaluate(async (uid) => {
    const { chat, sdk } = globalThis as unknown as InPage;
    const shares: number[] = [];
    const file = new File(["x".repeat(300_000)], "a.txt", { type: "text/plain" });
    const onProgress = (share: number) => shares.push(share);
    const message = await chat.messages.sendMedia(sdk.toUser(uid), [file], { caption: "look", onProgress });
    const size = (await (await fetch(message.attachments[0]?.url ?? "")).blob()).size;
    return { type: message.type, size, last: shares.at(-1) };
  }, bob.uid);
  expect(sent).toEqual({ type: "file", size: 300_000, last: 1 });
  await hears(atBob.page, "look");
  expect([...atAnn.faults, ...atBob.faults]).toEqual([]);
});

test("what is sent without a network goes out when it is back, also after a reload", async () => {
  const [ann, bob] = [await newUser("ann"), await newUser("bob")];
  const [atAnn, atBob] = [await pageOf(ann), await pageOf(bob)];
  const send = (page: Page, text: string) =>
    page.evaluate(
      ({ uid, text }) => {
        const { chat, sdk } = globalThis as unknown as InPage;
        chat.messages.sendText(sdk.toUser(uid), text);
      },
      { uid: bob.uid, text },
    );
  await send(atAnn.page, "0");
  await hears(atBob.page, "0");
  await atAnn.context.setOffline(true);
  await atAnn.page.evaluate(() => (globalThis as unknown as InPage).chat.disconnect());
  for (const text of ["1", "2"]) await send(atAnn.page, text);
  await atAnn.page.evaluate(() => (globalThis as unknown as InPage).chat.connect());
  await atAnn.context.setOffline(false);
  await hears(atBob.page, "2");
  // The API is cut off, so that what is sent outlives the page.
  await atAnn.page.route("**/v3/**", (route) => route.abort());
  await atAnn.page.evaluate(() => (globalThis as unknown as InPage).chat.disconnect());
  for (const text of ["3", "4"]) await send(atAnn.page, text);
  const kept = () => (globalThis as unknown as InPage).chat.outbox.messages().length;
  expect(await atAnn.page.evaluate(kept)).toBe(2);
  await atAnn.page.reload();
  await atAnn.page.unroute("**/v3/**");
  await pageOf(ann, atAnn.page);
  await hears(atBob.page, "4");
  const heard = await atBob.page.evaluate(() => (globalThis as unknown as InPage).heard);
  expect(heard).toEqual(["0", "1", "2", "3", "4"]);
});

test("an app opens with its last state before the server has answered", async () => {
  const [ann, bob] = [await newUser("ann"), await newUser("bob")];
  const atAnn = await pageOf(ann);
  await atAnn.page.evaluate(async (uid) => {
    const { chat, sdk } = globalThis as unknown as InPage;
    await chat.messages.sendText(sdk.toUser(uid), "kept");
    const { storage } = chat.settings;
    const messages = sdk.openMessages(chat, sdk.toUser(uid));
    const list = sdk.openConversations(chat);
    const isKept = async () => {
      const keys = await storage.keys(`halley:${chat.settings.appId}:cache:`);
      return keys.length === 2 && ((await storage.get(keys[1] ?? "")) as unknown[]).length === 1;
    };
    while (!(await isKept())) await new Promise((resolve) => setTimeout(resolve, 50));
    messages.close();
    list.close();
  }, bob.uid);
  await atAnn.page.reload();
  await atAnn.page.route("**/v3/**", () => {});
  await pageOf(ann, atAnn.page);
  const shown = await atAnn.page.evaluate(async (uid) => {
    const { chat, sdk } = globalThis as unknown as InPage;
    const [messages, list] = [sdk.openMessages(chat, sdk.toUser(uid)), sdk.openConversations(chat)];
    const isShown = () => messages.getSnapshot().items.length === 1 && list.getSnapshot().items.length === 1;
    while (!isShown()) await new Promise((resolve) => setTimeout(resolve, 20));
    return [messages.getSnapshot().items[0]?.text, list.getSnapshot().items[0]?.lastMessage?.text];
  }, bob.uid);
  expect(shown).toEqual(["kept", "kept"]);
});

test("two devices of a call hear and see each other", async () => {
  const [ann, bob] = [await newUser("ann"), await newUser("bob")];
  const [atAnn, atBob] = [await pageOf(ann), await pageOf(bob)];
  const rings = atBob.page.evaluate(async () => {
    const { chat } = globalThis as unknown as InPage;
    const { call } = await chat.once("call", (event) => event.call.status === "initiated");
    return call.sessionId;
  });
  const sessionId = await atAnn.page.evaluate(async (uid) => {
    const here = globalThis as unknown as InPage;
    const { call } = await here.chat.calls.initiate(here.sdk.toUser(uid), "video");
    return call.sessionId;
  }, bob.uid);
  expect(await rings).toBe(sessionId);
  const start = (page: Page, isCalled: boolean) =>
    page.evaluate(
      async ({ sessionId, isCalled }) => {
        const here = globalThis as unknown as InPage;
        if (isCalled) await here.chat.calls.accept(sessionId);
        here.session = await here.sdk.CallSession.start(here.chat, sessionId, { video: true });
      },
      { sessionId, isCalled },
    );
  await start(atAnn.page, false);
  await start(atBob.page, true);
  const isConnected = () => {
    const [peer] = (globalThis as unknown as InPage).session.getSnapshot().peers;
    return peer?.state === "connected" && peer.stream.getTracks().length === 2;
  };
  await atAnn.page.waitForFunction(isConnected);
  await atBob.page.waitForFunction(isConnected);
  await atAnn.page.evaluate(async () => {
    const { chat, session } = globalThis as unknown as InPage;
    session.leave();
    await chat.calls.end(session.sessionId);
  });
  await atBob.page.waitForFunction(
    () => (globalThis as unknown as InPage).session.getSnapshot().state === "ended",
  );
  expect([...atAnn.faults, ...atBob.faults]).toEqual([]);
});
