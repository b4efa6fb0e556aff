import { Alert, Button } from "@mantine/core";
import {
  type DragEvent,
  lazy,
  type ReactNode,
  Suspense,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { useLocation, useNavigate, useParams, useSearchParams } from "react-router";
import { PlainPage } from "../app/PlainPage";
import { useConfirm } from "../common/confirm";
import { Failed, Waiting } from "../common/Nothing";
import { useChat } from "../model/chat";
import { tell } from "../model/errors";
import { useFeed, usePeer } from "../model/live";
import { rightsIn } from "../model/rights";
import { isChat } from "../model/summary";
import { keyOf } from "../model/target";
import type { ChatMessage, Target, TargetKind } from "../model/types";
import { t } from "../strings";
import { ChatHeader } from "./ChatHeader";
import classes from "./ChatPage.module.css";
import { Composer, type Context } from "./Composer";
import { MessageList, type MessageListHandle } from "./MessageList";
import type { MessageMoves } from "./moves";
import { TypingLine } from "./TypingLine";

const ThreadPanel = lazy(() => import("./ThreadPanel"));
const SearchPanel = lazy(() => import("./SearchPanel"));
const PinnedPanel = lazy(() => import("./PinnedPanel"));
const PersonPanel = lazy(() => import("./PersonPanel"));
const GroupPanel = lazy(() => import("../groups/GroupPanel"));
const FlagDialog = lazy(() => import("./FlagDialog"));
const ReadersDialog = lazy(() => import("./ReadersDialog"));
const ReactionsDialog = lazy(() => import("./ReactionsDialog"));

/** One conversation. Another one is another page: nothing of the first is kept. */
export function ChatPage({ kind }: { kind: TargetKind }) {
  const { id = "" } = useParams();
  const target = useMemo<Target>(() => ({ kind, id }), [kind, id]);
  return <Opened key={keyOf(target)} target={target} />;
}

function Opened({ target }: { target: Target }) {
  const location = useLocation();
  const [at] = useState<string | undefined>(location.state?.at);
  const chat = useChat();
  const peer = usePeer(target);
  const feed = useFeed(target, at);
  const list = useRef<MessageListHandle>(null);
  const [context, setContext] = useState<Context>({ kind: "none" });
  const [files, setFiles] = useState<readonly File[]>([]);
  const panel = usePanel();
  const rights = useMemo(
    () => (peer.group ? rightsIn(peer.group, chat.me.uid) : { moderate: false, pin: true }),
    [peer.group, chat.me.uid],
  );
  const { moves, dialogs } = useMoves(rights, setContext, panel.openThread, (id) => list.current?.goTo(id));
  useGoing(location, (id) => list.current?.goTo(id));
  const leaveContext = useCallback(() => setContext({ kind: "none" }), []);
  const seen = useCallback(() => chat.markRead(target), [chat, target]);
  const drop = useDrop((dropped) => setFiles((before) => [...before, ...dropped]));
  const showPinned = () => panel.open("pinned");
  const editLast = () => {
    const own = feed.items
      .filter(isChat)
      .findLast((message) => message.mine && message.id && !message.deletedAt && message.text);
    if (own && own.attachments.length === 0) setContext({ kind: "edit", message: own });
  };
  if (peer.error && !peer.person && !peer.group) {
    return (
      <PlainPage title={t.chat.gone}>
        <Failed message={peer.error} retry={peer.reload} />
      </PlainPage>
    );
  }

  return (
    <div className={classes.page} data-panel={panel.name ?? undefined}>
      <main className={classes.main} {...drop.handlers}>
        <ChatHeader target={target} peer={peer} open={panel.open} />
        <MessageList
          ref={list}
          id="messages"
          feed={feed}
          name={peer.name}
          label={t.chat.messagesWith(peer.name)}
          empty={{ title: t.chat.empty, hint: t.chat.emptyHint(peer.name) }}
          named={target.kind === "group"}
          moves={moves}
          at={at}
          seen={seen}
        />
        <TypingLine target={target} />
        <Below target={target} peer={peer}>
          <Composer
            target={target}
            name={peer.name}
            context={context}
            leaveContext={leaveContext}
            files={files}
            setFiles={setFiles}
            editLast={editLast}
          />
        </Below>
        {drop.over && <div className={classes.drop}>{t.chat.dropHere}</div>}
      </main>
      {panel.name && (
        <aside className={classes.panel}>
          <Suspense fallback={<Waiting />}>
            {panel.name === "thread" && panel.thread && (
              <ThreadPanel
                key={panel.thread}
                target={target}
                name={peer.name}
                parentId={panel.thread}
                moves={moves}
                close={panel.close}
              />
            )}
            {panel.name === "search" && <SearchPanel target={target} goTo={moves.goTo} close={panel.close} />}
            {panel.name === "pinned" && <PinnedPanel target={target} goTo={moves.goTo} close={panel.close} />}
            {panel.name === "details" && peer.person && (
              <PersonPanel peer={peer} person={peer.person} showPinned={showPinned} close={panel.close} />
            )}
            {panel.name === "details" && peer.group && (
              <GroupPanel
                group={peer.group}
                reload={peer.reload}
                showPinned={showPinned}
                close={panel.close}
              />
            )}
          </Suspense>
        </aside>
      )}
      {dialogs}
    </div>
  );
}

/** A message to go to may be named while its conversation is open already. */
function useGoing({ key, state }: ReturnType<typeof useLocation>, goTo: (id: string) => void) {
  const opened = useRef(key);
  const go = useRef(goTo);
  go.current = goTo;
  const at: string | undefined = state?.at;
  useEffect(() => {
    if (key === opened.current) return;
    opened.current = key;
    if (at) go.current(at);
  }, [key, at]);
}

export type PanelName = "thread" | "search" | "pinned" | "details";

/** Which panel is open stands in the address, so that going back closes it. */
function usePanel() {
  const [query, setQuery] = useSearchParams();
  const name = query.get("panel") as PanelName | null;
  const thread = query.get("thread");
  const navigate = useNavigate();
  const open = useCallback((panel: PanelName) => setQuery({ panel }), [setQuery]);
  const openThread = useCallback((id: string) => setQuery({ panel: "thread", thread: id }), [setQuery]);
  const close = useCallback(() => navigate({ search: "" }), [navigate]);
  return { name, thread, open, openThread, close };
}

/** What the rows of messages ask for, and the dialogs that follow. */
function useMoves(
  rights: MessageMoves["rights"],
  setContext: (context: Context) => void,
  openThread: (id: string) => void,
  goTo: (id: string) => void,
) {
  const chat = useChat();
  const [question, ask] = useConfirm();
  const [flagged, setFlagged] = useState<ChatMessage | null>(null);
  const [read, setRead] = useState<ChatMessage | null>(null);
  const [reacted, setReacted] = useState<ChatMessage | null>(null);
  const go = useRef(goTo);
  go.current = goTo;
  const moderate = rights.moderate;
  const pin = rights.pin;
  const moves = useMemo<MessageMoves>(
    () => ({
      rights: { moderate, pin },
      reply: (message) => setContext({ kind: "reply", message }),
      edit: (message) => setContext({ kind: "edit", message }),
      remove: (message) =>
        ask({ title: t.message.delete, text: t.message.deleteConfirm, act: () => chat.remove(message) }),
      flag: setFlagged,
      showReaders: setRead,
      showReactions: setReacted,
      openThread,
      goTo: (id) => go.current(id),
    }),
    [moderate, pin, chat, ask, setContext, openThread],
  );
  const dialogs = (
    <>
      {question}
      <Suspense fallback={null}>
        {flagged && <FlagDialog message={flagged} close={() => setFlagged(null)} />}
        {read && <ReadersDialog message={read} close={() => setRead(null)} />}
        {reacted && <ReactionsDialog message={reacted} close={() => setReacted(null)} />}
      </Suspense>
    </>
  );
  return { moves, dialogs };
}

function useDrop(take: (files: File[]) => void) {
  const [over, setOver] = useState(false);
  const hasFiles = (event: DragEvent) => event.dataTransfer.types.includes("Files");
  const handlers = {
    onDragOver: (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    },
    onDragLeave: (event: DragEvent) => {
      if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
    },
    onDrop: (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(false);
      take([...event.dataTransfer.files]);
    },
  };
  return { over, handlers };
}

interface BelowProps {
  target: Target;
  peer: ReturnType<typeof usePeer>;
  children: ReactNode;
}

/** Where one writes, or why one can't. */
function Below({ target, peer, children }: BelowProps) {
  const chat = useChat();
  const { person, group } = peer;
  if (person?.blockedByMe) {
    const unblock = async () => {
      if (await tell(chat.block(target.id, false))) peer.reload();
    };
    return (
      <Alert radius={0} color="gray" className={classes.below}>
        {t.chat.blocked(peer.name)}{" "}
        <Button size="compact-sm" variant="default" onClick={unblock}>
          {t.person.unblock}
        </Button>
      </Alert>
    );
  }
  if (person?.hasBlockedMe) {
    return (
      <Alert radius={0} color="gray" className={classes.below}>
        {t.chat.blockedByThem(peer.name)}
      </Alert>
    );
  }
  if (group && !group.hasJoined) {
    const join = async () => {
      if (await tell(chat.joinGroup(group, ""))) peer.reload();
    };
    return (
      <Alert radius={0} color="gray" className={classes.below}>
        {t.chat.notMember}{" "}
        {group.type === "public" && (
          <Button size="compact-sm" onClick={join}>
            {t.group.join}
          </Button>
        )}
      </Alert>
    );
  }
  return children;
}
