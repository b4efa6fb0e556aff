import { expect, test } from "vitest";
import { dayAxis, dayRange, days } from "./days";

test("days are whole and end today", () => {
  const list = days(3, Date.UTC(2026, 2, 1, 13));
  expect(list.map((day) => day.toISOString().slice(0, 10))).toEqual([
    "2026-02-27",
    "2026-02-28",
    "2026-03-01",
  ]);
});

test("a day's range does not touch the next day", () => {
  const day = new Date(Date.UTC(2026, 2, 1));
  expect(dayRange(day)).toEqual({ fromDate: 1_772_323_200, toDate: 1_772_409_599 });
});

test("a day on an axis is the API's day, not the one before where the reader's clock is behind", () => {
  const zone = process.env.TZ;
  process.env.TZ = "America/Los_Angeles";
  try {
    expect(dayAxis(new Date(Date.UTC(2026, 2, 1)))).toMatch(/^(1\D|\D+1$)/);
  } finally {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  }
});
