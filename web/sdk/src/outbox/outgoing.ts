import type { Message } from "../model/message.js";

/**
 * A message on its way. Awaiting it gives the stored message, or throws the server's refusal; while the server can't be
 * reached it waits. It need not be awaited: the events `outgoing` tell the same.
 */
export class Outgoing implements PromiseLike<Message> {
  constructor(
    /** As it is shown until it is stored. */
    readonly message: Message,
    private readonly sent: Promise<Message>,
    private readonly discard: () => void,
  ) {
    // Who does not await it hears of the refusal by events.
    sent.catch(() => {});
  }

  /** The sender's own id of it. */
  get muid(): string {
    return this.message.muid ?? "";
  }

  /** Takes it back, unless it is being stored just now; then awaiting it throws. */
  cancel(): void {
    this.discard();
  }

  // biome-ignore lint/suspicious/noThenProperty: it is awaited.
  then<A = Message, B = never>(
    onSent?: ((message: Message) => A | PromiseLike<A>) | null,
    onRefused?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.sent.then(onSent, onRefused);
  }
}
