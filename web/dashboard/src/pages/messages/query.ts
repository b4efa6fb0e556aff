/** The filters of the message browser as the API asks for them. */

import { secondOf } from "../../lib/format";

/** Where a page begins, as an answer's `meta` names it. */
export type Place = {
  affix: string;
  id: string;
  sentAt?: number | undefined;
  updatedAt?: number | undefined;
};

const FLAGS = [
  "hideDeleted",
  "onlyDeleted",
  "hasAttachments",
  "hasLinks",
  "hasMentions",
  "hasReactions",
  "pinned",
  "hideReplies",
] as const;
type Flag = (typeof FLAGS)[number];

type Category = "message" | "custom" | "interactive" | "action" | "call";
const CATEGORIES: string[] = ["custom", "interactive", "action", "call"];

/** Rows of a page. */
const LIMIT = 30;

/** What stands in the address as a query of messages; `of` names the one whose messages are asked for. */
export function queryOf(get: (name: string) => string) {
  const only = FLAGS.find((flag) => flag === get("only"));
  const isCategory = CATEGORIES.includes(get("kind"));
  return {
    of: { user: get("user"), group: get("group") },
    limit: LIMIT,
    searchKey: get("q") || undefined,
    conversationId: get("conversation") || undefined,
    senders: get("sender") ? [get("sender")] : undefined,
    categories: kindCategories(get("kind"), isCategory),
    types: get("kind") && !isCategory ? [get("kind")] : undefined,
    "sentAt[from]": secondOf(get("from"), "00:00:00"),
    "sentAt[to]": secondOf(get("to"), "23:59:59"),
    ...(only ? ({ [only]: "true" } as { [name in Flag]?: "true" }) : {}),
    ...cursor(get),
  };
}

export type Query = ReturnType<typeof queryOf>;

function kindCategories(kind: string, isCategory: boolean): Category[] | undefined {
  if (kind === "") return undefined;
  return [isCategory ? (kind as Category) : "message"];
}

function cursor(get: (name: string) => string) {
  const affix = get("affix");
  if (affix !== "append" && affix !== "prepend") return {};
  const number = (name: string) => Number(get(name)) || undefined;
  return {
    affix: affix as "append" | "prepend",
    id: number("id"),
    sentAt: number("sentAt"),
    updatedAt: number("updatedAt"),
  };
}

/** A place as it stands in the address; none is the newest page. */
export function placeOf(place: Place | undefined): Record<string, string> {
  return {
    affix: place?.affix ?? "",
    id: place?.id ?? "",
    sentAt: place?.sentAt?.toString() ?? "",
    updatedAt: place?.updatedAt?.toString() ?? "",
  };
}
