import { HalleyError, LocalCode } from "../errors.js";
import type { Emitter } from "../events/emitter.js";
import type { HalleyEvents } from "../events/events.js";
import type { Message } from "../model/message.js";
import { receiverKey } from "../model/receiver.js";
import type { User } from "../model/user.js";
import { backoffDelay } from "../socket/backoff.js";
import type { Box } from "./box.js";
import { type Draft, shown } from "./draft.js";
import { Outgoing } from "./outgoing.js";

/** How a message gets to the server. */
export interface Transport {
  /** Uploads what is to be uploaded, and gives the draft without it. */
  upload(draft: Draft, signal: AbortSignal, onProgress: (share: number) => void): Promise<Draft>;
  /** Has it stored. */
  store(draft: Draft): Promise<Message>;
}

/** Who sends. */
export interface Sender {
  readonly user: User;
  readonly deviceId: string;
}

/** Refusals that may end, after which a message counts as failed. A network that is away does not count. */
const TRIES_MAX = 10;
const BACKOFF = { first: 500, max: 30_000 };

/** A message that is not stored. */
interface Item {
  draft: Draft;
  progress: number | undefined;
  /** Refusals so far. */
  tries: number;
  /** Waits since the server was last reached. */
  waits: number;
  /** Its fate is known: it only waits to leave its lane. */
  isDone: boolean;
  readonly abort: AbortController;
  readonly resolve: (message: Message) => void;
  readonly reject: (error: HalleyError) => void;
}

/** The messages of one conversation: one is under way, the others wait for it. */
interface Lane {
  readonly items: Item[];
  isBusy: boolean;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** Sends messages, each conversation's in their order, and tries again what may succeed. */
export class Outbox {
  readonly #lanes = new Map<string, Lane>();
  /** What is not tried again by itself. */
  readonly #failed = new Map<string, Item>();
  #sender: Sender | undefined;

  constructor(
    private readonly events: Emitter<HalleyEvents>,
    private readonly transport: Transport,
    private readonly box: Box,
  ) {}

