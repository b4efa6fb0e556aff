import { type ErrorDetails, HalleyError, LocalCode } from "../errors.js";
import { number, object, text } from "../model/json.js";
import { type Message, readMessage } from "../model/message.js";
import { type Frame, sendFrame } from "../socket/frames.js";

/** Messages that a server lets one socket have under way. */
const UNDER_WAY_MAX = 16;
/** Largest message that goes over the socket, in bytes: below the server's bound for a frame. */
const BYTES_MAX = 60 * 1024;

interface Waiting {
  resolve(message: Message): void;
  reject(error: HalleyError): void;
}

/** Messages that are sent over the socket, and their answers. */
export class SocketSends {
  readonly #waiting = new Map<string, Waiting>();
  #next = 1;

  constructor(private readonly send: (frame: object) => boolean) {}

  /** Sends a message; undefined if it has to go another way. What its socket leaves unanswered fails as a network does. */
  try(body: object): Promise<Message> | undefined {
    if (this.#waiting.size >= UNDER_WAY_MAX) return undefined;
    if (new TextEncoder().encode(JSON.stringify(body)).length > BYTES_MAX) return undefined;
    const id = String(this.#next++);
    if (!this.send(sendFrame(id, body))) return undefined;
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  /** Takes an answer in. */
  take(frame: Frame): void {
    const waiting = frame.id === undefined ? undefined : this.#waiting.get(frame.id);
    if (waiting === undefined || frame.id === undefined) return;
    this.#waiting.delete(frame.id);
    if (frame.type === "sent") waiting.resolve(readMessage(frame.body));
    else waiting.reject(refused(frame));
  }

  /** The socket is gone: it is not known what became of those under way. */
  interrupt(): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    const error = HalleyError.local(LocalCode.Network, "The socket ended before the message was answered.");
    for (const { reject } of waiting) reject(error);
  }
}

function refused({ body }: Frame): HalleyError {
  const error = object(body.error);
  return new HalleyError({
    code: text(error.code) ?? LocalCode.Shape,
    message: text(error.message) ?? "The message was refused.",
    status: number(body.status) ?? 400,
    details: error.details === undefined ? undefined : (object(error.details) as ErrorDetails),
  });
}
