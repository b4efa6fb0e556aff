import { Anchor } from "@mantine/core";
import { memo } from "react";
import { isEmojiOnly, piecesOf } from "../model/text";
import classes from "./RichText.module.css";

interface Props {
  text: string;
  names: ReadonlyMap<string, string>;
  me: string;
}

/** A message's text: plain, with links and mentions. React escapes it; nothing of it is ever taken for HTML. */
export const RichText = memo(function RichText({ text, names, me }: Props) {
  if (isEmojiOnly(text)) return <span className={classes.emoji}>{text}</span>;
  return (
    <span className={classes.text} dir="auto">
      {piecesOf(text, names).map((piece, at) => {
        const key = `${at}-${piece.kind}`;
        if (piece.kind === "link") {
          return (
            <Anchor
              key={key}
              href={piece.url}
              target="_blank"
              rel="noopener noreferrer nofollow"
              inherit
              underline="always"
            >
              {piece.text}
            </Anchor>
          );
        }
        if (piece.kind === "mention") {
          return (
            <span key={key} className={piece.uid === me ? classes.me : classes.mention}>
              {piece.text}
            </span>
          );
        }
        return piece.text;
      })}
    </span>
  );
});
