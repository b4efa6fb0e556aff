import { Calls } from "./api/calls.js";
import { Conversations } from "./api/conversations.js";
import { Groups } from "./api/groups.js";
import { uploadFiles } from "./api/media.js";
import { Messages } from "./api/messages.js";
import { Push } from "./api/push.js";
import { Receipts } from "./api/receipts.js";
import { Typing } from "./api/typing.js";
import { Users } from "./api/users.js";
import { HalleyError, LocalCode } from "./errors.js";
import { Emitter, type Off, type Tagged } from "./events/emitter.js";
import type { ConnectionState, HalleyEvents } from "./events/events.js";
import { type Listener, Listeners } from "./events/listeners.js";
import { Http, segment } from "./http/http.js";
import { object, text } from "./model/json.js";
import { type Message, readMessage } from "./model/message.js";
import type { User } from "./model/user.js";
import { Box } from "./outbox/box.js";
import { bodyOf, type Draft } from "./outbox/draft.js";
import { Outbox } from "./outbox/outbox.js";
import { SocketSends } from "./outbox/socketsends.js";
import { Grace, watchPage } from "./session/background.js";
import { readLogin, type ServerSettings, type Session, SessionKeeper } from "./session/session.js";
import type { Settings } from "./settings.js";
import { Connection } from "./socket/connection.js";
import {
  authFrame,
  callFrame,
  type Frame,
  type OutgoingFrame,
  receiptFrame,
  type Speaker,
  transientFrame,
  typingFrame,
} from "./socket/frames.js";
import { Cache } from "./storage/cache.js";
import { Sync } from "./sync/sync.js";
import { VERSION } from "./version.js";

/** How a user proves to be who it is: an auth token from the app's server side, or, in development, the app's auth key. */
export type Credential = { readonly authToken: string } | { readonly uid: string; readonly authKey: string };

/** Refusals of a session one after another, after which no further one is tried. */
const REFUSALS_MAX = 3;

/** A client of one app on one server, for one user at a time. Nothing is sent before a login. */
export class HalleyChat {
  readonly users: Users;
  readonly groups: Groups;
  readonly conversations: Conversations;
  readonly messages: Messages;
  readonly outbox: Outbox;
  readonly typing: Typing;
  readonly receipts: Receipts;
  readonly calls: Calls;
  readonly push: Push;
  readonly #events = new Emitter<HalleyEvents>();
  readonly #listeners = new Listeners(this.#events, () => this.user?.uid);
  readonly #http: Http;
  readonly #sync: Sync;
  readonly #sends: SocketSends;
  readonly #connection: Connection;
  readonly #keeper: SessionKeeper;
  readonly #grace: Grace;
  readonly #offs: Off[];
  #session: Session | undefined;
  #cache: Cache | undefined;
  #isHalley = false;
  #refusals = 0;

