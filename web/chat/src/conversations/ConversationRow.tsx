import { Badge, Menu } from "@mantine/core";
import {
  IconAt,
  IconDots,
  IconMail,
  IconMailOpened,
  IconPin,
  IconPinnedOff,
  IconTrash,
} from "@tabler/icons-react";
import { memo } from "react";
import { Link } from "react-router";
import { Ticks } from "../chat/Ticks";
import { Face } from "../common/Face";
import { IconButton } from "../common/IconButton";
import { useChat } from "../model/chat";
import { tell } from "../model/errors";
import { useOnline, useTyping } from "../model/live";
import { summaryOf } from "../model/summary";
import { pathOf } from "../model/target";
import { shortTime } from "../model/time";
import type { Conversation } from "../model/types";
import { t } from "../strings";
import classes from "./ConversationList.module.css";

interface Props {
  conversation: Conversation;
  selected: boolean;
  hide: () => void;
}

export const ConversationRow = memo(function ConversationRow({ conversation, selected, hide }: Props) {
  const { target, name, unread, last } = conversation;
  const online = useOnline(target.kind === "user" ? target.id : undefined);
  return (
    <div className={classes.row} data-conversation={target.id}>
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
            <span className={classes.name}>{name}</span>
            {online && <span className="sr-only">{t.online}</span>}
            {conversation.pinned && <IconPin size={14} className={classes.mark} aria-label={t.list.pinned} />}
            {last && <span className={classes.time}>{shortTime(last.sentAt)}</span>}
          </span>
          <span className={classes.line}>
            <Summary conversation={conversation} />
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
      <RowMenu conversation={conversation} hide={hide} />
    </div>
  );
});

function Summary({ conversation }: { conversation: Conversation }) {
  const typing = useTyping(conversation.target);
  const { last, target } = conversation;
  const first = typing[0];
  if (first) {
    const text = target.kind === "group" ? `${first}: ${t.list.typing}` : t.list.typing;
    return <span className={`${classes.summary} ${classes.typing}`}>{text}</span>;
  }
  if (!last) return <span className={classes.summary}>{t.list.nobodyYet}</span>;
  const by = last.mine ? `${t.you}: ` : `${last.sender.name}: `;
  const withName = last.kind === "chat" && (last.mine || target.kind === "group");
  return (
    <>
      {last.kind === "chat" && last.mine && <Ticks delivery={last.delivery} />}
      <span className={classes.summary}>
        {withName && by}
        {summaryOf(last)}
      </span>
    </>
  );
}

function RowMenu({ conversation, hide }: { conversation: Conversation; hide: () => void }) {
  const chat = useChat();
  const { target, pinned, unread, name } = conversation;
  return (
    <Menu position="bottom-end">
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
        <Menu.Divider />
        <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={hide}>
          {t.list.hide}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
