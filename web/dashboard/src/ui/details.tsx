import type { ReactNode } from "react";
import { formatTime } from "../lib/format";
import classes from "./details.module.css";

/** Names and values of one thing. Rows without a value are left out. */
export function Details({ rows }: { rows: [string, ReactNode][] }) {
  return (
    <dl className={classes.list}>
      {rows
        .filter(([, value]) => value !== undefined && value !== "" && value !== null)
        .map(([name, value]) => (
          <div key={name} className={classes.row}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** Where there is nothing to show. A card on a phone leaves it out. */
export function Absent() {
  return <span data-absent>–</span>;
}

/** A text, which may be missing. */
export function Maybe({ of }: { of: string | undefined }) {
  return of ? <span>{of}</span> : <Absent />;
}

/** A time of the API. */
export function Time({ seconds }: { seconds: number | null | undefined }) {
  if (!seconds) return <Absent />;
  return <time dateTime={new Date(seconds * 1000).toISOString()}>{formatTime(seconds)}</time>;
}
