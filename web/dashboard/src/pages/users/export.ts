/** Everything that the API tells of one user, gathered page by page into one JSON document. */

import { type Api, answer } from "../../api/client";
import type { Message, Pagination, User } from "../../api/types";

/** Rows of a page of the walk. */
const ROWS = 200;

type Numbered = { data: unknown[]; meta: { pagination: Pagination } };
type Place = { id: string; sentAt?: number | undefined };
type Cursored = { data: Message[]; meta: { previous?: Place } };

/** How far an export is. */
export type Progress = (what: string, rows: number) => void;

/**
 * The document, as parts of text so that a long history is never one string. Keys: `user`, `friends`, `blockedUsers`, `groups`,
 * `messages` (those that the user sent, newest first).
 */
export async function exportUser(
  api: Api,
  user: User,
  tell: Progress,
  signal: AbortSignal,
): Promise<string[]> {
  const params = { path: { uid: user.uid } };
  const headers = { onbehalfof: user.uid };
  const parts = [`{"user":${JSON.stringify(user)}`];
  const numbered = async (
    name: string,
    page: (query: { page: number; perPage: number }) => Promise<Numbered>,
  ) => {
    parts.push(`,"${name}":[`);
    await everyPage(page, (rows, total) => {
      parts.push(joined(rows, total > rows.length));
      tell(name, total);
    });
    parts.push("]");
  };
  await numbered("friends", (query) =>
    answer(api.GET("/v3/users/{uid}/friends", { params: { ...params, query }, signal })),
  );
  await numbered("blockedUsers", (query) =>
    answer(api.GET("/v3/users/{uid}/blockedusers", { params: { ...params, query }, signal })),
  );
  // A deactivated user can't be acted for, which a list of the user's groups takes.
  if (!user.deactivatedAt) {
    await numbered("groups", (query) => {
      const asked = { ...query, hasJoined: "true" as const };
      return answer(api.GET("/v3/groups", { params: { query: asked }, headers, signal }));
    });
  }
  parts.push(`,"messages":[`);
  await everyMessage(api, user.uid, signal, (rows, total) => {
    parts.push(joined(rows, total > rows.length));
    tell("messages", total);
  });
  parts.push("]}");
  return parts;
}

/** Rows as they stand in a list, after others or as the first. */
function joined(rows: unknown[], follow: boolean): string {
  const text = rows.map((row) => JSON.stringify(row)).join(",");
  return follow && text !== "" ? `,${text}` : text;
}

/** Walks a numbered list to its end. */
export async function everyPage(
  fetchPage: (query: { page: number; perPage: number }) => Promise<Numbered>,
  take: (rows: unknown[], total: number) => void,
): Promise<void> {
  let total = 0;
  for (let page = 1; ; page++) {
    const { data, meta } = await fetchPage({ page, perPage: ROWS });
    total += data.length;
    take(data, total);
    if (meta.pagination.total_pages <= meta.pagination.current_page || data.length === 0) return;
  }
}

async function everyMessage(
  api: Api,
  uid: string,
  signal: AbortSignal,
  take: (rows: Message[], total: number) => void,
): Promise<void> {
  let total = 0;
  let place: Place | undefined;
  do {
    const query = {
      limit: ROWS,
      senders: [uid],
      affix: "prepend" as const,
      ...(place ? { id: Number(place.id), sentAt: place.sentAt } : {}),
    };
    const { data, meta } = (await answer(api.GET("/v3/messages", { params: { query }, signal }))) as Cursored;
    total += data.length;
    take(data.toReversed(), total);
    place = data.length === 0 ? undefined : meta.previous;
  } while (place);
}

/** Hands a document to the reader as a file. */
export function download(parts: string[], name: string): void {
  const url = URL.createObjectURL(new Blob(parts, { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The download has its own hold on the data once it has begun.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
