import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, lazy, Suspense, useCallback, useEffect, useRef } from "react";
import { useLocation } from "react-router";
import { useConfirm } from "../common/confirm";
import { Failed, Nothing, Waiting } from "../common/Nothing";
import { useChat } from "../model/chat";
import { useConversations } from "../model/live";
import { pathOf } from "../model/target";
import type { Target } from "../model/types";
import { t } from "../strings";
import classes from "./ConversationList.module.css";
import { ConversationRow } from "./ConversationRow";

/** Pixels, as in the style sheet. */
const ROW = 72;
/** The next page is fetched when so few rows are left below. */
const AHEAD = 10;

const SearchResults = lazy(() => import("./SearchResults"));

/** All conversations, or what a search finds. */
export function ConversationList({ search }: { search: string }) {
  // The list stands beside the routes, so it has no parameters of theirs.
  const { pathname } = useLocation();
  if (!search) return <All open={pathname} />;
  return (
    <Suspense fallback={<Waiting />}>
      <SearchResults search={search} open={pathname} />
    </Suspense>
  );
}

/** `open` is the address of what is shown beside it. */
function All({ open }: { open: string }) {
  const chat = useChat();
  const list = useConversations("");
  const scroller = useRef<HTMLDivElement>(null);
  const [question, ask] = useConfirm();
  // The same at each drawing: rows that have not changed are not drawn again.
  const hide = useCallback(
    (target: Target) =>
      ask({ title: t.list.hide, text: t.list.hideConfirm, act: () => chat.hideConversation(target) }),
    [ask, chat],
  );
  const { items } = list;
  const getItemKey = useCallback((at: number) => items[at]?.id ?? at, [items]);
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: rowSize,
    getItemKey,
    overscan: 6,
  });
  const rows = virtual.getVirtualItems();
  const lastShown = rows[rows.length - 1]?.index ?? 0;
  const { hasMore, loading, loadMore } = list;
  useEffect(() => {
    if (hasMore && !loading && lastShown >= list.items.length - AHEAD) loadMore();
  }, [hasMore, loading, loadMore, lastShown, list.items.length]);

  if (list.items.length === 0) {
    if (list.loading) return <Waiting />;
    if (list.error) return <Failed message={list.error} retry={list.loadMore} />;
    return <Nothing title={t.list.empty} hint={t.list.emptyHint} />;
  }
  return (
    <div ref={scroller} className={classes.scroller}>
      <ul
        className={classes.list}
        style={{ height: virtual.getTotalSize() }}
        aria-label={t.list.label}
        onKeyDown={moveByArrows}
      >
        {rows.map((row) => {
          const conversation = list.items[row.index];
          if (!conversation) return null;
          return (
            <li
              key={row.key}
              className={classes.item}
              style={{ transform: `translateY(${row.start}px)` }}
              aria-setsize={list.hasMore ? -1 : list.items.length}
              aria-posinset={row.index + 1}
            >
              <ConversationRow
                conversation={conversation}
                selected={pathOf(conversation.target) === open}
                hide={hide}
              />
            </li>
          );
        })}
      </ul>
      {question}
    </div>
  );
}

function rowSize(): number {
  return ROW;
}

/** Up and down go from one conversation to the next. */
function moveByArrows(event: KeyboardEvent<HTMLElement>) {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  if (!(event.target instanceof HTMLAnchorElement)) return;
  const item = event.target.closest("li");
  const at = Number(item?.getAttribute("aria-posinset")) + (event.key === "ArrowDown" ? 1 : -1);
  const next = event.currentTarget.querySelector<HTMLElement>(`li[aria-posinset="${at}"] a`);
  if (!next) return;
  event.preventDefault();
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}
