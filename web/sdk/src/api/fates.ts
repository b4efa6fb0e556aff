import { HalleyError, LocalCode } from "../errors.js";
import { object, text } from "../model/json.js";

/** What became of each item of a call about several: undefined if it was done. */
export function fates(value: unknown): Record<string, HalleyError | undefined> {
  const entries = Object.entries(object(value)).map(([id, fate]) => [id, refused(fate)] as const);
  return Object.fromEntries(entries);
}

function refused(value: unknown): HalleyError | undefined {
  const fate = object(value);
  if (fate.success !== false) return undefined;
  const error = object(fate.error);
  return new HalleyError({
    code: text(error.code) ?? LocalCode.Shape,
    message: text(error.message) ?? text(fate.message) ?? "It was not done.",
    status: 400,
  });
}
