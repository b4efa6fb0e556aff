import { type JsonObject, text } from "./json.js";

/** The message whose thread somebody types in, by the metadata of the note; undefined: in no thread. */
export function threadOf(metadata: JsonObject | undefined): string | undefined {
  return text(metadata?.parentId);
}
