import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { MessageChange, ReactionEvent, ReceiptEvent } from "../../src/index.js";
import { type Message, readMessage } from "../../src/model/message.js";
import { toUser } from "../../src/model/receiver.js";
import { changed, inserted, type Mutation, merged, reacted, receipted } from "../../src/stores/window.js";
import { messageOf } from "./fake.js";

const message = (sequence: number, sender = "bob", more = {}): Message =>
  readMessage(messageOf(sequence, sender, sender === "me" ? "bob" : "me", more));
const ids = (items: readonly Message[]) => items.map(({ id }) => id);

function reaction(messageId: string, uid: string, added: boolean, count: number): ReactionEvent {
  const user = { uid, name: uid, role: "default", status: "offline" } as const;
  const about = { id: "1", messageId, reaction: "👍", user, reactedAt: 1 };
  return { added, count, conversationId: "bob_user_me", reaction: about };
}

function receipt(messageId: string, action: ReceiptEvent["action"], uid = "bob", at = 9): ReceiptEvent {
  const user = { uid, name: uid, role: "default", status: "offline" } as const;
  return { action, messageId, user, peer: toUser("bob"), at };
}

describe("a window of messages", () => {
  test("each has its place by its id, whenever it comes", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([1, 2, 3, 8, 9, 10, 11, 99, 100], { minLength: 1 }), (sequences) => {
        const items = [...sequences, ...sequences].reduce<readonly Message[]>(
          (all, at) => inserted(message(at))(all),
          [],
        );
        expect(ids(items)).toEqual([...sequences].sort((a, b) => a - b).map((at) => `${100 + at}`));
      }),
    );
  });

  test("every change, made twice, changes nothing more", () => {
    const mutations: fc.Arbitrary<Mutation> = fc.oneof(
      fc.integer({ min: 1, max: 5 }).map((at) => inserted(message(at))),
      fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 50 })).map(([at, updatedAt]) => {
        const change: MessageChange["change"] = "edited";
        return changed({ message: message(at, "bob", { updatedAt }), change, isOwnView: false });
      }),
      fc
        .tuple(fc.integer({ min: 101, max: 105 }), fc.constantFrom("me", "cat"), fc.boolean(), fc.nat(3))
        .map(([id, uid, added, count]) => reacted(reaction(`${id}`, uid, added, count), "me")),
      fc
        .tuple(fc.integer({ min: 101, max: 105 }), fc.constantFrom("read" as const, "delivered" as const))
        .map(([id, action]) => receipted(receipt(`${id}`, action), "me")),
    );
    fc.assert(
      fc.property(fc.array(mutations, { maxLength: 20 }), mutations, (before, last) => {
        const start: readonly Message[] = [message(1, "me"), message(2), message(3, "me")];
        const once = last(before.reduce<readonly Message[]>((all, mutation) => mutation(all), start));
        expect(last(once)).toEqual(once);
        expect(ids(once)).toEqual([...ids(once)].sort());
      }),
    );
  });

  test("what a device knows of itself outlives what is told to everybody", () => {
    const known = message(1, "bob", {
      savedAt: 5,
      readAt: 7,
      data: { text: "a", reactions: [{ reaction: "👍", count: 1, reactedByMe: true }] },
    });
    const told = message(1, "bob", {
      updatedAt: 9,
      data: { text: "b", reactions: [{ reaction: "👍", count: 2 }] },
    });
    expect(merged(known, told, false)).toMatchObject({
      text: "b",
      savedAt: 5,
      readAt: 7,
      reactions: [{ reaction: "👍", count: 2, reactedByMe: true }],
    });
    const own = merged(known, told, true);
    expect(own.savedAt).toBeUndefined();
    expect(own.reactions[0]?.reactedByMe).toBe(false);
  });

  test("an answer that was overtaken by an edit does not undo it", () => {
    const edited = message(1, "bob", { updatedAt: 9, data: { text: "new" } });
    const stale = message(1, "bob", { updatedAt: 3, data: { text: "old" } });
    expect(inserted(stale)([edited])[0]?.text).toBe("new");
  });

  test("what is gone from a message goes", () => {
    const pinned = message(1, "bob", { pinnedAt: 5, pinnedBy: "bob" });
    const unpinned: MessageChange = { message: message(1), change: "unpinned", isOwnView: false };
    expect(changed(unpinned)([pinned])[0]).not.toHaveProperty("pinnedAt");
    const saved = message(1, "bob", { savedAt: 5 });
    expect(
      changed({ message: message(1), change: "unsaved", isOwnView: false })([saved])[0],
    ).not.toHaveProperty("savedAt");
  });

  test("a receipt covers the own messages before it, and no others", () => {
    const items = [message(1, "me"), message(2), message(3, "me"), message(4, "me")];
    const read = receipted(receipt("103", "read"), "me")(items);
    expect(read.map(({ readAt }) => readAt)).toEqual([9, undefined, 9, undefined]);
    expect(receipted(receipt("103", "read", "me"), "me")(items)).toBe(items);
    const inGroup = { ...receipt("103", "read"), peer: { type: "group", id: "g" } } as const;
    expect(receipted(inGroup, "me")(items)).toBe(items);
    const byAll = { ...inGroup, action: "readByAll" } as const;
    expect(receipted(byAll, "me")(items)[0]?.readAt).toBe(9);
  });

  test("the last reaction of a kind takes its count away", () => {
    const one = reacted(reaction("101", "me", true, 1), "me")([message(1)]);
    expect(one[0]?.reactions).toEqual([{ reaction: "👍", count: 1, reactedByMe: true }]);
    expect(reacted(reaction("101", "me", false, 0), "me")(one)[0]?.reactions).toEqual([]);
  });
});
