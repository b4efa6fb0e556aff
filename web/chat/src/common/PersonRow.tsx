import { Group, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { Face } from "./Face";
import classes from "./PersonRow.module.css";

interface Props {
  name: string;
  /** Whose initials stand for a picture, where that is not what is written beside it. */
  face?: string;
  avatar?: string;
  online?: boolean;
  line?: string;
  children?: ReactNode;
}

/** Somebody, or a group, with what can be done at its end. */
export function PersonRow({ name, face = name, avatar, online, line, children }: Props) {
  return (
    <Group wrap="nowrap" gap="sm" py={6} px="xs">
      <Face name={face} src={avatar} online={online} />
      <div style={{ minWidth: 0, flex: 1 }}>
        <Text size="sm" fw={500} ta="left" truncate dir="auto">
          {name}
        </Text>
        {line && (
          <Text size="xs" ta="left" truncate className={classes.line} dir="auto">
            {line}
          </Text>
        )}
      </div>
      {children}
    </Group>
  );
}
