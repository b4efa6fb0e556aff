import { expect, test } from "vitest";
import { type Act, type Area, may, type OperatorRole } from "./rights";

test.each<[OperatorRole, Area, Act, boolean]>([
  ["owner", "keys", "D", true],
  ["admin", "settings", "C", true],
  ["moderator", "users", "D", true],
  ["moderator", "keys", "R", false],
  ["moderator", "tokens", "C", false],
  ["moderator", "tokens", "D", true],
  ["moderator", "settings", "R", false],
  ["developer", "users", "C", true],
  ["developer", "users", "D", false],
  ["developer", "moderation", "C", false],
  ["developer", "keys", "C", true],
  ["developer", "audit", "R", false],
])("%s in %s: %s is %s", (role, area, act, allowed) => {
  expect(may(role, area, act)).toBe(allowed);
});
