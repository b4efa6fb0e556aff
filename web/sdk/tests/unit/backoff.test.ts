import * as fc from "fast-check";
import { expect, test } from "vitest";
import { backoffDelay } from "../../src/socket/backoff.js";

test("waits grow to their bound and are spread over its upper half", () => {
  const backoff = { first: 500, max: 30_000 };
  fc.assert(
    fc.property(fc.nat(1_000), fc.double({ min: 0, max: 1, noNaN: true }), (tries, random) => {
      const whole = Math.min(30_000, 500 * 2 ** Math.min(tries, 30));
      const delay = backoffDelay(backoff, tries, () => random);
      expect(delay).toBeGreaterThanOrEqual(whole / 2);
      expect(delay).toBeLessThanOrEqual(whole);
    }),
  );
});
