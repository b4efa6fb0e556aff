import { expect, test } from "vitest";
import { countOf, formatTime, objectProblem, parseObject } from "./format";
import { idProblem, nameProblem, splitIds, urlProblem } from "./ids";

test("only objects are taken where objects are asked for", () => {
  expect(parseObject("  ")).toBeUndefined();
  expect(parseObject('{"a":1}')).toEqual({ a: 1 });
  expect(objectProblem("[1]")).toContain("object");
  expect(objectProblem("null")).toContain("object");
  expect(objectProblem("{a}")).toContain("valid");
});

test("counts and times read well", () => {
  expect(countOf(1, "user")).toBe("1 user");
  expect(countOf(2, "user")).toBe("2 users");
  expect(countOf(0, "match", "matches")).toBe("0 matches");
  expect(formatTime(0)).toBe("–");
});

test("ids, names and addresses are checked as the API does", () => {
  expect(idProblem("Ann_1-b")).toBeNull();
  expect(idProblem("a b")).not.toBeNull();
  expect(idProblem("a".repeat(101))).not.toBeNull();
  expect(nameProblem("  ")).not.toBeNull();
  expect(urlProblem("")).toBeNull();
  expect(urlProblem("javascript:alert(1)")).not.toBeNull();
  expect(splitIds("ann, bob\nann  cy;dee")).toEqual(["ann", "bob", "cy", "dee"]);
});
