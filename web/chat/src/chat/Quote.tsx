import { Text, UnstyledButton } from "@mantine/core";
import { summaryOf } from "../model/summary";
import type { ChatMessage } from "../model/types";
import { t } from "../strings";
import classes from "./Quote.module.css";

interface Props {
  message: ChatMessage;
  open?: (id: string) => void;
}

/** The message that another one answers. */
export function Quote({ message, open }: Props) {
  const name = message.mine ? t.you : message.sender.name;
  const content = (
    <>
      <Text size="xs" fw={700} truncate className={classes.name}>
        {open && <span className="sr-only">{t.message.goToQuoted} </span>}
        {name}
      </Text>
      <Text size="xs" lineClamp={2} className={classes.text} dir="auto">
        {summaryOf(message)}
      </Text>
    </>
  );
  if (!open) return <div className={classes.quote}>{content}</div>;
  return (
    <UnstyledButton className={classes.quote} onClick={() => open(message.id)}>
      {content}
    </UnstyledButton>
  );
}
