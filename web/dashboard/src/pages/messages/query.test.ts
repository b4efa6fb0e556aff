import { expect, test } from "vitest";
import { placeOf, queryOf } from "./query";

const asked = (values: Record<string, string>) => queryOf((name) => values[name] ?? "");

test("a kind is a type of messages, or a category", () => {
  expect(asked({ kind: "image" })).toMatchObject({ categories: ["message"], types: ["image"] });
  expect(asked({ kind: "call" })).toMatchObject({ categories: ["call"], types: undefined });
  expect(asked({})).toMatchObject({ categories: undefined, types: undefined });
});

test("only flags that there are go out", () => {
  expect(asked({ only: "pinned" })).toMatchObject({ pinned: "true" });
  expect(asked({ only: "__proto__" })).not.toHaveProperty("pinned");
});

test("a day holds its first and its last second", () => {
  const query = asked({ from: "2026-03-01", to: "2026-03-01" });
  expect((query["sentAt[to]"] ?? 0) - (query["sentAt[from]"] ?? 0)).toBe(86_399);
  expect(asked({ from: "nonsense" })["sentAt[from]"]).toBeUndefined();
});

test("a cursor goes round", () => {
  const place = placeOf({ affix: "prepend", id: "12", sentAt: 5 });
  expect(asked(place)).toMatchObject({ affix: "prepend", id: 12, sentAt: 5 });
  expect(asked(placeOf(undefined))).not.toHaveProperty("affix");
});