  /**
   * Begins for a user, with what an earlier page or process left.
   * @internal
   */
  async open(sender: Sender): Promise<void> {
    this.#sender = sender;
    const drafts = await this.box.load(sender.user.uid).catch((thrown: unknown) => {
      this.events.emit("error", HalleyError.from(thrown));
      return [];
    });
    if (this.#sender !== sender) return;
    for (const draft of drafts) {
      if (!this.#find(draft.muid)) this.#enter(draft, draft.error !== undefined);
    }
  }

  /** Ends for the user; what is not sent stays in the storage. */
  close(): void {
    const error = HalleyError.local(LocalCode.NotLoggedIn, "The login ended before the message was sent.");
    for (const item of this.#items()) {
      item.abort.abort();
      item.reject(error);
    }
    for (const lane of this.#lanes.values()) clearTimeout(lane.timer);
    this.#lanes.clear();
    this.#failed.clear();
    this.#sender = undefined;
  }

  /** Takes a message in, and sends it as soon as those before it are sent. */
  send(draft: Draft): Outgoing {
    const known = this.#find(draft.muid);
    if (known !== undefined)
      throw HalleyError.local(LocalCode.Argument, `${draft.muid} is under way already.`);
    const [item, sent] = this.#enter(draft, false);
    this.#keep(item);
    return new Outgoing(this.#shown(item), sent, () => this.discard(draft.muid));
  }

  /** All that are under way or failed, in the order of their making. */
  messages(): readonly Message[] {
    const items = [...this.#items()].sort((a, b) => a.draft.createdAt - b.draft.createdAt);
    return items.map((item) => this.#shown(item));
  }

  /** Tries a failed message again, behind what its conversation sends meanwhile. */
  retry(muid: string): void {
    const item = this.#failed.get(muid);
    if (item === undefined) return;
    this.#failed.delete(muid);
    const { error: _, ...draft } = item.draft;
    const [fresh] = this.#enter(draft, false);
    this.#keep(fresh);
  }

  /** Throws away a failed message, or takes back one that is not being stored. */
  discard(muid: string): void {
    const item = this.#find(muid);
    if (item === undefined) return;
    const lane = this.#lanes.get(receiverKey(item.draft.receiver));
    const isUnderWay = lane?.isBusy === true && lane.items[0] === item && item.draft.files.length === 0;
    if (isUnderWay) return;
    item.abort.abort();
    this.#failed.delete(muid);
    const place = lane?.items.indexOf(item) ?? -1;
    if (place > 0 || (place === 0 && lane?.isBusy === false)) lane?.items.splice(place, 1);
    this.#drop(muid);
    this.events.emit("outgoingDiscarded", this.#shown(item));
    item.reject(HalleyError.local(LocalCode.Cancelled, "The message was taken back."));
  }

  /** The server may be reached again: waits end. */
  hurry(): void {
    for (const [key, lane] of this.#lanes) {
      if (lane.timer === undefined) continue;
      clearTimeout(lane.timer);
      lane.timer = undefined;
      for (const item of lane.items) item.waits = 0;
      void this.#run(key, lane);
    }
  }

  #enter(draft: Draft, isFailed: boolean): [Item, Promise<Message>] {
    let resolve: Item["resolve"] = () => {};
    let reject: Item["reject"] = () => {};
    const sent = new Promise<Message>((onSent, onRefused) => {
      resolve = onSent;
      reject = onRefused;
    });
    sent.catch(() => {});
    const item: Item = {
      draft,
      progress: undefined,
      tries: 0,
      waits: 0,
      isDone: false,
      abort: new AbortController(),
      resolve,
      reject,
    };
    if (isFailed) this.#failed.set(draft.muid, item);
    this.#tell(item);
    if (isFailed) return [item, sent];
    const key = receiverKey(draft.receiver);
    const lane = this.#lanes.get(key) ?? { items: [], isBusy: false, timer: undefined };
    this.#lanes.set(key, lane);
    lane.items.push(item);
    void this.#run(key, lane);
    return [item, sent];
  }

  /** Sends what stands in a lane, one after another. */
  async #run(key: string, lane: Lane): Promise<void> {
    if (lane.isBusy || lane.timer !== undefined) return;
    lane.isBusy = true;
    for (let item = lane.items[0]; item !== undefined; item = lane.items[0]) {
      const wait = await this.#try(item);
      if (this.#lanes.get(key) !== lane) return;
      if (wait !== undefined) {
        lane.isBusy = false;
        lane.timer = setTimeout(() => {
          lane.timer = undefined;
          void this.#run(key, lane);
        }, wait);
        return;
      }
      lane.items.shift();
    }
    lane.isBusy = false;
    this.#lanes.delete(key);
  }

  /** Tries to send a message. The wait until the next try, or undefined when its fate is known. */
  async #try(item: Item): Promise<number | undefined> {
    try {
      if (item.draft.files.length > 0) {
        item.draft = await this.transport.upload(item.draft, item.abort.signal, (share) =>
          this.#progress(item, share),
        );
        this.#keep(item);
      }
      if (item.abort.signal.aborted) return undefined;
      const message = await this.transport.store(item.draft);
      this.#stored(item, message);
      return undefined;
    } catch (thrown) {
      return this.#refused(item, HalleyError.from(thrown));
    }
  }

  #stored(item: Item, stored: Message): void {
    const muid = item.draft.muid;
    item.isDone = true;
    this.#drop(muid);
    // Some servers leave the muid out.
    const message = { ...stored, muid };
    this.events.emit("outgoing", message);
    item.resolve(message);
  }

  #refused(item: Item, error: HalleyError): number | undefined {
    if (item.abort.signal.aborted || this.#sender === undefined) return undefined;
    if (!error.isNetwork) item.tries += 1;
    const wait = error.retryAfterMs ?? backoffDelay(BACKOFF, item.waits);
    item.waits += 1;
    if (error.isRetryable && item.tries < TRIES_MAX) return wait;
    item.draft = { ...item.draft, error: error.toJSON() };
    item.isDone = true;
    item.progress = undefined;
    this.#failed.set(item.draft.muid, item);
    this.#keep(item);
    this.#tell(item);
    item.reject(error);
    return undefined;
  }

  #progress(item: Item, share: number): void {
    if (item.abort.signal.aborted) return;
    item.progress = share;
    this.#tell(item);
  }

  #tell(item: Item): void {
    this.events.emit("outgoing", this.#shown(item));
  }

  #shown({ draft, progress }: Item): Message {
    if (this.#sender === undefined) throw HalleyError.local(LocalCode.NotLoggedIn, "Nobody is logged in.");
    const { user, deviceId } = this.#sender;
    return shown(draft, user, deviceId, this.#failed.has(draft.muid) ? "failed" : "sending", progress);
  }

  *#items(): Generator<Item> {
    yield* this.#failed.values();
    const isThere = ({ abort, isDone }: Item) => !abort.signal.aborted && !isDone;
    for (const lane of this.#lanes.values()) yield* lane.items.filter(isThere);
  }

  #find(muid: string): Item | undefined {
    for (const item of this.#items()) if (item.draft.muid === muid) return item;
    return undefined;
  }

  #keep({ draft }: Item): void {
    this.#aside((uid) => this.box.save(uid, draft));
  }

  #drop(muid: string): void {
    this.#aside((uid) => this.box.remove(uid, muid));
  }

  /** A storage that fails keeps no message from being sent. */
  #aside(act: (uid: string) => Promise<void>): void {
    const uid = this.#sender?.user.uid;
    if (uid === undefined) return;
    act(uid).catch((thrown: unknown) => this.events.emit("error", HalleyError.from(thrown)));
  }
}
