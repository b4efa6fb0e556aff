import { expect, test } from "vitest";
import { dayRange, days } from "./days";

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
