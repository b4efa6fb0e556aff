import { expect, test } from "vitest";
import { apiOf } from "../../api/client";
import type { User } from "../../api/types";
import { everyPage, exportUser } from "./export";

const ANN: User = { uid: "ann", name: "Ann", role: "default", status: "offline" };

/** A server with two pages of friends and three of messages. */
function answering(path: string, query: URLSearchParams): unknown {
  const pages = (rows: unknown[][]) => {
    const page = Number(query.get("page"));
    const pagination = {
      total: 0,
      count: 0,
      per_page: 0,
      current_page: page,
      total_pages: Math.min(page + 1, rows.length),
    };
    return { data: rows[page - 1] ?? [], meta: { pagination } };
  };
  if (path.endsWith("/friends")) return pages([[{ uid: "b" }, { uid: "c" }], [{ uid: "d" }]]);
  if (path.endsWith("/messages")) {
    const before = Number(query.get("id") ?? "6");
    const data = [before - 2, before - 1].map((id) => ({ id: String(id) }));
    return { data, meta: before > 2 ? { previous: { affix: "prepend", id: data[0]?.id } } : {} };
  }
  return pages([[]]);
}

test("an export holds every page once, and is one JSON document", async () => {
  const real = globalThis.fetch;
  globalThis.fetch = async (input) => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    return Response.json(answering(url.pathname, url.searchParams));
  };
  try {
    const api = apiOf("app", "http://server.test");
    const told: string[] = [];
    const parts = await exportUser(
      api,
      ANN,
      (what, rows) => told.push(`${what} ${rows}`),
      new AbortController().signal,
    );
    const document = JSON.parse(parts.join("")) as Record<string, { uid?: string; id?: string }[]>;
    expect(document.user).toEqual(ANN);
    expect(document.friends?.map((row) => row.uid)).toEqual(["b", "c", "d"]);
    expect(document.messages?.map((row) => row.id)).toEqual(["5", "4", "3", "2", "1", "0"]);
    expect(document.blockedUsers).toEqual([]);
    expect(told).toContain("messages 6");
  } finally {
    globalThis.fetch = real;
  }
});

test("a walk ends where no page follows", async () => {
  let asked = 0;
  await everyPage(
    async ({ page }) => {
      asked++;
      const pagination = {
        total: 0,
        count: 1,
        per_page: 1,
        current_page: page,
        total_pages: Math.min(page + 1, 3),
      };
      return { data: [page], meta: { pagination } };
    },
    () => {},
  );
  expect(asked).toBe(3);
});
