import { UnstyledButton } from "@mantine/core";
import { useChat } from "../model/chat";
import { tell } from "../model/errors";
import type { ChatMessage } from "../model/types";
import { t } from "../strings";
import classes from "./Reactions.module.css";

export function Reactions({ message }: { message: ChatMessage }) {
  const chat = useChat();
  if (message.reactions.length === 0) return null;
  return (
    <div className={classes.reactions}>
      {message.reactions.map(({ reaction, count, byMe }) => (
        <UnstyledButton
          key={reaction}
          className={classes.reaction}
          aria-pressed={byMe}
          aria-label={t.message.reactionOf(reaction, count, byMe)}
          onClick={() => tell(chat.react(message, reaction, !byMe))}
        >
          <span aria-hidden="true">{reaction}</span>
          <span aria-hidden="true">{count}</span>
        </UnstyledButton>
      ))}
    </div>
  );
}
