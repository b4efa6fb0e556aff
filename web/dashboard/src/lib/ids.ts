/** The rules of ids as the API documents them, told before a call is made. */

const ID = /^[A-Za-z0-9_-]{1,100}$/;

/** What is wrong with an id that somebody typed; null when nothing is. */
export function idProblem(id: string): string | null {
  return ID.test(id) ? null : "1 to 100 letters, digits, - and _";
}

/** What is wrong with a name; null when nothing is. */
export function nameProblem(name: string): string | null {
  if (name.trim() === "") return "A name is needed";
  return name.length > 100 ? "At most 100 characters" : null;
}

/** What is wrong with the address of a picture or page; null when nothing is. Empty is none. */
export function urlProblem(url: string): string | null {
  return url === "" || /^https?:\/\/\S+$/i.test(url)
    ? null
    : "An address that begins with http:// or https://";
}

/** Splits what somebody pasted as a list of ids: commas, spaces and lines separate. */
export function splitIds(text: string): string[] {
  return [...new Set(text.split(/[\s,;]+/).filter((id) => id !== ""))];
}
