import { HalleyError, LocalCode } from "../errors.js";
import type { Settings, WebSocketConstructor, WebSocketLike } from "../settings.js";
import { type Frame, isAccepted, type OutgoingFrame, PING, readFrame, SUBPROTOCOL } from "./frames.js";

/** Whom a socket tells. */
export interface SocketHooks {
  /** The login is accepted. */
  onReady(isHalley: boolean): void;
  onFrame(frame: Frame): void;
  /** It is over; nothing follows. 1006: there was no close frame. */
  onClosed(code: number): void;
}

const NORMAL = 1000;
const ABNORMAL = 1006;

/** One WebSocket from its opening to its end, with its keepalive. */
export class Socket {
  readonly #socket: WebSocketLike;
  #isReady = false;
  #isOver = false;
  #alarm: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly settings: Settings,
    url: string,
    private readonly auth: OutgoingFrame,
    private readonly hooks: SocketHooks,
  ) {
    this.#socket = new (constructorOf(settings))(url, SUBPROTOCOL);
    this.#socket.onopen = () => this.#write(this.auth);
    this.#socket.onmessage = ({ data }) => this.#read(data);
    this.#socket.onclose = ({ code }) => this.#end(code);
    // A close follows.
    this.#socket.onerror = () => {};
    this.#alarm = setTimeout(() => this.#give(), this.settings.timings.connect);
  }

  get isReady(): boolean {
    return this.#isReady && !this.#isOver;
  }

  /** Sends a frame. False: it was not, as there is no socket. */
  send(frame: OutgoingFrame): boolean {
    return this.isReady && this.#write(frame);
  }

  /** Says goodbye; nothing is told any more. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#alarm);
    this.#socket.close(NORMAL, "client closed");
  }

  #write(frame: OutgoingFrame): boolean {
    try {
      this.#socket.send(JSON.stringify(frame));
      return true;
    } catch {
      return false;
    }
  }

  #read(data: unknown): void {
    if (this.#isOver) return;
    const frame = readFrame(data);
    if (frame === undefined) return;
    if (!this.#isReady) {
      if (!isAccepted(frame)) return;
      this.#isReady = true;
      this.#rest();
      this.hooks.onReady(this.#socket.protocol === SUBPROTOCOL);
    } else if (frame.type === "pong") this.#rest();
    else this.hooks.onFrame(frame);
  }

  /** Waits until the next ping. */
  #rest(): void {
    clearTimeout(this.#alarm);
    this.#alarm = setTimeout(() => this.#ping(), this.settings.timings.pingEvery);
  }

  #ping(): void {
    this.#write(PING);
    this.#alarm = setTimeout(() => this.#give(), this.settings.timings.pongWithin);
  }

  /** Gives up a socket that does not answer; its own close may never come. */
  #give(): void {
    if (this.#isOver) return;
    this.#socket.close(NORMAL, "no answer");
    this.#end(ABNORMAL);
  }

  #end(code: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#alarm);
    this.hooks.onClosed(code);
  }
}

function constructorOf(settings: Settings): WebSocketConstructor {
  const found = settings.WebSocket ?? (globalThis.WebSocket as unknown as WebSocketConstructor | undefined);
  if (found === undefined) {
    throw HalleyError.local(LocalCode.Missing, "There is no WebSocket here; give one to the settings.");
  }
  return found;
}
