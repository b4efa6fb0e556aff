import { useCallback, useEffect, useRef, useState } from "react";
import type { Page } from "./chat";
import { messageOf } from "./errors";

export interface Pages<T> {
  readonly items: readonly T[];
  readonly loading: boolean;
  readonly error?: string;
  readonly hasMore: boolean;
  loadMore(): void;
  reload(): void;
}

interface State<T> {
  items: readonly T[];
  loading: boolean;
  error?: string;
  more?: () => Promise<Page<T>>;
}

/** A list that is fetched page by page; it begins anew when `key` changes. `null`: nothing is asked for. */
export function usePages<T>(key: string | null, first: () => Promise<Page<T>>): Pages<T> {
  const [state, setState] = useState<State<T>>({ items: [], loading: key !== null });
  const [round, setRound] = useState(0);
  const fetchFirst = useRef(first);
  fetchFirst.current = first;
  // Answers of an older key are not shown.
  const current = useRef(0);
  useEffect(() => {
    current.current += 1;
    const asked = current.current;
    if (key === null) {
      setState({ items: [], loading: false });
      return;
    }
    setState((before) => ({ ...before, loading: true, error: undefined }));
    fetchFirst.current().then(
      (page) => asked === current.current && setState({ items: page.items, loading: false, more: page.more }),
      (error) =>
        asked === current.current && setState({ items: [], loading: false, error: messageOf(error) }),
    );
  }, [key, round]);

  const loadMore = useCallback(() => {
    const { more, loading } = state;
    if (!more || loading) return;
    const asked = current.current;
    setState({ ...state, loading: true });
    more().then(
      (page) =>
        asked === current.current &&
        setState((before) => ({ items: [...before.items, ...page.items], loading: false, more: page.more })),
      (error) =>
        asked === current.current &&
        setState((before) => ({ ...before, loading: false, error: messageOf(error) })),
    );
  }, [state]);

  const reload = useCallback(() => setRound((n) => n + 1), []);
  return {
    items: state.items,
    loading: state.loading,
    error: state.error,
    hasMore: !!state.more,
    loadMore,
    reload,
  };
}
