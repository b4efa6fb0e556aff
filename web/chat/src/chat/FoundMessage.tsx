import { Text, UnstyledButton } from "@mantine/core";
import { Face } from "../common/Face";
import { summaryOf } from "../model/summary";
import { shortTime } from "../model/time";
import type { Message } from "../model/types";
import { t } from "../strings";
import classes from "./FoundMessage.module.css";

interface Props {
  message: Message;
  /** The conversation, where they are of several. */
  place?: string;
  open: () => void;
}

/** A message in a list of found ones. */
export function FoundMessage({ message, place, open }: Props) {
  const name = message.mine ? t.you : message.sender.name;
  return (
    <UnstyledButton className={classes.found} onClick={open}>
      <Face name={message.sender.name} src={message.sender.avatar} size={32} />
      <span className={classes.text}>
        <span className={classes.head}>
          <Text span size="sm" fw={600} truncate dir="auto">
            {place && place !== name ? t.list.foundIn(name, place) : name}
          </Text>
          <Text span size="xs" c="dimmed">
            {shortTime(message.sentAt)}
          </Text>
        </span>
        <Text span size="sm" lineClamp={2} dir="auto">
          {summaryOf(message)}
        </Text>
      </span>
    </UnstyledButton>
  );
}
