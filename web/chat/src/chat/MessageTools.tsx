import { Group, Menu } from "@mantine/core";
import {
  IconArrowBackUp,
  IconBookmark,
  IconBookmarkOff,
  IconCopy,
  IconDots,
  IconFlag,
  IconInfoCircle,
  IconMail,
  IconMessageCircle,
  IconMoodSmile,
  IconPencil,
  IconPin,
  IconPinnedOff,
  IconTrash,
} from "@tabler/icons-react";
import { IconButton } from "../common/IconButton";
import { notify } from "../common/notify";
import { useChat } from "../model/chat";
import { tell } from "../model/errors";
import { plainText } from "../model/text";
import type { ChatMessage } from "../model/types";
import { t } from "../strings";
import { EmojiButton } from "./EmojiButton";
import classes from "./MessageTools.module.css";
import type { MessageMoves } from "./moves";

const QUICK = ["👍", "❤️", "😂", "😮", "😢", "🎉"];

interface Props {
  message: ChatMessage;
  moves: MessageMoves;
  /** A menu or a picker of it is open: it has to stay. */
  hold: (held: boolean) => void;
}

/** What can be done with a message. */
export function MessageTools({ message, moves, hold }: Props) {
  const chat = useChat();
  const react = (emoji: string) => {
    const byMe = message.reactions.some((count) => count.reaction === emoji && count.byMe);
    return tell(chat.react(message, emoji, !byMe));
  };
  return (
    <div className={classes.tools} role="toolbar" aria-label={t.message.actions}>
      <EmojiButton label={t.message.react} size="md" pick={react} toggled={hold} />
      <IconButton label={t.message.reply} size="md" onClick={() => moves.reply(message)}>
        <IconArrowBackUp size={18} />
      </IconButton>
      {moves.openThread && (
        <IconButton label={t.message.thread} size="md" onClick={() => moves.openThread?.(message.id)}>
          <IconMessageCircle size={18} />
        </IconButton>
      )}
      <MoreMenu message={message} moves={moves} hold={hold} react={react} />
    </div>
  );
}

function MoreMenu({ message, moves, hold, react }: Props & { react: (emoji: string) => void }) {
  const chat = useChat();
  const { rights } = moves;
  const copy = async () => {
    await navigator.clipboard.writeText(plainText(message.text, message.mentions));
    notify({ message: t.message.copied, autoClose: 1500 });
  };
  const mayEdit = message.attachments.length === 0 && (message.mine || rights.moderate);
  return (
    <Menu position="bottom-end" onChange={hold}>
      <Menu.Target>
        <IconButton label={t.message.more} size="md">
          <IconDots size={18} />
        </IconButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Group gap={2} px={4} py={4}>
          {QUICK.map((emoji) => (
            <Menu.Item key={emoji} className={classes.quick} onClick={() => react(emoji)}>
              {emoji}
            </Menu.Item>
          ))}
        </Group>
        <Menu.Divider />
        {message.text && (
          <Menu.Item leftSection={<IconCopy size={16} />} onClick={() => tell(copy())}>
            {t.message.copy}
          </Menu.Item>
        )}
        {mayEdit && (
          <Menu.Item leftSection={<IconPencil size={16} />} onClick={() => moves.edit(message)}>
            {t.message.edit}
          </Menu.Item>
        )}
        {rights.pin && (
          <Menu.Item
            leftSection={message.pinnedAt ? <IconPinnedOff size={16} /> : <IconPin size={16} />}
            onClick={() => tell(chat.pin(message, !message.pinnedAt))}
          >
            {message.pinnedAt ? t.message.unpin : t.message.pin}
          </Menu.Item>
        )}
        <Menu.Item
          leftSection={message.savedAt ? <IconBookmarkOff size={16} /> : <IconBookmark size={16} />}
          onClick={() => tell(chat.save(message, !message.savedAt))}
        >
          {message.savedAt ? t.message.unsave : t.message.save}
        </Menu.Item>
        {message.reactions.length > 0 && (
          <Menu.Item leftSection={<IconMoodSmile size={16} />} onClick={() => moves.showReactions(message)}>
            {t.reactions.title}
          </Menu.Item>
        )}
        {message.mine && (
          <Menu.Item leftSection={<IconInfoCircle size={16} />} onClick={() => moves.showReaders(message)}>
            {t.readers.title}
          </Menu.Item>
        )}
        {!message.mine && (
          <>
            {!message.parentId && (
              <Menu.Item
                leftSection={<IconMail size={16} />}
                onClick={() => tell(chat.markUnread(message.target, message))}
              >
                {t.message.markUnread}
              </Menu.Item>
            )}
            <Menu.Item leftSection={<IconFlag size={16} />} onClick={() => moves.flag(message)}>
              {t.message.flag}
            </Menu.Item>
          </>
        )}
        {(message.mine || rights.moderate) && (
          <>
            <Menu.Divider />
            <Menu.Item
              color="red"
              leftSection={<IconTrash size={16} />}
              onClick={() => moves.remove(message)}
            >
              {t.message.delete}
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
