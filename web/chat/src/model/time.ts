import { t } from "../strings";

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "short" });
const shortDate = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const longDate = new Intl.DateTimeFormat(undefined, {
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric",
});
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "short" });
const DAY = 86_400_000;

function startOfDay(ms: number): number {
  return new Date(ms).setHours(0, 0, 0, 0);
}

/** Whole days between the days of two moments. */
function daysAgo(ms: number, now: number): number {
  return Math.round((startOfDay(now) - startOfDay(ms)) / DAY);
}

export function timeOfDay(ms: number): string {
  return clock.format(ms);
}

export function exactTime(ms: number): string {
  return full.format(ms);
}

/** The day of a moment: from its beginning up to the next one's. */
export function dayOf(ms: number): { from: number; to: number } {
  const to = new Date(ms);
  to.setHours(24, 0, 0, 0);
  return { from: startOfDay(ms), to: to.getTime() };
}

/** The heading between the messages of two days. */
export function dayHeading(ms: number, now = Date.now()): string {
  const days = daysAgo(ms, now);
  if (days === 0) return t.today;
  if (days === 1) return t.yesterday;
  return longDate.format(ms);
}

/** When, in as few letters as a list has room for. */
export function shortTime(ms: number, now = Date.now()): string {
  const days = daysAgo(ms, now);
  if (days <= 0) return clock.format(ms);
  if (days === 1) return t.yesterday;
  if (days < 7) return weekday.format(ms);
  return shortDate.format(ms);
}

export function lastSeen(ms: number, now = Date.now()): string {
  const days = daysAgo(ms, now);
  if (days <= 0) return t.lastSeen(clock.format(ms));
  return t.lastSeen(`${shortTime(ms, now)} ${clock.format(ms)}`);
}

/** m:ss, or h:mm:ss. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number) => String(n).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
