import { expect, test } from "vitest";
import { masked } from "./scopes";

test("a masked key can't be used", () => {
  expect(masked("0123456789abcdef0123456789abcdef01234567")).toBe("012345…4567");
});
