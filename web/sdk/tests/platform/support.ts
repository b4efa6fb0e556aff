import { sharedPlatform, timed } from "@halley-chat/testkit";
import WebSocket from "ws";
import { HalleyChat, type HalleyEvents, SettingsBuilder, type Store } from "../../src/index.js";

const WAIT_MS = 30_000;

export const platform = sharedPlatform();

let made = 0;

/** A new user of the demo app. */
export async function newUser(name: string): Promise<{ uid: string; authToken: string }> {
  made += 1;
  const uid = `${name}-${process.pid}-${made}`;
  const { appId, restApiKey } = platform.demo;
  const answer = await fetch(`${platform.rest}/v3/users`, {
    method: "POST",
    headers: { appid: appId, apikey: restApiKey, "content-type": "application/json" },
    body: JSON.stringify({ uid, name, withAuthToken: true }),
  });
  const { data } = (await answer.json()) as { data: { authToken: string } };
  return { uid, authToken: data.authToken };
}

/** Settings for Node.js, with short waits. */
export function settingsOf(rest = platform.rest): SettingsBuilder {
  return new SettingsBuilder(rest, platform.demo.appId)
    .webSocket(WebSocket)
    .timings({ backoffFirst: 50, backoffMax: 1_000 });
}

/** A new user who is logged in, with a socket. */
export async function newChat(name: string, builder = settingsOf()): Promise<HalleyChat> {
  const chat = new HalleyChat(builder.build());
  await loggedIn(chat, (await newUser(name)).authToken);
  return chat;
}

/** Logs in and waits for the socket. */
export async function loggedIn(chat: HalleyChat, authToken: string): Promise<void> {
  const resumed = next(chat, "resumed");
  await chat.login({ authToken });
  await resumed;
}

/** The next event of a kind that fits. */
export function next<K extends keyof HalleyEvents>(
  chat: HalleyChat,
  kind: K,
  fits?: (event: HalleyEvents[K]) => boolean,
): Promise<HalleyEvents[K]> {
  return timed(chat.once(kind, fits), WAIT_MS, `no ${kind}`);
}

/** Waits until a store shows something. */
export function shows<T>(store: Store<T>, fits: (snapshot: T) => boolean): Promise<T> {
  const found = new Promise<T>((resolve) => {
    const look = () => {
      if (!fits(store.getSnapshot())) return;
      off();
      resolve(store.getSnapshot());
    };
    const off = store.subscribe(look);
    look();
  });
  return timed(found, WAIT_MS, "the store does not show it").catch((error: unknown) => {
    throw new Error(`${String(error)}: ${JSON.stringify(store.getSnapshot()).slice(0, 2_000)}`);
  });
}
