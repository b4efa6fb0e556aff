import { ActionIcon, Badge, Loader, Text } from "@mantine/core";
import { IconArrowDown, IconMessageCircle } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import type { Ref } from "react";
import {
  type KeyboardEvent,
  useCallback,
  useEffect,
  useImperativeHandle,
  useMemo,
  useRef,
  useState,
} from "react";
import { Failed, Nothing, Waiting } from "../common/Nothing";
import { type Row, rowsOf } from "../model/feed";
import type { Feed } from "../model/live";
import { announcementOf } from "../model/summary";
import { t } from "../strings";
import classes from "./MessageList.module.css";
import { MessageRow } from "./MessageRow";
import type { MessageMoves } from "./moves";

export interface MessageListHandle {
  goTo(id: string): Promise<void>;
  toEnd(): void;
}

interface Props {
  feed: Feed;
  /** Of the conversation. */
  name: string;
  label: string;
  named: boolean;
  moves: MessageMoves;
  /** A message to begin at. */
  at?: string;
  /** What stands there while nothing was said yet. */
  empty: { readonly title: string; readonly hint?: string };
  /** The newest message is on the screen of somebody who looks. */
  seen?: () => void;
  id?: string;
  ref?: Ref<MessageListHandle>;
}

/** Pixels, before a row is measured. */
const ESTIMATES = { day: 40, unread: 36, message: 64 };
/** The next page is fetched when so few rows are left in that direction. */
const AHEAD = 15;
/** Pixels from the end that count as the end. */
const NEAR_END = 48;
/** How long a message that was jumped to is marked, in ms. */
const FLASH = 2_000;

export function MessageList(props: Props) {
  const { feed, id } = props;
  if (feed.items.length > 0) return <Rows {...props} />;
  return (
    <div className={classes.frame} id={id} tabIndex={-1}>
      <NoRows {...props} />
    </div>
  );
}

function NoRows({ feed, empty }: Props) {
  if (feed.loading) return <Waiting />;
  if (feed.error) return <Failed message={feed.error} retry={feed.refresh} />;
  return <Nothing {...empty} icon={<IconMessageCircle size={40} stroke={1.2} />} />;
}

function Rows({ feed, label, named, moves, at, seen, id, ref }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const { unreadFrom } = feed;
  const rows = useMemo(() => rowsOf(feed.items, unreadFrom), [feed.items, unreadFrom]);
  // With others at each drawing all rows would be placed anew.
  const estimateSize = useCallback((index: number) => ESTIMATES[rows[index]?.kind ?? "message"], [rows]);
  const getItemKey = useCallback((index: number) => rows[index]?.key ?? index, [rows]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize,
    getItemKey,
    overscan: 8,
    paddingStart: 12,
    paddingEnd: 12,
    // Older messages above and new ones below move nothing that is being read.
    anchorTo: "end",
    followOnAppend: true,
    scrollEndThreshold: NEAR_END,
  });
  const shown = virtual.getVirtualItems();
  const jumps = useJumps(feed, rows, virtual);
  useImperativeHandle(ref, () => jumps.handle, [jumps.handle]);
  useBeginning(rows, virtual, at, unreadFrom);
  const isAtRest = useRest(virtual, `${unreadFrom}/${jumps.flash}`);
  const range = { first: shown[0]?.index ?? 0, last: shown[shown.length - 1]?.index ?? 0 };
  useMorePages(feed, rows.length, range, isAtRest);
  useStayAtEnd(virtual);
  const atEnd = !feed.hasNewer && virtual.isAtEnd(NEAR_END);
  useSeen(feed, atEnd, seen);
  useFollowOwn(feed, virtual);

  return (
    <div className={classes.frame}>
      <div
        ref={scroller}
        className={classes.scroller}
        id={id}
        role="log"
        aria-label={label}
        aria-live="off"
        aria-busy={feed.loadingOlder}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: who scrolls by keys has to get here.
        tabIndex={0}
        onKeyDown={moveByArrows}
      >
        {feed.loadingOlder && (
          <div className={classes.loading}>
            <Loader size="xs" aria-label={t.loading} />
          </div>
        )}
        <div className={classes.rows} style={{ height: virtual.getTotalSize() }}>
          {shown.map((item) => {
            const row = rows[item.index];
            return (
              row && (
                <div
                  key={item.key}
                  ref={virtual.measureElement}
                  data-index={item.index}
                  className={classes.row}
                  style={{ transform: `translateY(${item.start}px)` }}
                >
                  <Line row={row} named={named} flash={jumps.flash === row.key} moves={moves} />
                </div>
              )
            );
          })}
        </div>
      </div>
      {!atEnd && <ToNewest feed={feed} go={jumps.handle.toEnd} />}
      <Announcer feed={feed} />
    </div>
  );
}

