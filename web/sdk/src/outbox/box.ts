import { object, text } from "../model/json.js";
import type { KeyValueStorage } from "../storage/storage.js";
import type { Draft } from "./draft.js";

/** Keeps drafts in the storage, each under a key of its own, so that two pages don't overwrite each other's. */
export class Box {
  constructor(
    private readonly storage: KeyValueStorage,
    private readonly appId: string,
  ) {}

  /** The drafts of a user, oldest first. Those whose files are lost are left out. */
  async load(uid: string): Promise<Draft[]> {
    const keys = await this.storage.keys(this.#prefix(uid));
    const found = await Promise.all(keys.map((key) => this.storage.get(key)));
    const drafts = found.filter((value): value is Draft => text(object(value).muid) !== undefined);
    return drafts.sort((a, b) => a.createdAt - b.createdAt);
  }

  async save(uid: string, draft: Draft): Promise<void> {
    // A file that can't be kept would come back as nothing: such a message lives as long as the page.
    if (draft.files.length > 0 && !this.storage.keepsBlobs) return;
    await this.storage.set(this.#prefix(uid) + draft.muid, draft);
  }

  async remove(uid: string, muid: string): Promise<void> {
    await this.storage.delete(this.#prefix(uid) + muid);
  }

  /** Throws everything of a user away. */
  async clear(uid: string): Promise<void> {
    const keys = await this.storage.keys(this.#prefix(uid));
    await Promise.all(keys.map((key) => this.storage.delete(key)));
  }

  #prefix(uid: string): string {
    return `halley:${this.appId}:outbox:${uid}:`;
  }
}
