import type { HalleyChat } from "../client.js";
import { LiveStore, type Store } from "./store.js";

/** What was told of presence, by uid. Of who is not in it nothing was told. */
export type PresenceSnapshot = ReadonlyMap<string, { readonly isOnline: boolean; readonly at: number }>;

/** Opens what the socket tells of presence; the settings say of whom. */
export function openPresence(chat: HalleyChat): Store<PresenceSnapshot> {
  return new PresenceStore(chat);
}

class PresenceStore extends LiveStore<PresenceSnapshot> {
  constructor(chat: HalleyChat) {
    super(chat, new Map());
    this.follow("presence", ({ user, isOnline, at }) => {
      this.set(new Map(this.getSnapshot()).set(user.uid, { isOnline, at }));
    });
    // What happened without a socket is not told.
    this.follow("connection", (state) => {
      if (state === "disconnected" && this.getSnapshot().size > 0) this.set(new Map());
    });
  }
}
