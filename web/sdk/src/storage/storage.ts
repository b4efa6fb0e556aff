import { HalleyError, LocalCode } from "../errors.js";

/**
 * Where a client keeps its session, its outbox and, if asked for, its last state. Values are JSON; a storage that
 * `keepsBlobs` takes files, too.
 */
export interface KeyValueStorage {
  readonly keepsBlobs: boolean;
  /** What was set, or undefined. */
  get(key: string): Promise<unknown>;
  /** Keeps a value in place of an earlier one. */
  set(key: string, value: unknown): Promise<void>;
  /** Forgets a value, if there is one. */
  delete(key: string): Promise<void>;
  /** All keys that begin so. */
  keys(prefix: string): Promise<string[]>;
}

/** Keeps everything until the page or the process ends. */
export function memoryStorage(): KeyValueStorage {
  const values = new Map<string, unknown>();
  return {
    keepsBlobs: true,
    get: async (key) => values.get(key),
    set: async (key, value) => void values.set(key, value),
    delete: async (key) => void values.delete(key),
    keys: async (prefix) => [...values.keys()].filter((key) => key.startsWith(prefix)),
  };
}

/** Keeps JSON in a `Storage` of the browser, by default in localStorage. */
export function webStorage(given?: Storage): KeyValueStorage {
  const storage = () => {
    const found = given ?? globalThis.localStorage;
    if (found === undefined) throw HalleyError.local(LocalCode.Missing, "There is no localStorage here.");
    return found;
  };
  return {
    keepsBlobs: false,
    async get(key) {
      const text = storage().getItem(key);
      if (text === null) return undefined;
      try {
        return JSON.parse(text) as unknown;
      } catch {
        // Somebody else wrote it: as good as nothing.
        return undefined;
      }
    },
    async set(key, value) {
      storage().setItem(key, JSON.stringify(value));
    },
    async delete(key) {
      storage().removeItem(key);
    },
    async keys(prefix) {
      const found = storage();
      const keys = Array.from({ length: found.length }, (_, index) => found.key(index));
      return keys.filter((key): key is string => key?.startsWith(prefix) ?? false);
    },
  };
}
