import type { HalleyChat } from "../client.js";
import type { Off } from "../events/emitter.js";
import type { HalleyEvents } from "../events/events.js";

/** State that is kept true. `subscribe` and `getSnapshot` are what user interface libraries ask for. */
export interface Store<T> {
  /** Tells of each change. */
  readonly subscribe: (listener: () => void) => Off;
  /** The state; the same object until something changes. It is never changed itself. */
  readonly getSnapshot: () => T;
  /** Follows nothing any more. */
  close(): void;
}

/** What every store does. */
export abstract class LiveStore<T> implements Store<T> {
  #snapshot: T;
  readonly #listeners = new Set<() => void>();
  readonly #offs: Off[] = [];
  protected isClosed = false;

  constructor(
    protected readonly chat: HalleyChat,
    initial: T,
  ) {
    this.#snapshot = initial;
  }

  /** Calls back at each change, until the function that is given back is called. */
  readonly subscribe = (listener: () => void): Off => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** What the store shows now: the same object until something changes. */
  readonly getSnapshot = (): T => this.#snapshot;

  close(): void {
    this.isClosed = true;
    for (const off of this.#offs.splice(0)) off();
    this.#listeners.clear();
  }

  /** Shows something else. */
  protected set(next: T): void {
    if (this.isClosed || next === this.#snapshot) return;
    this.#snapshot = next;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Follows a kind of event until the store is closed. */
  protected follow<K extends keyof HalleyEvents>(kind: K, listener: (event: HalleyEvents[K]) => void): void {
    this.#offs.push(this.chat.on(kind, listener));
  }

  /** Does something when the store is closed. */
  protected atClose(off: Off): void {
    this.#offs.push(off);
  }
}

/** Runs something a moment after it was last asked for. */
export class Later {
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly ms: number,
    private readonly run: () => void,
  ) {}

  /** Asks for it. */
  ask(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.run, this.ms);
  }

  /** Takes it back. */
  cancel(): void {
    clearTimeout(this.#timer);
  }
}

/** The list with one entry replaced; the same list if none fits or nothing changes. */
export function replaced<T>(
  list: readonly T[],
  fits: (entry: T) => boolean,
  change: (entry: T) => T,
): readonly T[] {
  let isChanged = false;
  const next = list.map((entry) => {
    if (!fits(entry)) return entry;
    const changed = change(entry);
    isChanged ||= changed !== entry;
    return changed;
  });
  return isChanged ? next : list;
}

/** The list without some entries; the same list if there are none of those. */
export function without<T>(list: readonly T[], fits: (entry: T) => boolean): readonly T[] {
  return list.some(fits) ? list.filter((entry) => !fits(entry)) : list;
}
