import { compareIds } from "../model/ids.js";
import type { Message } from "../model/message.js";
import { peerOf, type Receiver, receiverKey } from "../model/receiver.js";

/** How long several receipts of a conversation are gathered for. */
const GATHER_MS = 150;

/** How receipts get to the server. */
export type ReceiptTransport = (peer: Receiver, action: "delivered" | "read", message: Message) => void;

interface Gathered {
  readonly peer: Receiver;
  readonly action: "delivered" | "read";
  readonly message: Message;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** Says how far messages were delivered and read. A receipt covers everything before it. */
export class Receipts {
  readonly #gathered = new Map<string, Gathered>();

  constructor(
    private readonly transport: ReceiptTransport,
    private readonly ownUid: () => string | undefined,
  ) {}

  /** The user has seen the message, and what is before it. */
  read(message: Message): void {
    this.#gather("read", message);
  }

  /** The message has reached this device. */
  delivered(message: Message): void {
    this.#gather("delivered", message);
  }

  /** Forgets what is not said yet. */
  clear(): void {
    for (const { timer } of this.#gathered.values()) clearTimeout(timer);
    this.#gathered.clear();
  }

  #gather(action: "delivered" | "read", message: Message): void {
    const own = this.ownUid();
    if (own === undefined || message.id === "" || message.sender.uid === own) return;
    const peer = peerOf(own, message.sender.uid, message.receiver);
    const key = `${action} ${receiverKey(peer)}`;
    const before = this.#gathered.get(key);
    if (before !== undefined && compareIds(before.message.id, message.id) >= 0) return;
    clearTimeout(before?.timer);
    const timer = setTimeout(() => {
      this.#gathered.delete(key);
      this.transport(peer, action, message);
    }, GATHER_MS);
    this.#gathered.set(key, { peer, action, message, timer });
  }
}