interface LineProps {
  row: Row;
  named: boolean;
  flash: boolean;
  moves: MessageMoves;
}

function Line({ row, named, flash, moves }: LineProps) {
  if (row.kind === "day") {
    return (
      <div className={classes.day}>
        <span>{row.label}</span>
      </div>
    );
  }
  if (row.kind === "unread") {
    return (
      <div className={classes.unread}>
        <span>{t.chat.newMessages}</span>
      </div>
    );
  }
  return (
    <MessageRow
      message={row.message}
      first={row.first}
      last={row.last}
      named={named}
      flash={flash}
      moves={moves}
    />
  );
}

type Virtual = ReturnType<typeof useVirtualizer<HTMLDivElement, Element>>;

/** Scrolls to messages that are loaded, or will be. */
function useJumps(feed: Feed, rows: readonly Row[], virtual: Virtual) {
  const [flash, setFlash] = useState<string | null>(null);
  const [wanted, setWanted] = useState<string | null>(null);
  const [toEnd, setToEnd] = useState(false);

  useEffect(() => {
    if (!wanted) return;
    const index = rows.findIndex((row) => row.kind === "message" && row.message.id === wanted);
    const key = rows[index]?.key;
    if (!key) return;
    setWanted(null);
    setFlash(key);
    virtual.scrollToIndex(index, { align: "center" });
  }, [wanted, rows, virtual]);

  useEffect(() => {
    if (!toEnd || feed.hasNewer) return;
    setToEnd(false);
    virtual.scrollToEnd();
  }, [toEnd, feed.hasNewer, virtual]);

  useEffect(() => {
    if (!flash) return;
    const timer = setTimeout(() => setFlash(null), FLASH);
    return () => clearTimeout(timer);
  }, [flash]);

  const { items, hasNewer, jumpTo, jumpToNewest } = feed;
  const goTo = useCallback(
    async (id: string) => {
      const loaded = items.some((message) => message.id === id);
      if (loaded || (await jumpTo(id))) setWanted(id);
    },
    [items, jumpTo],
  );
  const end = useCallback(() => {
    if (hasNewer) jumpToNewest();
    setToEnd(true);
  }, [hasNewer, jumpToNewest]);
  const handle = useMemo<MessageListHandle>(() => ({ goTo, toEnd: end }), [goTo, end]);
  return { flash, handle };
}

/** Opens at a message that was asked for, or else at the first new one, or else at the end. */
function useBeginning(
  rows: readonly Row[],
  virtual: Virtual,
  at: string | undefined,
  unreadFrom: string | undefined,
) {
  const begun = useRef<"no" | "at end" | "done">("no");
  useEffect(() => {
    if (begun.current === "done" || rows.length === 0) return;
    const wanted = rows.findIndex(
      (row) => row.kind === "message" && (at ? row.message.id === at : row.key === unreadFrom),
    );
    // Where the new ones begin may be known a moment later.
    if (wanted >= 0) virtual.scrollToIndex(wanted, { align: "center" });
    else if (begun.current === "no") virtual.scrollToEnd();
    begun.current = wanted >= 0 || at ? "done" : "at end";
  }, [rows, virtual, at, unreadFrom]);
}

/**
 * Whether the way to a place has come to its end; `place` names it. The list goes there by the row's number, over some frames,
 * and messages that come before it meanwhile would give another row that number.
 */
function useRest(virtual: Virtual, place: string): boolean {
  const [reached, setReached] = useState<string | null>(null);
  useEffect(() => {
    const { scrollElement, scrollOffset, isScrolling } = virtual;
    const isThere = !isScrolling && Math.abs((scrollElement?.scrollTop ?? 0) - (scrollOffset ?? 0)) < 1;
    if (reached !== place && isThere) setReached(place);
  });
  return reached === place;
}

interface Range {
  readonly first: number;
  readonly last: number;
}

