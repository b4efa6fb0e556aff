import { describe, expect, it } from "vitest";
import { dayHeading, duration, shortTime } from "../../src/model/time";

const now = new Date(2026, 4, 20, 12, 0).getTime();
const HOUR = 3_600_000;

describe("times", () => {
  it("of yesterday evening are yesterday, however few hours ago", () => {
    expect(shortTime(now - 13 * HOUR, now)).toBe("Yesterday");
    expect(dayHeading(now - 13 * HOUR, now)).toBe("Yesterday");
    expect(dayHeading(now - 11 * HOUR, now)).toBe("Today");
  });

  it("of calls are as on a clock", () => {
    expect([0, 59_999, 61_000, 3_661_000].map(duration)).toEqual(["0:00", "0:59", "1:01", "1:01:01"]);
  });
});