  /** A client; nothing is sent yet. */
  constructor(readonly settings: Settings) {
    const { storage, appId, timings } = settings;
    this.#http = new Http(
      settings,
      () => ({ authToken: this.#session?.authToken, deviceId: this.#session?.deviceId }),
      () => void this.#end("tokenRevoked"),
    );
    this.#sync = new Sync(this.#events, this.#http, () => this.uid);
    this.#connection = new Connection(settings, {
      url: () => this.#required.server.socketUrl,
      auth: () => authFrame(this.#speaker, this.#required.jwt, settings.presence, this.#sync.leftOff),
      onState: (state) => this.#stateChanged(state),
      onReady: (isHalley) => this.#ready(isHalley),
      onFrame: (frame) => this.#take(frame),
      onRefused: () => this.#refused(),
    });
    this.#sends = new SocketSends((frame) => this.#connection.send(frame as OutgoingFrame));
    this.#keeper = new SessionKeeper(settings);
    this.outbox = new Outbox(
      this.#events,
      {
        upload: (draft, signal, onProgress) => uploadFiles(settings, this.#http, draft, signal, onProgress),
        store: (draft) => this.#store(draft),
      },
      new Box(storage, appId),
    );
    this.users = new Users(this.#http, (user) => this.#ownChanged(user));
    this.groups = new Groups(this.#http);
    this.conversations = new Conversations(this.#http, this.#events);
    this.messages = new Messages(this.#http, this.#events, this.outbox);
    this.calls = new Calls(this.#http);
    this.push = new Push(this.#http);
    this.typing = new Typing({
      typing: (peer, action, metadata) => {
        if (this.server?.mode === "DEFAULT")
          this.#say((speaker) => typingFrame(speaker, peer, action, metadata));
      },
      transient: (peer, data) => {
        if (this.server?.mode !== "NO_TRANSIENT") this.#say((speaker) => transientFrame(speaker, peer, data));
      },
    });
    this.receipts = new Receipts(
      (peer, action, message) => {
        if (this.#say((speaker) => receiptFrame(speaker, peer, action, message.id, message.sender.uid)))
          return;
        const { conversations } = this;
        const mark = action === "read" ? conversations.markRead : conversations.markDelivered;
        mark.call(conversations, peer, message.id).catch((thrown: unknown) => this.#failed(thrown));
      },
      () => this.user?.uid,
    );
    this.#grace = new Grace(timings.backgroundGrace, () => this.#connection.close());
    this.#offs = this.#watch();
  }

  /** Who is logged in. */
  get user(): User | undefined {
    return this.#session?.user;
  }

  /** The uid of who is logged in; throws if nobody is. */
  get uid(): string {
    return this.#required.user.uid;
  }

  /** The id of this device. */
  get deviceId(): string | undefined {
    return this.#session?.deviceId;
  }

  /** What the server says of the app and of itself. */
  get server(): ServerSettings | undefined {
    return this.#session?.server;
  }

  /** Whether there is a socket. */
  get connection(): ConnectionState {
    return this.#connection.state;
  }

  /**
   * The last state of the logged-in user, if the settings ask for it.
   * @internal
   */
  get cache(): Cache | undefined {
    return this.#cache;
  }

  /** Takes up the login of an earlier page or process, without a call. Undefined: there is none. */
  async restore(): Promise<User | undefined> {
    const session = this.#session ?? (await this.#keeper.load());
    if (session !== undefined && session !== this.#session) await this.#begin(session);
    return session?.user;
  }

  /** Logs a user in, and whoever was logged in out on this device. */
  async login(credential: Credential): Promise<User> {
    const authToken = "authToken" in credential ? credential.authToken : await this.#tokenOf(credential);
    if (this.#session?.authToken === authToken) return this.#session.user;
    const deviceId = await this.#keeper.deviceId();
    const login = await this.#http.data("PUT", "/me", { authToken, body: this.#device(deviceId) });
    const session = readLogin(this.settings, deviceId, login);
    const isReplacing = this.#session !== undefined;
    this.#close();
    if (isReplacing) this.#events.emit("logout", { reason: "replaced" });
    await this.#keeper.save(deviceId, login);
    await this.#begin(session);
    return session.user;
  }

  /**
   * Logs out: the auth token ends, and what this device kept of the user is deleted. A refusal is thrown, after it has been
   * done on this device all the same.
   */
  async logout(): Promise<void> {
    if (this.#session === undefined) return;
    try {
      await this.#http.call("DELETE", "/me");
    } catch (thrown) {
      if (!HalleyError.from(thrown).isLoggedOut) throw thrown;
    } finally {
      await this.#end("asked");
    }
  }

  /** Opens the socket; for `manual` connections, and after a `disconnect()`. */
  connect(): void {
    if (this.#session === undefined) throw HalleyError.local(LocalCode.NotLoggedIn, "Nobody is logged in.");
    this.#connection.open();
  }

  /** Closes the socket; it comes back by `connect()`. */
  disconnect(): void {
    this.#connection.close();
  }

  /** Keeps the socket in the background for another while. */
  ping(): void {
    this.#grace.extend();
  }

  /** The app went into the background; pages are watched without it. */
  enterBackground(): void {
    if (this.settings.background === "close") this.#grace.begin();
  }

  /** The app is in the foreground again; pages are watched without it. */
  enterForeground(): void {
    this.#grace.end();
    if (this.#session === undefined) return;
    if (this.settings.background === "close" && this.settings.connection === "auto") this.#connection.open();
    this.#connection.hurry();
  }

  /** Ends sockets and timers, and keeps the login for `restore()`. */
  close(): void {
    for (const off of this.#offs.splice(0)) off();
    this.#close();
  }

  /** Listens to one kind of event. */
  on<K extends keyof HalleyEvents>(kind: K, listener: (event: HalleyEvents[K]) => void): Off {
    return this.#events.on(kind, listener);
  }

  /** The next event of a kind that satisfies the condition. */
  once<K extends keyof HalleyEvents>(
    kind: K,
    matches?: (event: HalleyEvents[K]) => boolean,
  ): Promise<HalleyEvents[K]> {
    return this.#events.once(kind, matches);
  }

  /** Listens to everything. */
  onAny(listener: (event: Tagged<HalleyEvents>) => void): Off {
    return this.#events.onAny(listener);
  }

  /** The events of some kinds, of all without any, for `for await`. */
  events<K extends keyof HalleyEvents>(
    ...kinds: K[]
  ): AsyncGenerator<Tagged<Pick<HalleyEvents, K>>, void, void> {
    return this.#events.events(...kinds);
  }

  /** Adds a listener, in place of the one of the same id. It does not hear of what this device sends itself. */
  addListener(id: string, listener: Listener): void {
    this.#listeners.add(id, listener, () => this.deviceId);
  }

  /** Takes a listener away. */
  removeListener(id: string): void {
    this.#listeners.remove(id);
  }

  /** Says something in a call; used by `CallSession`. False: there is no socket. */
  signalCall(body: OutgoingFrame): boolean {
    return this.#say((speaker) => callFrame(speaker, body));
  }

  get #required(): Session {
    if (this.#session === undefined) throw HalleyError.local(LocalCode.NotLoggedIn, "Nobody is logged in.");
    return this.#session;
  }

  get #speaker(): Speaker {
    const { user, deviceId } = this.#required;
    return { appId: this.settings.appId, uid: user.uid, deviceId };
  }

  #watch(): Off[] {
    return [
      watchPage({
        onHidden: () => this.enterBackground(),
        onShown: () => this.enterForeground(),
        onOnline: () => {
          this.#connection.hurry();
          this.outbox.hurry();
        },
      }),
      this.#events.on("message", (message) => {
        const isOurs = message.category === "action" || message.category === "call";
        if (this.settings.deliveredReceipts === "auto" && !isOurs) this.receipts.delivered(message);
      }),
    ];
  }

  async #begin(session: Session): Promise<void> {
    this.#session = session;
    const { user, deviceId } = session;
    const { storage, appId, cache, connection } = this.settings;
    const prefix = `halley:${appId}:cache:${user.uid}:`;
    this.#cache = cache ? new Cache(storage, prefix, (error) => this.#failed(error)) : undefined;
    await this.outbox.open({ user, deviceId });
    this.#events.emit("login", user);
    if (connection === "auto" && this.#session === session) this.#connection.open();
  }

  /** Ends the login on this device. */
  async #end(reason: HalleyEvents["logout"]["reason"]): Promise<void> {
    if (this.#session === undefined) return;
    const cache = this.#cache;
    const uid = this.uid;
    this.#close();
    this.#events.emit("logout", { reason });
    try {
      await this.#keeper.forget();
      await cache?.clear();
      if (reason === "asked") await new Box(this.settings.storage, this.settings.appId).clear(uid);
    } catch (thrown) {
      this.#failed(thrown);
    }
  }

  #close(): void {
    this.#connection.close();
    this.#grace.end();
    this.#cache?.close();
    this.#cache = undefined;
    this.receipts.clear();
    this.outbox.close();
    this.#sync.forget();
    this.#session = undefined;
  }

  async #tokenOf({ uid, authKey }: { uid: string; authKey: string }): Promise<string> {
    const made = object(
      await this.#http.data("POST", `/users/${segment(uid)}/auth_tokens`, { authKey, body: {} }),
    );
    const token = text(made.authToken);
    if (token === undefined) throw HalleyError.local(LocalCode.Shape, "The answer has no authToken.");
    return token;
  }

  #device(deviceId: string) {
    const userAgent = globalThis.navigator?.userAgent;
    const appInfo = { version: VERSION, apiVersion: "v3.0", ...(userAgent && { userAgent }) };
    return { platform: this.settings.platform, deviceId, appInfo };
  }

  #stateChanged(state: ConnectionState): void {
    if (state !== "connected") {
      this.#sends.interrupt();
      this.typing.interrupt();
    }
    this.#events.emit("connection", state);
    if (state === "connected") this.outbox.hurry();
  }

  #ready(isHalley: boolean): void {
    this.#isHalley = isHalley;
    this.#refusals = 0;
    this.#sync.begin(isHalley);
  }

  #take(frame: Frame): void {
    if (this.#session === undefined) return;
    if (frame.type === "sent" || frame.type === "refused") this.#sends.take(frame);
    else this.#sync.take(frame);
  }

  /** The socket's session is no good: a new one is asked for with the same auth token. */
  async #refused(): Promise<"again" | "later" | "never"> {
    const session = this.#session;
    this.#refusals += 1;
    if (session === undefined || this.#refusals > REFUSALS_MAX) return "never";
    try {
      const login = await this.#http.data("PUT", "/me", { body: this.#device(session.deviceId) });
      if (this.#session !== session) return "never";
      this.#session = readLogin(this.settings, session.deviceId, login);
      await this.#keeper.save(session.deviceId, login);
      return "again";
    } catch (thrown) {
      const error = HalleyError.from(thrown);
      this.#failed(error);
      return error.isRetryable ? "later" : "never";
    }
  }

  async #store(draft: Draft): Promise<Message> {
    const body = bodyOf(draft);
    const sent = this.#isHalley ? this.#sends.try(body) : undefined;
    return sent ?? readMessage(await this.#http.data("POST", "/messages", { body }));
  }

  #say(frame: (speaker: Speaker) => OutgoingFrame): boolean {
    return this.#session !== undefined && this.#connection.send(frame(this.#speaker));
  }

  #ownChanged(user: User): void {
    if (this.#session !== undefined) this.#session = { ...this.#session, user };
  }

  #failed(thrown: unknown): void {
    this.#events.emit("error", HalleyError.from(thrown));
  }
}
