import { HalleyError } from "../errors.js";
import type { KeyValueStorage } from "./storage.js";

/** How long changes are gathered for before they are written. */
const GATHER_MS = 1_000;
/** Most lists of one kind that are kept; the one that was written first goes first. */
const LISTS_MAX = 50;

/** Keeps a user's last state, so that an app opens with it. */
export class Cache {
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(
    private readonly storage: KeyValueStorage,
    private readonly prefix: string,
    private readonly onError: (error: HalleyError) => void,
  ) {}

  /** A list as it was last; undefined if it was never, or can't be read. */
  async load<T>(name: string): Promise<readonly T[] | undefined> {
    const found = await this.storage.get(this.prefix + name).catch((thrown: unknown) => this.#failed(thrown));
    return Array.isArray(found) ? (found as T[]) : undefined;
  }

  /** Keeps a list, a moment later. */
  save(name: string, list: readonly unknown[]): void {
    clearTimeout(this.#timers.get(name));
    const write = () => {
      this.#timers.delete(name);
      this.#write(name, list).catch((thrown: unknown) => this.#failed(thrown));
    };
    this.#timers.set(name, setTimeout(write, GATHER_MS));
  }

  /** Stops writing. */
  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  /** Forgets everything of the user. */
  async clear(): Promise<void> {
    this.close();
    const keys = await this.storage.keys(this.prefix);
    await Promise.all(keys.map((key) => this.storage.delete(key)));
  }

  async #write(name: string, list: readonly unknown[]): Promise<void> {
    const keys = await this.storage.keys(this.prefix);
    const tooMany = keys
      .filter((key) => key !== this.prefix + name)
      .slice(0, Math.max(0, keys.length - LISTS_MAX));
    await Promise.all(tooMany.map((key) => this.storage.delete(key)));
    await this.storage.set(this.prefix + name, list);
  }

  #failed(thrown: unknown): undefined {
    this.onError(HalleyError.from(thrown));
  }
}
