import { HalleyError } from "../errors.js";
import type { Emitter } from "../events/emitter.js";
import type { HalleyEvents } from "../events/events.js";
import type { Http } from "../http/http.js";
import { segment } from "../http/http.js";
import { number, text, texts } from "../model/json.js";
import { type Message, readMessage } from "../model/message.js";
import { peerOf, type Receiver } from "../model/receiver.js";
import { backoffDelay } from "../socket/backoff.js";
import type { Frame, LeftOff } from "../socket/frames.js";
import { type Gap, Orders, type Verdict } from "./order.js";
import { tellFrame, tellMessage } from "./told.js";

/** Rows of a page while a gap is filled. */
const PAGE = 100;
/** Most pages of one gap; what is larger is fetched anew. */
const PAGES_MAX = 10;
const TRIES_MAX = 5;
const BACKOFF = { first: 300, max: 5_000 };

/** Turns frames into events: in order, each once, with what was missed. */
export class Sync {
  readonly #orders = new Orders<Message>();
  #token: string | undefined;
  /** From the opening of a socket to its frame `resumed`. */
  #isComing = false;
  /** Counts sockets, so that what was begun for an earlier one ends. */
  #socket = 0;

  constructor(
    private readonly events: Emitter<HalleyEvents>,
    private readonly http: Http,
    private readonly ownUid: () => string,
  ) {}

  /** What the next socket says of where the last one left off. */
  get leftOff(): LeftOff | undefined {
    return this.#token === undefined
      ? undefined
      : { token: this.#token, positions: this.#orders.positions() };
  }

  /** A socket is there. Without the subprotocol nothing of what was missed is told: it must be fetched. */
  begin(isHalley: boolean): void {
    this.#socket += 1;
    this.#isComing = isHalley;
    this.#orders.interrupt();
    if (!isHalley) this.#refetch([]);
  }

  /** The login is over. */
  forget(): void {
    this.#socket += 1;
    this.#token = undefined;
    this.#orders.clear();
  }

  /** Takes a frame in. */
  take(frame: Frame): void {
    if (frame.type === "message") this.#takeMessage(frame);
    else if (frame.type === "resumed") this.#resumed(frame);
    else tellFrame(this.events, frame, this.ownUid());
  }

  #takeMessage(frame: Frame): void {
    const read = readMessage(frame.body);
    // A message's frame names the device that caused it; so does most of the messages.
    const message =
      read.deviceId === undefined && frame.deviceId ? { ...read, deviceId: frame.deviceId } : read;
    if (message.id === "") return;
    this.#obey(this.#orders.take(message, this.#isComing), message);
  }

  #obey(verdict: Verdict<Message>, about: Message): void {
    for (const message of verdict.deliver) tellMessage(this.events, message);
    if (verdict.gap === undefined) return;
    const peer = peerOf(this.ownUid(), about.sender.uid, about.receiver);
    void this.#fill(verdict.gap, peer, this.#socket);
  }

  #resumed(frame: Frame): void {
    // What was fetched before the first socket may be older than it.
    const refetch = frame.body.refetch === true || this.#token === undefined;
    this.#isComing = false;
    this.#token = text(frame.body.token) ?? this.#token;
    if (refetch) this.#refetch(texts(frame.body.untoldReceiptsOf));
    else this.events.emit("resumed", { refetch, untoldReceiptsOf: texts(frame.body.untoldReceiptsOf) });
  }

  #refetch(untoldReceiptsOf: readonly string[]): void {
    this.#orders.clear();
    this.events.emit("resumed", { refetch: true, untoldReceiptsOf });
  }

  /** Asks for what is missing, and for what is missing after that. */
  async #fill(first: Gap, peer: Receiver, socket: number): Promise<void> {
    let gap: Gap | undefined = first;
    while (gap !== undefined) {
      const upTo = this.#orders.waitingUpTo(gap.conversationId);
      const found = await this.#fetch(gap.after, upTo, peer, socket);
      // Another socket tells all of it again.
      if (socket !== this.#socket) return;
      if (found === undefined) {
        for (const message of this.#orders.giveUp(gap.conversationId)) tellMessage(this.events, message);
        return this.#refetch([]);
      }
      const verdict: Verdict<Message> = this.#orders.fill(gap.conversationId, found, upTo);
      for (const message of verdict.deliver) tellMessage(this.events, message);
      gap = verdict.gap;
    }
  }

  /** Everything between two sequence numbers; undefined if it can't be had. */
  async #fetch(after: number, upTo: number, peer: Receiver, socket: number): Promise<Message[] | undefined> {
    const found: Message[] = [];
    let from = after;
    let tries = 0;
    for (let pages = 0; pages < PAGES_MAX && socket === this.#socket; ) {
      try {
        const rows = await this.#page(from, peer);
        pages += 1;
        found.push(...rows);
        from = rows.at(-1)?.sequence ?? from;
        if (rows.length < PAGE || from >= upTo) return found;
      } catch (thrown) {
        const error = HalleyError.from(thrown);
        tries += 1;
        if (!error.isRetryable || tries >= TRIES_MAX) {
          this.events.emit("error", error);
          return undefined;
        }
        const wait = error.retryAfterMs ?? backoffDelay(BACKOFF, tries);
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
    return undefined;
  }

  async #page(after: number, peer: Receiver): Promise<Message[]> {
    const path = `/${peer.type === "group" ? "groups" : "users"}/${segment(peer.id)}/messages`;
    // From the beginning on there is no place to begin behind.
    const sequence = after > 0 ? number(after) : undefined;
    const data = await this.http.data("GET", path, {
      query: { affix: "append", sequence, limit: PAGE, withSequence: true },
    });
    return Array.isArray(data) ? data.map(readMessage) : [];
  }
}
