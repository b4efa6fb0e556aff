/** Takes something back: a listener, a subscription. */
export type Off = () => void;

/** Typed events. A listener that throws keeps no other from being told. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>();
  readonly #any = new Set<(event: Tagged<Events>) => void>();

  /** Listens to one kind of event. */
  on<K extends keyof Events>(kind: K, listener: (event: Events[K]) => void): Off {
    let listeners = this.#listeners.get(kind);
    if (listeners === undefined) {
      listeners = new Set();
      this.#listeners.set(kind, listeners);
    }
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Listens to the next event of a kind that satisfies the condition. */
  once<K extends keyof Events>(
    kind: K,
    matches: (event: Events[K]) => boolean = () => true,
  ): Promise<Events[K]> {
    return new Promise((resolve) => {
      const off = this.on(kind, (event) => {
        if (!matches(event)) return;
        off();
        resolve(event);
      });
    });
  }

  /** Listens to everything. */
  onAny(listener: (event: Tagged<Events>) => void): Off {
    this.#any.add(listener);
    return () => this.#any.delete(listener);
  }

  /** Tells the listeners. */
  emit<K extends keyof Events>(kind: K, event: Events[K]): void {
    for (const listener of [...(this.#listeners.get(kind) ?? [])]) {
      told(() => (listener as (event: Events[K]) => void)(event));
    }
    for (const listener of [...this.#any]) told(() => listener({ kind, event } as Tagged<Events>));
  }

  /**
   * The events of some kinds, of all without any, in their order. What comes while the loop's body runs waits; ending
   * the loop ends the listening.
   */
  async *events<K extends keyof Events>(...kinds: K[]): AsyncGenerator<Tagged<Pick<Events, K>>, void, void> {
    const waiting: Tagged<Events>[] = [];
    let wake: () => void = () => {};
    const off = this.onAny((event) => {
      if (kinds.length > 0 && !kinds.includes(event.kind as K)) return;
      waiting.push(event);
      wake();
    });
    try {
      while (true) {
        const next = waiting.shift();
        if (next !== undefined) yield next as unknown as Tagged<Pick<Events, K>>;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      off();
    }
  }
}

/** An event with its kind. */
export type Tagged<Events extends object> = {
  [K in keyof Events]: { readonly kind: K; readonly event: Events[K] };
}[keyof Events];

/** A fault in a listener is the app's: it is reported where the app's own faults are. */
function told(tell: () => void): void {
  try {
    tell();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
