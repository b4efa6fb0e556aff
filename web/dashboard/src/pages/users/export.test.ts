import { expect, test } from "vitest";
import { apiOf } from "../../api/client";
import { exportUser } from "./export";

const ROWS = ["user", "friend", "message", "message", "reaction"].map((kind, at) => ({ kind, data: { at } }));

/** A server with pages of two rows, one of which is empty. */
function answering(cursor: string | null): unknown {
  const pages = [ROWS.slice(0, 2), [], ROWS.slice(2, 4), ROWS.slice(4)];
  const at = Number(cursor ?? "0");
  const next = at + 1 < pages.length ? String(at + 1) : null;
  return { data: pages[at], meta: { count: pages[at]?.length, cursor: next } };
}

test("an export holds every row of every page once, a line each", async () => {
  const real = globalThis.fetch;
  globalThis.fetch = async (input) => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    expect(url.pathname).toBe("/v3/users/ann/export");
    return Response.json(answering(url.searchParams.get("cursor")));
  };
  try {
    const told: number[] = [];
    const parts = await exportUser(
      apiOf("app", "http://server.test"),
      "ann",
      (rows) => told.push(rows),
      new AbortController().signal,
    );
    const lines = parts.join("").trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(ROWS);
    expect(told).toEqual([2, 2, 4, 5]);
  } finally {
    globalThis.fetch = real;
  }
});
