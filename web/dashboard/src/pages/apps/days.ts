/** Days as the API counts them: from midnight to midnight, UTC. */

const DAY_MS = 86_400_000;

/** The last days, today included, oldest first. */
export function days(count: number, now = Date.now()): Date[] {
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  return Array.from({ length: count }, (_, at) => new Date(today - (count - 1 - at) * DAY_MS));
}

/** A day as a query of the usage: Unix seconds. */
export function dayRange(day: Date): { fromDate: number; toDate: number } {
  const from = day.getTime() / 1000;
  return { fromDate: Math.max(from, 1), toDate: from + DAY_MS / 1000 - 1 };
}

/** A day for an axis: the one that the API counts, wherever the reader is. */
export function dayAxis(day: Date): string {
  return day.toLocaleDateString(undefined, { day: "numeric", month: "short", timeZone: "UTC" });
}

/** A time of today for an axis. */
export function minute(ms: number): string {
  return new Date(ms).toLocaleTimeString(undefined, { timeStyle: "short" });
}
