import type { ConnectionState } from "../events/events.js";
import { number } from "../model/json.js";
import type { Settings } from "../settings.js";
import { backoffDelay } from "./backoff.js";
import type { Frame, OutgoingFrame } from "./frames.js";
import { Socket } from "./socket.js";

/** What a connection needs, and whom it tells. */
export interface ConnectionHooks {
  url(): string;
  /** The first frame of the next socket. */
  auth(): OutgoingFrame;
  onState(state: ConnectionState): void;
  /** The login is accepted. What was missed comes first, up to a frame `resumed`. */
  onReady(isHalley: boolean): void;
  onFrame(frame: Frame): void;
  /** The server refused the session: `again` with a new one, `later` when that can't be had now, or `never`. */
  onRefused(): Promise<"again" | "later" | "never">;
}

/** From this close code on the session is at fault. */
const SESSION_FAULTS = 4100;
const SESSION_FAULTS_END = 4200;
/** A socket that lived for so long was a good one: the next waits are short again. */
const GOOD_MS = 10_000;
/** Longest time that a server can ask a client to stay away for. */
const LONGEST_AWAY_MS = 60_000;

/** A socket that comes back, until it is told not to. */
export class Connection {
  #socket: Socket | undefined;
  #state: ConnectionState = "disconnected";
  #isWanted = false;
  #tries = 0;
  #readyAt = 0;
  /** The server asked to be back not before this time. */
  #awayUntil = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly settings: Settings,
    private readonly hooks: ConnectionHooks,
    private readonly now: () => number = Date.now,
  ) {}

  get state(): ConnectionState {
    return this.#state;
  }

  /** Whether frames can be sent. */
  get isReady(): boolean {
    return this.#socket?.isReady ?? false;
  }

  /** Opens a socket, now if there is none and none is on its way. */
  open(): void {
    this.#isWanted = true;
    if (this.#socket === undefined && this.#timer === undefined) this.#connect();
  }

  /** Closes the socket and opens none any more. */
  close(): void {
    this.#isWanted = false;
    this.#tries = 0;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#socket?.close();
    this.#socket = undefined;
    this.#become("disconnected");
  }

  /** The network is back: a wait that the server did not ask for ends. */
  hurry(): void {
    if (this.#timer === undefined || this.now() < this.#awayUntil) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#tries = 0;
    this.#connect();
  }

  /** Sends a frame. False: it was not, as there is no socket. */
  send(frame: OutgoingFrame): boolean {
    return this.#socket?.send(frame) ?? false;
  }

  #connect(): void {
    this.#become("connecting");
    const socket: Socket = new Socket(this.settings, this.hooks.url(), this.hooks.auth(), {
      onReady: (isHalley) => {
        if (this.#socket !== socket) return;
        this.#readyAt = this.now();
        this.hooks.onReady(isHalley);
        this.#become("connected");
      },
      onFrame: (frame) => {
        if (this.#socket !== socket) return;
        if (frame.type === "hint") this.#hinted(frame);
        else this.hooks.onFrame(frame);
      },
      onClosed: (code) => {
        if (this.#socket === socket) void this.#closed(code);
      },
    });
    this.#socket = socket;
  }

  #hinted(frame: Frame): void {
    const delay = number(frame.body.delayMs);
    if (frame.body.action !== "reconnect" || delay === undefined) return;
    this.#awayUntil = this.now() + Math.min(Math.max(delay, 0), LONGEST_AWAY_MS);
  }

  async #closed(code: number): Promise<void> {
    this.#socket = undefined;
    const wasGood = this.#readyAt > 0 && this.now() - this.#readyAt >= GOOD_MS;
    this.#readyAt = 0;
    if (wasGood) this.#tries = 0;
    this.#become("disconnected");
    if (!this.#isWanted) return;
    const isSessionFault = code >= SESSION_FAULTS && code < SESSION_FAULTS_END;
    const answer = isSessionFault ? await this.hooks.onRefused() : "later";
    // Meanwhile it may have been closed, or opened again.
    if (!this.#isWanted || this.#socket !== undefined || this.#timer !== undefined) return;
    if (answer === "never") return this.close();
    this.#schedule();
  }

  #schedule(): void {
    const { backoffFirst: first, backoffMax: max } = this.settings.timings;
    const asked = this.#awayUntil - this.now();
    const delay = asked > 0 ? asked : backoffDelay({ first, max }, this.#tries);
    this.#tries += 1;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#connect();
    }, delay);
  }

  #become(state: ConnectionState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.hooks.onState(state);
  }
}
