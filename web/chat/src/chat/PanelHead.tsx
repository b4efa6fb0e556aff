import { Title } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { IconButton } from "../common/IconButton";
import { t } from "../strings";
import classes from "./PanelHead.module.css";

/** The head of a side panel; it takes the focus, for the panel is what was asked for, if nothing in it has it already. */
export function PanelHead({ title, close }: { title: string; close: () => void }) {
  const button = useRef<HTMLButtonElement>(null);
  const [before] = useState(() => document.activeElement);
  useEffect(() => {
    const panel = button.current?.closest("aside");
    if (!panel?.contains(document.activeElement)) button.current?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, [before]);
  return (
    <header className={classes.head}>
      <Title order={2} size="h5" className={classes.title}>
        {title}
      </Title>
      <IconButton label={t.close} ref={button} onClick={close}>
        <IconX size={20} />
      </IconButton>
    </header>
  );
}
