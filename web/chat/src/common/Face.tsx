import { Avatar } from "@mantine/core";
import classes from "./Face.module.css";

/** Colours that white letters can be read on. */
const COLORS = ["indigo", "grape", "pink", "teal", "violet", "blue", "cyan", "red"];

function colorOf(name: string): string {
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) >>> 0;
  return COLORS[hash % COLORS.length] ?? "indigo";
}

function initialsOf(name: string): string {
  const words = name.split(/[\s_-]+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0]];
  return letters.map((word) => [...(word ?? "")][0]?.toUpperCase() ?? "").join("") || "?";
}

interface Props {
  name: string;
  src?: string;
  size?: number;
  online?: boolean;
}

/** A picture, or else initials; the name beside it says who it is. */
export function Face({ name, src, size = 40, online }: Props) {
  return (
    <span className={classes.face} aria-hidden="true">
      <Avatar src={src || null} alt="" size={size} radius={size} color={colorOf(name)}>
        <span className={classes.initials} data-initials={initialsOf(name)} />
      </Avatar>
      {online !== undefined && <span className={online ? classes.online : classes.away} />}
    </span>
  );
}
