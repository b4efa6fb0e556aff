/** Filters and pages live in the address, so that every view can be linked to and the way back leads where one was. */

import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";

export type UrlState = {
  /** A value; empty when the address has none. */
  get: (name: string) => string;
  /** Sets values; empty ones leave the address. Filters begin at the first page again. */
  set: (changes: Record<string, string>) => void;
};

/** Names that say where in a list one is. */
const PLACES = ["page", "affix", "id", "sentAt", "updatedAt", "cursor"];

/** Reads and writes the query of the address. */
export function useUrlState(): UrlState {
  const [params, setParams] = useSearchParams();
  const set = useCallback(
    (changes: Record<string, string>) => {
      setParams(
        (old) => changed(old, changes),
        // A page is a place one goes back from; a letter typed into a search is not.
        { replace: !PLACES.some((name) => name in changes) },
      );
    },
    [setParams],
  );
  return useMemo(() => ({ get: (name) => params.get(name) ?? "", set }), [params, set]);
}

/** The query with changes made to it. */
export function changed(old: URLSearchParams, changes: Record<string, string>): URLSearchParams {
  const next = new URLSearchParams(old);
  if (!PLACES.some((name) => name in changes)) for (const name of PLACES) next.delete(name);
  for (const [name, value] of Object.entries(changes)) {
    if (value === "") next.delete(name);
    else next.set(name, value);
  }
  return next;
}

export const PAGE_SIZES = ["25", "50", "100"];

/** Which page of a numbered list is shown. */
export function usePage(): { page: number; perPage: number } {
  const { get } = useUrlState();
  const page = Math.max(1, Number.parseInt(get("page"), 10) || 1);
  const perPage = PAGE_SIZES.includes(get("perPage")) ? Number(get("perPage")) : 25;
  return { page, perPage };
}

/** Whether a window is open, kept in the address: `?new=1`. */
export function useUrlFlag(name: string): [boolean, { open: () => void; close: () => void }] {
  const [params, setParams] = useSearchParams();
  const put = useCallback(
    (value: string | undefined) => {
      setParams(
        (old) => {
          const next = new URLSearchParams(old);
          if (value === undefined) next.delete(name);
          else next.set(name, value);
          return next;
        },
        // The way back does not open a window again that one has closed.
        { replace: value === undefined },
      );
    },
    [name, setParams],
  );
  const handlers = useMemo(() => ({ open: () => put("1"), close: () => put(undefined) }), [put]);
  return [params.has(name), handlers];
}
