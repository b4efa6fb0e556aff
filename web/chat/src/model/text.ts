import { LinkifyIt } from "linkify-it";

const linkify = new LinkifyIt({ fuzzyLink: true });
const MENTION = /<@(?:uid:([\w-]{1,100})|all:([\w-]{1,100}))>/g;
/** Nothing else is opened by a click. */
const SAFE = /^(?:https?:|mailto:)/i;

export type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "link"; readonly text: string; readonly url: string }
  | { readonly kind: "mention"; readonly text: string; readonly uid: string };

/** Cuts a message's text into plain text, links and mentions. */
export function piecesOf(text: string, names: ReadonlyMap<string, string>): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(MENTION)) {
    pieces.push(...linked(text.slice(from, match.index)));
    const uid = match[1] ?? match[2] ?? "";
    pieces.push({ kind: "mention", uid, text: `@${names.get(uid) ?? uid}` });
    from = match.index + match[0].length;
  }
  pieces.push(...linked(text.slice(from)));
  return pieces;
}

function linked(text: string): Piece[] {
  if (!text) return [];
  const pieces: Piece[] = [];
  let from = 0;
  for (const link of linkify.match(text) ?? []) {
    if (!SAFE.test(link.url)) continue;
    if (link.index > from) pieces.push({ kind: "text", text: text.slice(from, link.index) });
    pieces.push({ kind: "link", text: link.text, url: link.url });
    from = link.lastIndex;
  }
  if (from < text.length) pieces.push({ kind: "text", text: text.slice(from) });
  return pieces;
}

/** As it is read in one line: in lists, notices and quotes. */
export function plainText(text: string, names: ReadonlyMap<string, string>): string {
  return piecesOf(text, names)
    .map((piece) => piece.text)
    .join("")
    .replace(/\s+/g, " ")
    .trim();
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });
/** Longest text that is looked at, in UTF-16 units: one emoji can have a dozen. */
const EMOJI_LONGEST = 60;
const EMOJI_MOST = 3;

/** Up to three emoji and nothing else are shown large. */
export function isEmojiOnly(text: string): boolean {
  // Most texts begin with something else, and cutting a text into its signs is dear.
  if (text.length > EMOJI_LONGEST || !/^\s*\p{Extended_Pictographic}/u.test(text)) return false;
  const signs = [...graphemes.segment(text)]
    .map(({ segment }) => segment)
    .filter((segment) => segment.trim());
  return (
    signs.length > 0 &&
    signs.length <= EMOJI_MOST &&
    signs.every((sign) => /^\p{Extended_Pictographic}/u.test(sign))
  );
}

export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  const units = ["kB", "MB", "GB"];
  let value = count;
  let unit = -1;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
