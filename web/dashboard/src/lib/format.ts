/** How dates, numbers and sizes are shown. Times of the API are Unix seconds. */

const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const number = new Intl.NumberFormat();

/** A time of the API for people; a dash where there is none. */
export function formatTime(seconds: number | null | undefined): string {
  return seconds ? dateTime.format(seconds * 1000) : "–";
}

/** A count with the separators of the reader's language. */
export function formatNumber(value: number): string {
  return number.format(value);
}

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** A size of memory or of a file. */
export function formatBytes(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(bytes, 1)) / 3)));
  const value = bytes / 1000 ** power;
  return `${number.format(value < 10 && power > 0 ? Math.round(value * 10) / 10 : Math.round(value))} ${UNITS[power]}`;
}

/** "1 user", "2 users". */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${formatNumber(count)} ${count === 1 ? one : many}`;
}

/** The text of a value as the API gave it, indented. */
export function formatJson(value: unknown): string {
  return JSON.stringify(value, null, 2) ?? "";
}

/** Reads a JSON object that somebody typed; `undefined` when the text is blank. Throws an Error that says what is wrong. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  if (text.trim() === "") return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error("This is no valid JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error("This must be a JSON object: { … }");
  }
  return value as Record<string, unknown>;
}

/** What is wrong with a typed JSON object, for a form; null when nothing is. */
export function objectProblem(text: string): string | null {
  try {
    parseObject(text);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : "This is no valid JSON";
  }
}

/** A day of the reader's calendar, as `2026-03-01`, with a time of it in Unix seconds; `undefined` for what is no day. */
export function secondOf(day: string, time: string): number | undefined {
  const at = Date.parse(`${day}T${time}`);
  return Number.isNaN(at) ? undefined : Math.floor(at / 1000);
}
