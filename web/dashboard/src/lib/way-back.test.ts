import { expect, test } from "vitest";
import { wayBack } from "./way-back";

test("a log-in leads back into the dashboard and nowhere else", () => {
  expect(wayBack("/apps/x/users?q=ann")).toBe("/apps/x/users?q=ann");
  expect(wayBack(null)).toBe("/apps");
  expect(wayBack("//evil.example")).toBe("/apps");
  expect(wayBack("/\\evil.example")).toBe("/apps");
  expect(wayBack("https://evil.example")).toBe("/apps");
});
