/** A value that a tab or a device keeps, and tells of. */
export interface Kept<T> {
  getSnapshot(): T;
  subscribe(listener: () => void): () => void;
  put(next: T): void;
}

/** Under a name in a storage; `none` stands for what is not there, or can't be read. */
export function kept<T>(storage: Storage, name: string, none: T): Kept<T> {
  const listeners = new Set<() => void>();
  let value = read(storage.getItem(name), none);
  const change = (next: T) => {
    value = next;
    for (const listener of [...listeners]) listener();
  };
  // Another tab changed it.
  addEventListener("storage", ({ storageArea, key, newValue }) => {
    if (storageArea === storage && key === name) change(read(newValue, none));
  });
  return {
    getSnapshot: () => value,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    put(next) {
      change(next);
      try {
        storage.setItem(name, JSON.stringify(next));
      } catch {
        // A full storage: it lasts as long as the page.
      }
    },
  };
}

function read<T>(text: string | null, none: T): T {
  if (text === null) return none;
  try {
    return JSON.parse(text);
  } catch {
    return none;
  }
}
