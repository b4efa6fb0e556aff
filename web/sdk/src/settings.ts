import { HalleyError, LocalCode } from "./errors.js";
import { type KeyValueStorage, memoryStorage } from "./storage/storage.js";

/** Whose presence is told. */
export type PresenceSubscription = "all" | "friends" | "none" | { readonly roles: readonly string[] };

/** What of a WebSocket is used; the browser's own, and that of the package `ws`, are such. */
export interface WebSocketLike {
  readonly protocol: string;
  /** The socket is open. */
  onopen: ((event: never) => void) | null;
  /** A frame came. */
  onmessage: ((event: { data: unknown } & never) => void) | null;
  /** The socket is closed. */
  onclose: ((event: { code: number; reason: string } & never) => void) | null;
  /** Something failed; `onclose` follows. */
  onerror: ((event: never) => void) | null;
  /** Sends a frame. */
  send(data: string): void;
  /** Closes the socket. */
  close(code?: number, reason?: string): void;
}

/** Makes WebSockets. */
export type WebSocketConstructor = new (url: string, protocols?: string | string[]) => WebSocketLike;

/** Times in milliseconds. The defaults suit a browser; tests shorten them. */
export interface Timings {
  /** From the opening of a socket to its accepted login. */
  readonly connect: number;
  /** Between two pings. */
  readonly pingEvery: number;
  /** A ping that is not answered for so long ends the socket. */
  readonly pongWithin: number;
  /** Before the first try to come back; it doubles with every further one. */
  readonly backoffFirst: number;
  readonly backoffMax: number;
  /** For an answer over HTTP. */
  readonly http: number;
  /** How long a socket is kept in the background without a `ping()`. */
  readonly backgroundGrace: number;
}

const TIMINGS: Timings = {
  connect: 15_000,
  pingEvery: 15_000,
  pongWithin: 5_000,
  backoffFirst: 500,
  backoffMax: 30_000,
  http: 30_000,
  backgroundGrace: 30_000,
};

/** How a client reaches its server, and how it behaves. Made by a {@link SettingsBuilder}. */
export interface Settings {
  /** Base of the API with its scheme, as `https://chat.example.com`; without a slash at the end. */
  readonly host: string;
  readonly appId: string;
  /** Address of the socket, in place of the one that the server names. */
  readonly socketUrl?: string;
  readonly presence: PresenceSubscription;
  /** `auto`: a login opens the socket. `manual`: `connect()` does. */
  readonly connection: "auto" | "manual";
  /**
   * `keep`: the socket stays while the page is hidden. `close`: it is closed in the background, after a grace of 30 s
   * from the last `ping()`; with `auto` it comes back in the foreground.
   */
  readonly background: "keep" | "close";
  /** `auto`: messages are reported as delivered when they come. */
  readonly deliveredReceipts: "auto" | "manual";
  readonly storage: KeyValueStorage;
  /** Keep conversations and newest messages in the storage, so that an app opens with its last state. */
  readonly cache: boolean;
  /** Told to the server at login. */
  readonly platform: string;
  readonly timings: Timings;
  readonly WebSocket?: WebSocketConstructor;
  /** What calls the API; the global one without it. */
  readonly fetch?: typeof globalThis.fetch;
}

/** Makes {@link Settings}. */
export class SettingsBuilder {
  #settings: Settings;

  /**
   * @param host base of the API with its scheme, as `http://127.0.0.1:8080`. The socket's scheme follows it.
   * @param appId the app
   */
  constructor(host: string, appId: string) {
    this.#settings = {
      host: baseOf(host),
      appId: appId.trim(),
      presence: "none",
      connection: "auto",
      background: "keep",
      deliveredReceipts: "auto",
      storage: memoryStorage(),
      cache: false,
      platform: "web",
      timings: TIMINGS,
    };
  }

  /** Whose presence is told; nobody's without it. */
  presence(presence: PresenceSubscription): this {
    return this.#with({ presence });
  }

  /** Whether a login opens the socket; it does without it. */
  connection(connection: "auto" | "manual"): this {
    return this.#with({ connection });
  }

  /** Whether the socket stays while the page is hidden; it does without it. */
  background(background: "keep" | "close"): this {
    return this.#with({ background });
  }

  /** Whether messages are reported as delivered when they come; they are without it. */
  deliveredReceipts(deliveredReceipts: "auto" | "manual"): this {
    return this.#with({ deliveredReceipts });
  }

  /** Where session and outbox are kept; in memory without it. */
  storage(storage: KeyValueStorage): this {
    return this.#with({ storage });
  }

  /** Keeps conversations and newest messages in the storage as well, so that an app opens with its last state. */
  cache(cache = true): this {
    return this.#with({ cache });
  }

  /** The address of the socket, in place of the one that the server names. */
  socketUrl(socketUrl: string): this {
    return this.#with({ socketUrl });
  }

  /** What the server is told of the platform. */
  platform(platform: string): this {
    return this.#with({ platform });
  }

  /** Makes sockets in place of the global `WebSocket`, which Node.js 20 does not have. */
  webSocket(given: WebSocketConstructor | (new (url: string) => object)): this {
    return this.#with({ WebSocket: given as WebSocketConstructor });
  }

  /** Calls in place of the global `fetch`. */
  fetch(fetch: typeof globalThis.fetch): this {
    return this.#with({ fetch });
  }

  /** Other times than the default ones. */
  timings(timings: Partial<Timings>): this {
    return this.#with({ timings: { ...this.#settings.timings, ...timings } });
  }

  /** The settings; throws what can't be used. */
  build(): Settings {
    if (this.#settings.appId === "") throw HalleyError.local(LocalCode.Argument, "The app id is empty.");
    return this.#settings;
  }

  #with(change: Partial<Settings>): this {
    this.#settings = { ...this.#settings, ...change };
    return this;
  }
}

function baseOf(host: string): string {
  const base = host.trim().replace(/\/+$/, "");
  if (!/^https?:\/\/[^/]/.test(base)) {
    throw HalleyError.local(
      LocalCode.Argument,
      `The host must be an address with http:// or https://, not ${host}.`,
    );
  }
  return base.replace(/\/v3(\.0)?$/, "");
}
