/** What ordering needs of a message. */
export interface Placed {
  readonly id: string;
  readonly conversationId: string;
  readonly sequence?: number;
}

/** Something is missing in front of a message. */
export interface Gap {
  readonly conversationId: string;
  /** Everything up to this sequence number is there. */
  readonly after: number;
}

/** What to do with a message. */
export interface Verdict<M> {
  /** To be told now, in this order. Empty for a repeat, and while something is missing. */
  readonly deliver: readonly M[];
  /** What is missing, when nobody was told yet. */
  readonly gap?: Gap;
}

/** Sequence numbers remembered of a conversation, to tell a repeat from what comes late. */
const REMEMBERED = 256;
/** Most messages that wait for a missing one. */
const WAITING_MAX = 1_000;
/** Most conversations whose place is remembered, and most that a server lets a client name when it comes back. */
const CONVERSATIONS_MAX = 1_000;
/** Largest JSON of positions: a frame of 64 KiB holds it, with a session token. Ids are ASCII. */
const POSITIONS_BYTES_MAX = 40 * 1024;

/** How far one conversation is. */
class Place<M> {
  /** Everything up to it was told, or is known not to be there. */
  position: number;
  /** Told ones of late; what is below the smallest of a full set counts as told. */
  readonly told = new Set<number>();
  floor = 0;
  readonly waiting = new Map<number, M>();
  isFilling = false;

  constructor(position: number) {
    this.position = position;
  }

  /** Whether it is told for the first time. */
  note(sequence: number): boolean {
    if (sequence <= this.floor || this.told.has(sequence)) return false;
    this.told.add(sequence);
    if (this.told.size > REMEMBERED) {
      const smallest = Math.min(...this.told);
      this.told.delete(smallest);
      this.floor = smallest;
    }
    this.position = Math.max(this.position, sequence);
    return true;
  }

  /** Takes what waits out, in order, as far as nothing is missing, or up to a sequence number. */
  take(upTo = this.position): M[] {
    const taken: M[] = [];
    const sequences = [...this.waiting.keys()].sort((a, b) => a - b);
    for (const sequence of sequences) {
      if (sequence > Math.max(upTo, this.position + 1)) break;
      const message = this.waiting.get(sequence);
      this.waiting.delete(sequence);
      if (message !== undefined && this.note(sequence)) taken.push(message);
    }
    return taken;
  }
}

/**
 * The order of messages: each conversation's are told by sequence number, each once.
 *
 * A message that comes too early waits while what is missing is asked for. Pure: asking belongs to the caller.
 */
export class Orders<M extends Placed> {
  /** The conversation that was heard of last stands last. */
  readonly #places = new Map<string, Place<M>>();
  /** Ids of messages without a place of their own. */
  readonly #ids = new Set<string>();

  /**
   * Takes a message in.
   *
   * @param isComplete everything is told in order, as it is when a socket comes back: a hole is none
   */
  take(message: M, isComplete: boolean): Verdict<M> {
    const { sequence } = message;
    if (sequence === undefined) return { deliver: this.#noteId(message.id) ? [message] : [] };
    const place = this.#place(message.conversationId, sequence);
    if (sequence <= place.position + 1 || isComplete) {
      const deliver = place.note(sequence) ? [message] : [];
      place.waiting.delete(sequence);
      return { deliver: [...deliver, ...place.take()] };
    }
    place.waiting.set(sequence, message);
    if (place.waiting.size > WAITING_MAX) return { deliver: place.take(Number.POSITIVE_INFINITY) };
    if (place.isFilling) return { deliver: [] };
    place.isFilling = true;
    return { deliver: [], gap: { conversationId: message.conversationId, after: place.position } };
  }

  /** Up to which message a gap has to be filled: what waits by now. */
  waitingUpTo(conversationId: string): number {
    return Math.max(0, ...(this.#places.get(conversationId)?.waiting.keys() ?? []));
  }

  /**
   * Fills a gap with everything that the server has up to a sequence number; what is not among it is not there. Another
   * gap may be behind it.
   */
  fill(conversationId: string, found: readonly M[], upTo: number): Verdict<M> {
    const place = this.#places.get(conversationId);
    if (place === undefined) return { deliver: [] };
    for (const message of found) {
      if (message.sequence !== undefined) place.waiting.set(message.sequence, message);
    }
    const deliver = [...place.take(upTo), ...place.take()];
    place.isFilling = place.waiting.size > 0;
    return place.isFilling ? { deliver, gap: { conversationId, after: place.position } } : { deliver };
  }

  /** Tells what waits, without what is missing. */
  giveUp(conversationId: string): M[] {
    const place = this.#places.get(conversationId);
    if (place === undefined) return [];
    place.isFilling = false;
    return place.take(Number.POSITIVE_INFINITY);
  }

  /** The socket is gone: what waits will come again. */
  interrupt(): void {
    for (const place of this.#places.values()) {
      place.waiting.clear();
      place.isFilling = false;
    }
  }

  /**
   * By conversation, the sequence number up to which everything is told. The conversations that were heard of last come
   * first, as many as fit: of the others the server knows how far the last socket was.
   */
  positions(): Record<string, number> {
    const positions: Record<string, number> = {};
    let bytes = 0;
    for (const [id, { position }] of [...this.#places].reverse()) {
      bytes += id.length + String(position).length + 4;
      if (bytes > POSITIONS_BYTES_MAX) break;
      positions[id] = position;
    }
    return positions;
  }

  /** Forgets everything: it is fetched anew. */
  clear(): void {
    this.#places.clear();
    this.#ids.clear();
  }

  /** The first message of a conversation sets where its order begins. */
  #place(conversationId: string, sequence: number): Place<M> {
    const place = this.#places.get(conversationId) ?? new Place<M>(sequence - 1);
    this.#places.delete(conversationId);
    this.#places.set(conversationId, place);
    if (this.#places.size > CONVERSATIONS_MAX) {
      const [oldest] = this.#places.keys();
      if (oldest !== undefined) this.#places.delete(oldest);
    }
    return place;
  }

  #noteId(id: string): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    if (this.#ids.size > REMEMBERED) {
      const [oldest] = this.#ids;
      if (oldest !== undefined) this.#ids.delete(oldest);
    }
    return true;
  }
}
