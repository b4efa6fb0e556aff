import { expect, test } from "vitest";
import { limitProblem } from "./rules";

test("limits are whole, not negative and below their ceiling", () => {
  expect(limitProblem({ ceiling: 0 }, 5_000_000)).toBeNull();
  expect(limitProblem({ ceiling: 100 }, 0)).toBeNull();
  expect(limitProblem({ ceiling: 100 }, 101)).toContain("100");
  for (const typed of ["", "x", -1, 1.5]) expect(limitProblem({ ceiling: 0 }, typed)).not.toBeNull();
});
