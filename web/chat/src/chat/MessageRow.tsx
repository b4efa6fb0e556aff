import { Button, Text, UnstyledButton } from "@mantine/core";
import { IconBookmark, IconPhone, IconPin, IconVideo } from "@tabler/icons-react";
import { memo, useState } from "react";
import { Face } from "../common/Face";
import { useChat } from "../model/chat";
import { tell } from "../model/errors";
import { summaryOf } from "../model/summary";
import { exactTime, timeOfDay } from "../model/time";
import type { CallMessage, ChatMessage, Message } from "../model/types";
import { t } from "../strings";
import { Attachments } from "./Attachments";
import classes from "./MessageRow.module.css";
import { MessageTools } from "./MessageTools";
import type { MessageMoves } from "./moves";
import { Quote } from "./Quote";
import { Reactions } from "./Reactions";
import { RichText } from "./RichText";
import { Ticks } from "./Ticks";

interface Props {
  message: Message;
  first: boolean;
  last: boolean;
  /** Names and pictures are shown: more than two talk here. */
  named: boolean;
  flash: boolean;
  moves: MessageMoves;
}

export const MessageRow = memo(function MessageRow(props: Props) {
  const { message } = props;
  if (message.kind === "notice") return <Notice text={message.text} />;
  if (message.kind === "call") return <CallLine message={message} />;
  return <Spoken {...props} message={message} />;
});

function Notice({ text }: { text: string }) {
  return (
    <Text size="xs" c="dimmed" ta="center" py={4}>
      {text}
    </Text>
  );
}

/** Statuses of a call that can still be joined. */
const JOINABLE = ["initiated", "ongoing"];

function CallLine({ message }: { message: CallMessage }) {
  const chat = useChat();
  // In a group who comes later sees the call, and can join it.
  const joinable = JOINABLE.includes(message.status) && Date.now() - message.sentAt < 3_600_000;
  return (
    <div className={classes.call}>
      {message.media === "video" ? <IconVideo size={16} /> : <IconPhone size={16} />}
      <Text size="xs">
        {summaryOf(message)} · {timeOfDay(message.sentAt)}
      </Text>
      {joinable && !message.mine && (
        <Button size="compact-xs" variant="light" onClick={() => tell(chat.joinCall(message))}>
          {t.call.join}
        </Button>
      )}
    </div>
  );
}

function Spoken({ message, first, last, named, flash, moves }: Props & { message: ChatMessage }) {
  const [near, setNear] = useState(false);
  const [held, setHeld] = useState(false);
  const isGone = message.deletedAt !== undefined || message.withheld === "fromMe";
  const stored = message.id !== "" && !isGone;
  const names = named && !message.mine;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: moving over it, or touching it, only shows its tools.
    // biome-ignore lint/a11y/useKeyWithClickEvents: so does the focus.
    <div
      className={classes.line}
      data-mine={message.mine || undefined}
      data-first={first || undefined}
      data-flash={flash || undefined}
      onMouseEnter={() => setNear(true)}
      onMouseLeave={() => setNear(false)}
      onClick={() => setNear(true)}
      onFocus={() => setNear(true)}
      onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && setNear(false)}
    >
      {names && (
        <span className={classes.face}>
          {last && <Face name={message.sender.name} src={message.sender.avatar} size={32} />}
        </span>
      )}
      <article
        className={classes.bubble}
        // The arrows go from one message to the next.
        tabIndex={-1}
        data-message={message.key}
        data-id={message.id || undefined}
        data-delivery={message.mine ? message.delivery : undefined}
        aria-label={t.message.by(message.mine ? t.you : message.sender.name, exactTime(message.sentAt))}
      >
        {names && first && (
          <div className={classes.name}>
            <bdi>{message.sender.name}</bdi>
          </div>
        )}
        <Content message={message} moves={moves} />
        <Footer message={message} />
        {(near || held) && stored && <MessageTools message={message} moves={moves} hold={setHeld} />}
      </article>
      {message.delivery === "failed" && <FailedNote message={message} />}
      {!isGone && <Reactions message={message} />}
      <Replies message={message} moves={moves} />
    </div>
  );
}

function Content({ message, moves }: { message: ChatMessage; moves: MessageMoves }) {
  const chat = useChat();
  const isDeleted = message.deletedAt !== undefined;
  if (isDeleted || message.withheld === "fromMe") {
    return (
      <Text size="sm" fs="italic" c="dimmed">
        {isDeleted ? t.message.deleted : t.message.withheld}
      </Text>
    );
  }
  const { attachments, text } = message;
  return (
    <>
      {message.quoted && <Quote message={message.quoted} open={moves.goTo} />}
      {attachments.length > 0 && <Attachments attachments={attachments} progress={message.progress} />}
      {text && <RichText text={text} names={message.mentions} me={chat.me.uid} />}
      {!text && attachments.length === 0 && (
        <Text size="sm" fs="italic" c="dimmed">
          {t.message.unsupported}
        </Text>
      )}
      {message.withheld && (
        <Text size="xs" fs="italic">
          {t.message.withheldFromOthers}
        </Text>
      )}
    </>
  );
}

function Footer({ message }: { message: ChatMessage }) {
  return (
    <div className={classes.footer}>
      {message.pinnedAt && <IconPin size={12} aria-label={t.message.pinned} />}
      {message.savedAt && <IconBookmark size={12} aria-label={t.message.savedMark} />}
      {message.editedAt && !message.deletedAt && <span>{t.message.edited}</span>}
      <time dateTime={new Date(message.sentAt).toISOString()} title={exactTime(message.sentAt)}>
        {timeOfDay(message.sentAt)}
      </time>
      {message.mine && !message.deletedAt && <Ticks delivery={message.delivery} />}
    </div>
  );
}

function FailedNote({ message }: { message: ChatMessage }) {
  const chat = useChat();
  return (
    <div className={classes.failed} role="alert">
      <Text size="xs">
        {t.message.failed}
        {message.failure && `: ${message.failure}`}
      </Text>
      <Button size="compact-xs" variant="subtle" onClick={() => chat.retry(message)}>
        {t.retry}
      </Button>
      <Button size="compact-xs" variant="subtle" color="red" onClick={() => chat.discard(message)}>
        {t.message.discard}
      </Button>
    </div>
  );
}

function Replies({ message, moves }: { message: ChatMessage; moves: MessageMoves }) {
  if (message.replyCount === 0 || !moves.openThread) return null;
  return (
    <UnstyledButton className={classes.replies} onClick={() => moves.openThread?.(message.id)}>
      {t.message.replies(message.replyCount)}
      {message.unreadReplies > 0 && ` · ${t.message.newReplies(message.unreadReplies)}`}
    </UnstyledButton>
  );
}
