import { describe, expect, it } from "vitest";
import { rowsOf } from "../../src/model/feed";
import type { ChatMessage } from "../../src/model/types";

const noon = new Date(2026, 4, 20, 12, 0).getTime();

function said(key: string, by: string, sentAt: number): ChatMessage {
  return {
    kind: "chat",
    key,
    id: key,
    sender: { uid: by, name: by },
    mine: by === "ann",
    sentAt,
    conversationId: "ann_user_bob",
    target: { kind: "user", id: "bob" },
    text: key,
    attachments: [],
    mentions: new Map(),
    mentionsMe: false,
    delivery: "sent",
    reactions: [],
    replyCount: 0,
    unreadReplies: 0,
  };
}

const shape = (messages: ChatMessage[], unreadFrom?: string) =>
  rowsOf(messages, unreadFrom).map((row) =>
    row.kind === "message" ? `${row.key}${row.first ? "^" : ""}${row.last ? "$" : ""}` : row.kind,
  );

describe("the rows of a conversation", () => {
  it("stand in runs of one sender", () => {
    const messages = [said("1", "ann", noon), said("2", "ann", noon + 1000), said("3", "bob", noon + 2000)];
    expect(shape(messages)).toEqual(["day", "1^", "2$", "3^$"]);
  });

  it("begin a new run after a pause", () => {
    expect(shape([said("1", "ann", noon), said("2", "ann", noon + 6 * 60_000)])).toEqual([
      "day",
      "1^$",
      "2^$",
    ]);
  });

  it("are divided by days", () => {
    expect(shape([said("1", "ann", noon), said("2", "ann", noon + 86_400_000)])).toEqual([
      "day",
      "1^$",
      "day",
      "2^$",
    ]);
  });

  it("are divided before the first new message", () => {
    expect(shape([said("1", "bob", noon), said("2", "bob", noon + 1000)], "2")).toEqual([
      "day",
      "1^$",
      "unread",
      "2^$",
    ]);
  });

  it("have keys of their own", () => {
    const messages = Array.from({ length: 500 }, (_, at) =>
      said(String(at), at % 3 ? "ann" : "bob", noon + at * 3_600_000),
    );
    const keys = rowsOf(messages, "20").map((row) => row.key);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("of 100,000 messages cost far less than a second", () => {
    const messages = Array.from({ length: 100_000 }, (_, at) =>
      said(String(at), at % 3 ? "ann" : "bob", noon + at * 1000),
    );
    // Of the processor, not of the clock: other things run beside it.
    const begun = process.cpuUsage();
    rowsOf(messages, undefined);
    expect(process.cpuUsage(begun).user).toBeLessThan(1_000_000);
  });
});
