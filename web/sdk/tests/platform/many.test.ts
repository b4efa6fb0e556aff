import { afterEach, describe, expect, test } from "vitest";
import { type HalleyChat, toUser } from "../../src/index.js";
import { playScenario } from "./play.js";
import { newChat, platform, settingsOf } from "./support.js";

const WAIT_MS = 30_000;
const COUNT = 20;

describe("many processes", () => {
  const open: HalleyChat[] = [];
  /** A user at one of the two edges, whose socket is at the gateway of the same number. */
  const chatAt = async (node: number, name: string) => {
    const chat = await newChat(name, settingsOf(platform.rests[node]));
    open.push(chat);
    return chat;
  };

  afterEach(() => {
    for (const chat of open.splice(0)) chat.close();
  });

  test("every device hears the same story", () => playScenario());

  test("who loses a gateway hears everything when it is back, each once and in order", async () => {
    const [ann, bob] = [await chatAt(0, "ann"), await chatAt(1, "bob")];
    const heard: (string | undefined)[] = [];
    bob.on("message", ({ text }) => heard.push(text));
    const send = (from: number, to: number) =>
      Promise.all(texts(from, to).map((text) => ann.messages.sendText(toUser(bob.uid), text)));
    const first = send(0, COUNT / 2);
    await platform.command("kill realtime-gateway-2");
    await first;
    await send(COUNT / 2, COUNT);
    await platform.command("restart realtime-gateway-2");
    await expect.poll(() => heard, { timeout: WAIT_MS }).toEqual(texts(0, COUNT));
  });

  test("what is sent while the service that stores it is restarted is stored once, in order", async () => {
    const [ann, bob] = [await chatAt(0, "ann"), await chatAt(1, "bob")];
    const sent = texts(0, COUNT).map((text) => ann.messages.sendText(toUser(bob.uid), text));
    await platform.command("kill messaging-1");
    await platform.command("kill messaging-2");
    await platform.command("restart messaging-1");
    await platform.command("restart messaging-2");
    await Promise.all(sent);
    const stored: (string | undefined)[] = [];
    for await (const { text } of bob.messages.list({ with: toUser(ann.uid), limit: 7 })) stored.unshift(text);
    expect(stored).toEqual(texts(0, COUNT));
  });
});

function texts(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, at) => `${from + at}`);
}
