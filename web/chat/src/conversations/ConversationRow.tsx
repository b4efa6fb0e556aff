import { Badge, Menu } from "@mantine/core";
import { useLongPress } from "@mantine/hooks";
import {
  IconAt,
  IconBell,
  IconBellOff,
  IconDots,
  IconMail,
  IconMailOpened,
  IconPin,
  IconPinnedOff,
  IconTrash,
} from "@tabler/icons-react";
import { memo, useState } from "react";
import { Link } from "react-router";
import { Ticks } from "../chat/Ticks";
import { Face } from "../common/Face";
import { IconButton } from "../common/IconButton";
import { useChat } from "../model/chat";
import { useDraftOf } from "../model/drafts";
import { tell } from "../model/errors";
import { useOnline, useTyping } from "../model/live";
import { mute, useMuted } from "../model/quiet";
import { summaryOf } from "../model/summary";
import { pathOf } from "../model/target";
import { plainText } from "../model/text";
import { shortTime } from "../model/time";
import type { Conversation, Target } from "../model/types";
import { t } from "../strings";
import classes from "./ConversationList.module.css";

interface Props {
  conversation: Conversation;
  selected: boolean;
  /** Where it can't be, what was found is shown. */
  hide?: (target: Target) => void;
}

export const ConversationRow = memo(function ConversationRow({ conversation, selected, hide }: Props) {
  const { target, name, unread, last } = conversation;
  const online = useOnline(target.kind === "user" ? target.id : undefined);
  const muted = useMuted(useChat().me.uid, target);
  // A menu is dear, and a thousand rows need none until one is gone to.
  const [near, setNear] = useState(false);
  const come = () => setNear(true);
  const [open, setOpen] = useState(false);
  const show = () => {
    come();
    setOpen(true);
  };
  const held = useLongPress(show, {
    events: ["touch"],
    cancelOnMove: true,
    onStart: come,
    // The finger that goes up does not open the conversation, too.
    onFinish: (event) => event.preventDefault(),
  });
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: going to it, by whatever means, only shows its menu.
    <div
      className={classes.row}
      data-conversation={target.id}
      data-menu={open || undefined}
      onMouseEnter={come}
      onFocus={come}
      onContextMenu={(event) => {
        event.preventDefault();
        show();
      }}
      {...held}
    >
      <Link
        to={pathOf(target)}
        className={unread > 0 ? `${classes.link} ${classes.unread}` : classes.link}
        aria-current={selected ? "page" : undefined}
      >
        <Face
          name={name}
          src={conversation.avatar}
          size={46}
          online={target.kind === "user" ? online : undefined}
        />
        <span className={classes.text}>
          <span className={classes.line}>
            <span className={classes.name} dir="auto">
              {name}
            </span>
            {online && <span className="sr-only">{t.online}</span>}
            {muted && <IconBellOff size={14} className={classes.mark} aria-label={t.list.muted} />}
            {conversation.pinned && <IconPin size={14} className={classes.mark} aria-label={t.list.pinned} />}
            {last && <span className={classes.time}>{shortTime(last.sentAt)}</span>}
          </span>
          <span className={classes.line}>
            <Summary conversation={conversation} selected={selected} />
            {conversation.unreadMentions > 0 && (
              <IconAt size={16} className={classes.typing} aria-label={t.list.mentioned} />
            )}
            {unread > 0 && (
              <Badge size="sm" circle={unread < 10} aria-label={t.list.unread(unread)}>
                {unread > 99 ? "99+" : unread}
              </Badge>
            )}
          </span>
        </span>
      </Link>
      {near && <RowMenu conversation={conversation} hide={hide} open={open} setOpen={setOpen} />}
    </div>
  );
});

/** Of a draft those who are mentioned are shown by their ids. */
const NAMES: ReadonlyMap<string, string> = new Map();

function Summary({ conversation, selected }: Omit<Props, "hide">) {
  const typing = useTyping(conversation.target);
  const { last, target } = conversation;
  const draft = useDraftOf(target);
  const first = typing[0];
  if (first) {
    const text = target.kind === "group" ? `${first}: ${t.list.typing}` : t.list.typing;
    return (
      <span className={`${classes.summary} ${classes.typing}`} dir="auto">
        {text}
      </span>
    );
  }
  // Beside the field with the same words it would say nothing.
  if (draft && !selected) {
    return (
      <span className={classes.summary} dir="auto">
        <span className={classes.draft}>{t.list.draft}</span> {plainText(draft, NAMES)}
      </span>
    );
  }
  if (!last) return <span className={classes.summary}>{t.list.nobodyYet}</span>;
  const by = last.mine ? `${t.you}: ` : `${last.sender.name}: `;
  const withName = last.kind === "chat" && (last.mine || target.kind === "group");
  return (
    <>
      {last.kind === "chat" && last.mine && <Ticks delivery={last.delivery} />}
      <span className={classes.summary} dir="auto">
        {withName && by}
        {summaryOf(last)}
      </span>
    </>
  );
}

interface MenuProps extends Omit<Props, "selected"> {
  open: boolean;
  setOpen: (open: boolean) => void;
}

function RowMenu({ conversation, hide, open, setOpen }: MenuProps) {
  const chat = useChat();
  const { target, pinned, unread, name } = conversation;
  const muted = useMuted(chat.me.uid, target);
  return (
    <Menu position="bottom-end" opened={open} onChange={setOpen}>
      <Menu.Target>
        <IconButton label={t.list.menu(name)} className={classes.menu} size="sm">
          <IconDots size={16} />
        </IconButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          leftSection={pinned ? <IconPinnedOff size={16} /> : <IconPin size={16} />}
          onClick={() => tell(chat.pinConversation(target, !pinned))}
        >
          {pinned ? t.list.unpin : t.list.pin}
        </Menu.Item>
        {unread > 0 ? (
          <Menu.Item leftSection={<IconMailOpened size={16} />} onClick={() => chat.markRead(target)}>
            {t.list.markRead}
          </Menu.Item>
        ) : (
          <Menu.Item leftSection={<IconMail size={16} />} onClick={() => tell(chat.markUnread(target))}>
            {t.list.markUnread}
          </Menu.Item>
        )}
        <Menu.Item
          leftSection={muted ? <IconBell size={16} /> : <IconBellOff size={16} />}
          onClick={() => mute(chat.me.uid, target, !muted)}
        >
          {muted ? t.list.unmute : t.list.mute}
        </Menu.Item>
        {hide && (
          <>
            <Menu.Divider />
            <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={() => hide(target)}>
              {t.list.hide}
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
