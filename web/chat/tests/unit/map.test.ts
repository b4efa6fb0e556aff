import { expect, it } from "vitest";
import { readMessage } from "../../../sdk/src/model/message";
import { messageOf } from "../../src/model/map";
import { summaryOf } from "../../src/model/summary";

function wire(more: object) {
  return readMessage({
    id: "7",
    muid: "m-7",
    conversationId: "ann_user_bob",
    sender: "bob",
    receiver: "ann",
    receiverType: "user",
    category: "message",
    type: "text",
    sentAt: 1_700_000_000,
    ...more,
    data: {
      entities: { sender: { entity: { uid: "bob", name: "Bob" } } },
      ...("data" in more ? (more.data as object) : {}),
    },
  });
}

it("shows a message to whom it was sent as one of its sender's conversation", () => {
  const view = messageOf(wire({ data: { text: "hi" } }), "ann");
  expect(view).toMatchObject({
    kind: "chat",
    key: "m-7",
    mine: false,
    text: "hi",
    target: { kind: "user", id: "bob" },
  });
});

it("keeps the view of a message that did not change", () => {
  const message = wire({ data: { text: "hi" } });
  expect(messageOf(message, "ann")).toBe(messageOf(message, "ann"));
});

it.each([
  "javascript:alert(1)",
  "JavaScript:alert(1)",
  "data:text/html,<script>x</script>",
  "file:///etc/passwd",
])("opens no %s", (url) => {
  const view = messageOf(wire({ type: "file", data: { attachments: [{ url, name: "x" }] } }), "ann");
  expect(view).toMatchObject({ attachments: [] });
});

it("tells how far an own message came", () => {
  const delivery = (more: object) => messageOf(wire({ sender: "bob", receiver: "ann", ...more }), "bob");
  expect(delivery({})).toMatchObject({ delivery: "sent" });
  expect(delivery({ deliveredAt: 5 })).toMatchObject({ delivery: "delivered" });
  expect(delivery({ deliveredAt: 5, readAt: 6 })).toMatchObject({ delivery: "read" });
});

it("tells from whom a moderator keeps a message", () => {
  const data = { text: "bad", moderation: { status: "disapproved" } };
  const view = (me: string, more: object) => messageOf(wire({ sender: "bob", receiver: "ann", ...more }), me);
  expect(view("bob", { data })).toMatchObject({ text: "bad", withheld: "fromOthers" });
  const shown = view("ann", { data: { moderation: data.moderation } });
  expect(shown).toMatchObject({ withheld: "fromMe" });
  expect(summaryOf(shown)).toBe("This message was removed by a moderator");
  const approved = { text: "good", moderation: { status: "approved" } };
  expect(view("ann", { data: approved })).toMatchObject({ withheld: undefined });
});

it("says nothing of what a deleted message said", () => {
  expect(summaryOf(messageOf(wire({ deletedAt: 9, data: { text: "secret" } }), "ann"))).toBe(
    "This message was deleted",
  );
});