function useMorePages(feed: Feed, count: number, { first, last }: Range, isAtRest: boolean) {
  const { hasOlder, loadingOlder, hasNewer, loading, loadOlder, loadNewer } = feed;
  useEffect(() => {
    if (isAtRest && hasOlder && !loadingOlder && first < AHEAD) loadOlder();
  }, [isAtRest, hasOlder, loadingOlder, loadOlder, first]);
  useEffect(() => {
    if (isAtRest && hasNewer && !loading && last >= count - AHEAD) loadNewer();
  }, [isAtRest, hasNewer, loading, loadNewer, last, count]);
}

/** Who is at the end stays there when what is below takes more room: files, an answer, the keyboard of a phone. */
function useStayAtEnd(virtual: Virtual) {
  const element = virtual.scrollElement;
  useEffect(() => {
    if (!element) return;
    let height = element.clientHeight;
    const observer = new ResizeObserver(() => {
      const wasAtEnd = element.scrollHeight - element.scrollTop - height <= NEAR_END;
      height = element.clientHeight;
      if (wasAtEnd) virtual.scrollToEnd();
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [element, virtual]);
}

/** Tells when the newest message is seen: it is on the screen, and somebody looks at the page. */
function useSeen(feed: Feed, atEnd: boolean, seen: (() => void) | undefined) {
  const newest = feed.items.findLast((message) => !message.mine)?.key;
  useEffect(() => {
    if (!seen || !atEnd || !newest) return;
    const look = () => document.visibilityState === "visible" && document.hasFocus() && seen();
    look();
    addEventListener("focus", look);
    document.addEventListener("visibilitychange", look);
    return () => {
      removeEventListener("focus", look);
      document.removeEventListener("visibilitychange", look);
    };
  }, [seen, atEnd, newest]);
}

/** What one sends oneself is shown, wherever one was reading. */
function useFollowOwn(feed: Feed, virtual: Virtual) {
  const newest = feed.items[feed.items.length - 1];
  const key = newest?.mine && newest.kind === "chat" && newest.delivery === "sending" ? newest.key : null;
  useEffect(() => {
    if (key) virtual.scrollToEnd();
  }, [key, virtual]);
}

function ToNewest({ feed, go }: { feed: Feed; go: () => void }) {
  // Counted from what was the newest when one left the end: older ones may come meanwhile, too.
  const [newest] = useState(feed.items[feed.items.length - 1]?.key);
  const at = feed.items.findLastIndex((message) => message.key === newest);
  const isCounted = at >= 0 && !feed.hasNewer;
  const news = isCounted ? feed.items.slice(at + 1).filter((message) => !message.mine).length : 0;
  return (
    <div className={classes.toNewest}>
      {news > 0 && (
        <Badge size="sm" className={classes.news}>
          {news}
        </Badge>
      )}
      <ActionIcon variant="default" size="xl" radius="xl" aria-label={t.chat.toNewest} onClick={go}>
        <IconArrowDown size={20} />
      </ActionIcon>
    </div>
  );
}

/** Screen readers hear new messages, and not those that scrolling brings into the page. */
function Announcer({ feed }: { feed: Feed }) {
  const newest = feed.items[feed.items.length - 1];
  const [opened] = useState(newest?.key);
  const isNews = newest && !newest.mine && newest.key !== opened && !feed.hasNewer;
  return (
    <Text className="sr-only" aria-live="polite" component="div">
      {isNews ? announcementOf(newest) : ""}
    </Text>
  );
}

/** Up and down go from one message to the next, Home and End to the ends of what is there. */
function moveByArrows(event: KeyboardEvent<HTMLElement>) {
  const steps: Record<string, number> = { ArrowUp: -1, ArrowDown: 1 };
  const step = steps[event.key];
  const target = event.target as HTMLElement;
  const isMessage = target.matches("[data-message]");
  if (step === undefined || (!isMessage && target !== event.currentTarget)) return;
  const messages = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-message]")].sort(byPlace);
  const at = isMessage ? messages.indexOf(target) + step : messages.length - 1;
  const next = messages[at];
  if (!next) return;
  event.preventDefault();
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

/** The order in the page is not always that on the screen. */
function byPlace(a: HTMLElement, b: HTMLElement): number {
  return indexOf(a) - indexOf(b);
}

function indexOf(element: HTMLElement): number {
  return Number(element.closest("[data-index]")?.getAttribute("data-index"));
}
