import { expect, test } from "vitest";
import { changed } from "./url-state";

test("a filter begins at the first page, a page keeps the filters", () => {
  const old = new URLSearchParams("q=ann&page=3&tab=x");
  expect(changed(old, { q: "bob" }).toString()).toBe("q=bob&tab=x");
  expect(changed(old, { page: "4" }).toString()).toBe("q=ann&page=4&tab=x");
  expect(changed(old, { q: "" }).toString()).toBe("tab=x");
});
