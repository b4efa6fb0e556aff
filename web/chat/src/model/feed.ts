import { dayHeading, dayOf } from "./time";
import type { Message } from "./types";

/** One line of the list of messages. */
export type Row =
  | { readonly kind: "day"; readonly key: string; readonly label: string }
  | { readonly kind: "unread"; readonly key: string }
  | {
      readonly kind: "message";
      readonly key: string;
      readonly message: Message;
      /** The first of a run of the same sender: it shows who that is. */
      readonly first: boolean;
      /** The last of such a run: it shows the picture. */
      readonly last: boolean;
    };

/** Messages of one sender stand together when no more time than this lies between them, in ms. */
const RUN = 5 * 60_000;

function continues(before: Message, after: Message): boolean {
  return (
    before.kind === "chat" &&
    after.kind === "chat" &&
    before.sender.uid === after.sender.uid &&
    after.sentAt - before.sentAt < RUN
  );
}

/** Messages, oldest first, with the lines between them. `unreadFrom` is the key of the first new one. */
export function rowsOf(messages: readonly Message[], unreadFrom: string | undefined): Row[] {
  const rows: Row[] = [];
  // Dates are dear: one is made for each day, not for each message.
  let day = { from: 0, to: 0 };
  let before: Message | undefined;
  for (const [at, message] of messages.entries()) {
    const isOtherDay = message.sentAt < day.from || message.sentAt >= day.to;
    if (isOtherDay) {
      day = dayOf(message.sentAt);
      rows.push({ kind: "day", key: `day-${day.from}`, label: dayHeading(message.sentAt) });
    }
    const isNew = message.key === unreadFrom;
    if (isNew) rows.push({ kind: "unread", key: "unread" });
    const after = messages[at + 1];
    rows.push({
      kind: "message",
      key: message.key,
      message,
      first: isOtherDay || isNew || !before || !continues(before, message),
      last: !after || after.key === unreadFrom || after.sentAt >= day.to || !continues(message, after),
    });
    before = message;
  }
  return rows;
}
