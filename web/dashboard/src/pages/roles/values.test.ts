import { expect, test } from "vitest";
import { isDefault, shown } from "./values";

test("an empty list is no limit", () => {
  expect(shown([])).toBe("no limit");
  expect(shown(["a", "b"])).toBe("a, b");
  expect(shown("allow")).toBe("allow");
});

test("what equals the default is not marked as set", () => {
  expect(isDefault({ value: [], defaultValue: [] })).toBe(true);
  expect(isDefault({ value: ["a"], defaultValue: [] })).toBe(false);
  expect(isDefault({ value: "deny", defaultValue: "allow" })).toBe(false);
});
