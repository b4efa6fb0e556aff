import { readFile } from "node:fs/promises";
import { expect } from "vitest";
import { HalleyChat as Chat } from "../../src/client.js";
import { type HalleyChat, type Message, type Receiver, toGroup, toUser } from "../../src/index.js";
import { loggedIn, newUser, next, platform, settingsOf } from "./support.js";

interface Step {
  readonly device: string;
  readonly do: string;
  readonly [key: string]: string;
}

interface Scenario {
  readonly users: readonly string[];
  readonly devices: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
  readonly transcripts: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  readonly histories: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

const scenario = JSON.parse(await readFile(new URL("../scenario.json", import.meta.url), "utf8")) as Scenario;
const WAIT_MS = 30_000;

/** Plays the scenario with this package's client. */
class Play {
  readonly #chats = new Map<string, HalleyChat>();
  readonly #uids = new Map<string, string>();
  readonly #messages = new Map<string, Message>();
  readonly heard: Record<string, Record<string, string[]>> = {};

  constructor(private readonly suffix: string) {}

  chat(device: string): HalleyChat {
    const found = this.#chats.get(device);
    if (found === undefined) throw new Error(`no device ${device}`);
    return found;
  }

  enter(device: string, user: string, chat: HalleyChat): void {
    this.#chats.set(device, chat);
    this.#uids.set(user, chat.uid);
    this.heard[device] = {};
    chat.on("message", (message) => this.#hear(device, message));
  }

  async take(step: Step): Promise<void> {
    const chat = this.chat(step.device);
    const field = (name: string) => step[name] ?? "";
    const guid = `${field("group")}${this.suffix}`;
    const uid = this.#uids.get(field("user")) ?? "";
    const id = this.#messages.get(field("message"))?.id ?? "";
    const acts: Record<string, () => Promise<unknown>> = {
      createGroup: () => chat.groups.create({ guid, name: field("group"), type: "public" }),
      add: () => chat.groups.addMembers(guid, { participants: [uid] }),
      join: () => chat.groups.join(guid),
      leave: () => chat.groups.leave(guid),
      kick: () => chat.groups.kick(guid, uid),
      setScope: () => chat.groups.setScope(guid, uid, field("scope") as "moderator"),
      send: () => this.#send(chat, step),
      refused: async () => {
        const outgoing = chat.messages.sendText(this.#peer(field("to")), field("text"));
        await expect(outgoing).rejects.toMatchObject({ code: field("code") });
        chat.outbox.discard(outgoing.muid);
      },
      edit: () => chat.messages.edit(id, { text: field("text") }),
      delete: () => chat.messages.delete(id),
      react: () => chat.messages.react(id, field("reaction")),
      unreact: () => chat.messages.unreact(id, field("reaction")),
      read: () => chat.conversations.markRead(this.#peer(field("peer")), id),
      away: async () => chat.disconnect(),
      back: async () => {
        const resumed = next(chat, "resumed");
        chat.connect();
        expect((await resumed).refetch).toBe(false);
      },
    };
    const act = acts[step.do];
    if (act === undefined) throw new Error(`no step ${step.do}`);
    await act();
  }

  /** What a user's list of messages shows. */
  async history(device: string, conversation: string): Promise<string[]> {
    const peer = this.#peerOf(this.chat(device), conversation);
    const rows: Message[] = [];
    const pager = this.chat(device).messages.list({ with: peer, categories: ["message"], limit: 2 });
    for await (const row of pager) rows.unshift(row);
    return rows.map((row) => {
      const marks = [
        row.deletedAt !== undefined ? "(deleted)" : (row.text ?? ""),
        row.editedAt !== undefined && row.deletedAt === undefined ? "(edited)" : "",
        ...row.reactions.map(({ reaction, count }) => `${reaction}${count}`),
        row.replyCount > 0 ? `replies=${row.replyCount}` : "",
      ];
      return `${this.#name(row.sender.uid)}: ${marks.filter((mark) => mark !== "").join(" ")}`;
    });
  }

  close(): void {
    for (const chat of this.#chats.values()) chat.close();
  }

  async #send(chat: HalleyChat, step: Step): Promise<void> {
    const parentId = this.#messages.get(step.thread ?? "")?.id;
    const options = parentId === undefined ? {} : { parentId };
    const message = await chat.messages.sendText(this.#peer(step.to ?? ""), step.text ?? "", options);
    this.#messages.set(step.as ?? "", message);
  }

  #peer(named: string): Receiver {
    const [kind, name = ""] = named.split(":");
    return kind === "group"
      ? toGroup(`${name}${this.suffix}`)
      : toUser(this.#uids.get(name) ?? `${name}${this.suffix}`);
  }

  #peerOf(chat: HalleyChat, conversation: string): Receiver {
    const names = conversation.split("+");
    const other = names.find((name) => this.#uids.get(name) !== chat.uid) ?? "";
    return names.length === 2 ? this.#peer(`user:${other}`) : this.#peer(`group:${conversation}`);
  }

  #name(uid: string): string {
    return [...this.#uids].find(([, known]) => known === uid)?.[0] ?? uid;
  }

  #named(id: string): string {
    return [...this.#messages].find(([, known]) => known.id === id)?.[0] ?? id;
  }

  #hear(device: string, message: Message): void {
    const between = [message.sender.uid, message.receiver.id].map((uid) => this.#name(uid)).sort();
    const group = message.receiver.id.slice(0, -this.suffix.length);
    const conversation = message.receiver.type === "group" ? group : between.join("+");
    const heard = this.heard[device] ?? {};
    heard[conversation] = [...(heard[conversation] ?? []), this.#line(message)];
  }

  #line(message: Message): string {
    const { action, sender, parentId, text, deletedAt } = message;
    const by = this.#name(sender.uid);
    if (action === undefined) {
      const on = parentId === undefined ? "" : ` on ${this.#named(parentId)}`;
      return `${by}${on}: ${deletedAt === undefined ? text : "(deleted)"}`;
    }
    if ("message" in action) {
      const about = this.#named(action.message.id);
      return action.kind === "edited"
        ? `${by} edited ${about}: ${action.message.text}`
        : `${by} deleted ${about}`;
    }
    const on = this.#name(action.on.uid);
    if (action.kind === "joined" || action.kind === "left") return `${on} ${action.kind}`;
    return action.kind === "scopeChanged"
      ? `${by} made ${on} a ${action.newScope}`
      : `${by} ${action.kind} ${on}`;
  }
}

let plays = 0;

/** Plays the scenario, its devices spread over the edges of the platform, and compares what they heard. */
export async function playScenario(): Promise<void> {
  plays += 1;
  const play = new Play(`-${process.pid}-${plays}`);
  const tokens = new Map<string, string>();
  for (const user of scenario.users) tokens.set(user, (await newUser(user)).authToken);
  const { rests } = platform;
  try {
    for (const [at, [device, user]] of Object.entries(scenario.devices).entries()) {
      const chat = new Chat(settingsOf(rests[at % rests.length]).build());
      await loggedIn(chat, tokens.get(user) ?? "");
      play.enter(device, user, chat);
    }
    for (const step of scenario.steps) await play.take(step);
    await expect.poll(() => play.heard, { timeout: WAIT_MS }).toEqual(scenario.transcripts);
    for (const [user, histories] of Object.entries(scenario.histories)) {
      const device = Object.entries(scenario.devices).find(([, of]) => of === user)?.[0] ?? "";
      for (const [conversation, lines] of Object.entries(histories)) {
        expect(await play.history(device, conversation)).toEqual(lines);
      }
    }
  } finally {
    play.close();
  }
}
