/** Everything that is stored of one user, as the server hands it out page by page, in one file of JSON lines. */

import { type Api, answer } from "../../api/client";

type Row = { kind: string; data: unknown };
type ExportPage = { data: Row[]; meta: { cursor?: string | null } };

/** How far an export is. */
export type Progress = (rows: number) => void;

/** The file, as parts of text so that a long history is never one string: a line for each row, with its `kind` and its `data`. */
export async function exportUser(
  api: Api,
  uid: string,
  tell: Progress,
  signal: AbortSignal,
): Promise<string[]> {
  const parts: string[] = [];
  let total = 0;
  let cursor: string | undefined;
  do {
    const params = { path: { uid }, query: cursor === undefined ? {} : { cursor } };
    const page: ExportPage = await answer(api.GET("/v3/users/{uid}/export", { params, signal }));
    parts.push(page.data.map((row) => `${JSON.stringify(row)}\n`).join(""));
    total += page.data.length;
    tell(total);
    cursor = page.meta.cursor ?? undefined;
  } while (cursor !== undefined);
  return parts;
}

/** Hands a document to the reader as a file. */
export function download(parts: string[], name: string): void {
  const url = URL.createObjectURL(new Blob(parts, { type: "application/x-ndjson" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The download has its own hold on the data once it has begun.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
