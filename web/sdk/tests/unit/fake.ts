import { HalleyChat, type Settings, SettingsBuilder, type WebSocketConstructor } from "../../src/index.js";

/** A frame, or a body. */
export type Any = Record<string, unknown>;

/** One socket that a client opened, seen from the server. */
export class FakeSocket {
  protocol = "halley.v1";
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  /** What the client sent, oldest first. */
  readonly sent: Any[] = [];
  isOpen = true;

  constructor(
    readonly url: string,
    private readonly server: FakeServer,
  ) {
    server.sockets.push(this);
    queueMicrotask(() => (server.isDown ? this.drop(1006) : this.onopen?.({} as never)));
  }

  send(text: string): void {
    if (!this.isOpen) throw new Error("not open");
    const frame = JSON.parse(text) as Any;
    this.sent.push(frame);
    queueMicrotask(() => this.server.take(this, frame));
  }

  close(): void {
    this.drop(1000);
  }

  /** Tells the client something. */
  tell(frame: Any): void {
    if (this.isOpen) this.onmessage?.({ data: JSON.stringify(frame) } as never);
  }

  /** Ends the socket. */
  drop(code: number): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    queueMicrotask(() => this.onclose?.({ code, reason: "" } as never));
  }
}

/** What a call gets: a status and a body, or a network that is away. */
export type Reply = { readonly status?: number; readonly body?: Any; readonly retryAfter?: number } | "away";

/** A server in memory. By default it lets everybody in and stores what it is sent. */
export class FakeServer {
  readonly sockets: FakeSocket[] = [];
  readonly calls: { method: string; path: string; query: URLSearchParams; body: Any }[] = [];
  /** The messages as they are stored, oldest first. */
  readonly stored: Any[] = [];
  readonly #muids = new Map<string, Any>();
  isDown = false;
  /** Answers a ping. */
  answersPings = true;
  /** What a socket is told between its auth reply and `resumed`. */
  missed: Any[] = [];
  refetch = false;
  /** Decides about a message in place of storing it. */
  decide: (body: Any) => Reply | undefined = () => undefined;
  /** Answers a call in place of the server. */
  answer: (method: string, path: string, query: URLSearchParams, body: Any) => Reply | undefined = () =>
    undefined;

  get socket(): FakeSocket {
    const last = this.sockets.at(-1);
    if (last === undefined) throw new Error("no socket");
    return last;
  }

  take(socket: FakeSocket, frame: Any): void {
    if (frame.type === "auth") {
      socket.tell({ type: "auth", body: { code: "200", status: "OK" } });
      for (const missed of this.missed) socket.tell(missed);
      socket.tell({ type: "resumed", body: { token: `t${this.sockets.length}`, refetch: this.refetch } });
    } else if (frame.action === "ping" && this.answersPings) socket.tell({ action: "pong" });
    else if (frame.type === "send") this.#send(socket, frame);
  }

  #send(socket: FakeSocket, frame: Any): void {
    const decided = this.decide(frame.body as Any);
    if (decided === "away") return socket.drop(1006);
    if (decided !== undefined) {
      const { status = 200, body = {} } = decided;
      return socket.tell({ type: "refused", id: frame.id, body: { status, ...body } });
    }
    socket.tell({ type: "sent", id: frame.id, body: this.store(frame.body as Any) });
  }

  /** Stores a message once. */
  store(body: Any): Any {
    const known = this.#muids.get(String(body.muid));
    if (known !== undefined) return known;
    const place = this.stored.length + 1;
    const message = { ...body, ...messageOf(place, "me", String(body.receiver)), data: body.data };
    this.stored.push(message);
    this.#muids.set(String(body.muid), message);
    return message;
  }

  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const url = new URL(String(input));
    const body = JSON.parse(typeof init?.body === "string" ? init.body : "{}") as Any;
    const [method, path] = [init?.method ?? "GET", url.pathname.replace("/v3", "")];
    this.calls.push({ method, path, query: url.searchParams, body });
    const reply = this.isDown ? "away" : this.#reply(method, path, url.searchParams, body);
    if (reply === "away") throw new TypeError("fetch failed");
    const { status = 200, body: answered = {}, retryAfter } = reply;
    const headers = new Headers(retryAfter === undefined ? {} : { "retry-after": String(retryAfter) });
    return new Response(JSON.stringify(answered), { status, headers });
  };

  #reply(method: string, path: string, query: URLSearchParams, body: Any): Reply {
    const given = this.answer(method, path, query, body);
    if (given !== undefined) return given;
    if (method === "PUT" && path === "/me") return { body: { data: LOGIN } };
    if (method === "POST" && path === "/messages") {
      return this.decide(body) ?? { body: { data: this.store(body) } };
    }
    return { body: { data: [], meta: {} } };
  }
}

const LOGIN = {
  uid: "me",
  name: "Me",
  authToken: "token",
  jwt: "jwt",
  settings: { CHAT_HOST: "server:80/ws", CHAT_WSS_PORT: "", MODE: "DEFAULT" },
};

/** A message as the server tells it, from `sender` in the conversation with `me`. */
export function messageOf(sequence: number, sender = "bob", receiver = "me", more: Any = {}): Any {
  const [low, high] = [sender, receiver].sort();
  return {
    id: String(100 + sequence),
    sequence,
    conversationId: `${low}_user_${high}`,
    sender,
    receiver,
    receiverType: "user",
    category: "message",
    type: "text",
    data: { text: String(sequence), entities: { sender: { entity: { uid: sender, name: sender } } } },
    sentAt: 1_000 + sequence,
    ...more,
  };
}

/** The frame of a message. */
export function frameOf(message: Any): Any {
  return {
    type: "message",
    body: message,
    sender: message.sender,
    receiver: message.receiver,
    receiverType: "user",
  };
}

/** Settings for a server in memory. */
export function settingsFor(server: FakeServer): SettingsBuilder {
  // An arrow function can't be called with `new`.
  const Given = class extends FakeSocket {
    constructor(url: string) {
      super(url, server);
    }
  };
  return new SettingsBuilder("http://server", "app")
    .webSocket(Given as unknown as WebSocketConstructor)
    .fetch(server.fetch)
    .deliveredReceipts("manual");
}

/** A client that is logged in. */
export async function clientOf(
  server: FakeServer,
  settings: Settings = settingsFor(server).build(),
): Promise<HalleyChat> {
  const chat = new HalleyChat(settings);
  await chat.login({ authToken: "token" });
  return chat;
}
