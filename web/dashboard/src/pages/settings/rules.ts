import type { Limit } from "./catalogue";

/** What is wrong with a limit that somebody typed; null when nothing is. */
export function limitProblem(limit: Pick<Limit, "ceiling">, typed: string | number): string | null {
  const value = typeof typed === "number" ? typed : Number(typed);
  if (typed === "" || !Number.isInteger(value) || value < 0) return "A whole number; 0 is no limit";
  return limit.ceiling !== 0 && value > limit.ceiling ? `At most ${limit.ceiling}` : null;
}
