import { HalleyError, LocalCode } from "../errors.js";
import type { KeyValueStorage } from "./storage.js";

const VALUES = "values";

/**
 * Keeps values and files in IndexedDB. The database is opened at the first use.
 *
 * @param name of the database
 * @param factory in place of the browser's own, for example in tests
 */
export function indexedDbStorage(name = "halley-chat", factory?: IDBFactory): KeyValueStorage {
  let opened: Promise<IDBDatabase> | undefined;
  const open = () => {
    opened ??= openDatabase(name, factory ?? globalThis.indexedDB).catch((error: unknown) => {
      // The next use tries again.
      opened = undefined;
      throw error;
    });
    return opened;
  };
  const run = async <T>(
    mode: IDBTransactionMode,
    act: (values: IDBObjectStore) => IDBRequest<T>,
  ): Promise<T> => {
    const database = await open();
    return settled(act(database.transaction(VALUES, mode).objectStore(VALUES)));
  };
  return {
    keepsBlobs: true,
    get: (key) => run<unknown>("readonly", (values) => values.get(key)),
    set: async (key, value) => void (await run("readwrite", (values) => values.put(value, key))),
    delete: async (key) => void (await run("readwrite", (values) => values.delete(key))),
    async keys(prefix) {
      const range = (factory === undefined ? globalThis.IDBKeyRange : undefined)?.bound(
        prefix,
        `${prefix}\uffff`,
      );
      const keys = await run("readonly", (values) => values.getAllKeys(range));
      return keys.map(String).filter((key) => key.startsWith(prefix));
    },
  };
}

function openDatabase(name: string, factory: IDBFactory | undefined): Promise<IDBDatabase> {
  if (factory === undefined) throw HalleyError.local(LocalCode.Missing, "There is no IndexedDB here.");
  const request = factory.open(name, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(VALUES);
  return settled(request);
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB failed"));
  });
}
