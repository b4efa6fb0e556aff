import { describe, expect, it } from "vitest";
import { bytes, isEmojiOnly, piecesOf, plainText } from "../../src/model/text";

const names = new Map([["bob", "Bob Stone"]]);

describe("the text of a message", () => {
  it("is cut into text, links and mentions", () => {
    expect(piecesOf("See https://example.com/a?b=1, <@uid:bob>!", names)).toEqual([
      { kind: "text", text: "See " },
      { kind: "link", text: "https://example.com/a?b=1", url: "https://example.com/a?b=1" },
      { kind: "text", text: ", " },
      { kind: "mention", uid: "bob", text: "@Bob Stone" },
      { kind: "text", text: "!" },
    ]);
  });

  it("shows who is unknown by id", () => {
    expect(plainText("<@uid:eve> hi", names)).toBe("@eve hi");
  });

  it.each(["javascript:alert(1)", "data:text/html,<b>x</b>", "vbscript:x", "ftp://example.com/x"])(
    "makes no link of %s",
    (text) => {
      expect(
        piecesOf(text, names).filter(
          (piece) => piece.kind === "link" && !/^https?:|^mailto:/.test(piece.url),
        ),
      ).toEqual([]);
    },
  );

  it("leaves markup as it is", () => {
    expect(plainText("<b>bold</b>", names)).toBe("<b>bold</b>");
  });

  it("gives back everything it was given", () => {
    const text = "a@b.example www.example.org <@uid:x> <@uid: > http://";
    expect(
      piecesOf(text, new Map())
        .map((piece) => (piece.kind === "mention" ? `<@uid:${piece.uid}>` : piece.text))
        .join(""),
    ).toBe(text);
  });
});

describe("emoji alone", () => {
  it.each(["👍", "👍🏽", "❤️ 😂", "👨‍👩‍👧"])("%s is shown large", (text) =>
    expect(isEmojiOnly(text)).toBe(true),
  );
  it.each(["hi 👍", "1", "", "👍👍👍👍"])("%s is not", (text) => expect(isEmojiOnly(text)).toBe(false));
});

describe("sizes", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [15_600, "16 kB"],
    [2_500_000, "2.5 MB"],
  ])("%i is %s", (count, text) => expect(bytes(count)).toBe(text));
});
