import { useCallback, useMemo, useRef, useState } from "react";
import { Failed, Waiting } from "../common/Nothing";
import { useParent, useThread } from "../model/live";
import type { WireMessage } from "../model/sdk";
import { isChat } from "../model/summary";
import type { Target } from "../model/types";
import { t } from "../strings";
import { Composer, type Context } from "./Composer";
import { MessageList, type MessageListHandle } from "./MessageList";
import { MessageRow } from "./MessageRow";
import type { MessageMoves } from "./moves";
import { PanelHead } from "./PanelHead";
import classes from "./ThreadPanel.module.css";
import { TypingLine } from "./TypingLine";

interface Props {
  target: Target;
  name: string;
  parentId: string;
  moves: MessageMoves;
  close: () => void;
}

export default function ThreadPanel(props: Props) {
  const { parentId, close } = props;
  const parent = useParent(parentId);
  return (
    <>
      <PanelHead title={t.thread.title} close={close} />
      {parent.error && <Failed message={parent.error} retry={parent.retry} />}
      {!parent.wire && !parent.error && <Waiting />}
      {parent.wire && <Thread {...props} wire={parent.wire} />}
    </>
  );
}

function Thread({ target, name, parentId, moves, wire }: Props & { wire: WireMessage }) {
  const feed = useThread(wire);
  const list = useRef<MessageListHandle>(null);
  const [context, setContext] = useState<Context>({ kind: "none" });
  const [files, setFiles] = useState<readonly File[]>([]);
  const leave = useCallback(() => setContext({ kind: "none" }), []);
  const own = useMemo<MessageMoves>(
    () => ({
      ...moves,
      openThread: undefined,
      reply: (message) => setContext({ kind: "reply", message }),
      edit: (message) => setContext({ kind: "edit", message }),
      goTo: (id) => list.current?.goTo(id),
    }),
    [moves],
  );
  const parent = isChat(feed.parent) ? feed.parent : undefined;
  return (
    <>
      {parent && (
        <div className={classes.parent}>
          <MessageRow message={parent} first last named flash={false} moves={own} />
        </div>
      )}
      <MessageList
        ref={list}
        feed={feed}
        name={name}
        label={t.thread.title}
        empty={{ title: t.thread.empty }}
        named
        moves={own}
      />
      <TypingLine target={target} parentId={parentId} />
      <Composer
        target={target}
        name={name}
        parentId={parentId}
        context={context}
        leaveContext={leave}
        files={files}
        setFiles={setFiles}
      />
    </>
  );
}
