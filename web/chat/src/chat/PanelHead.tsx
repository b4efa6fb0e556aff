import { Title } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useEffect, useRef } from "react";
import { IconButton } from "../common/IconButton";
import { t } from "../strings";
import classes from "./PanelHead.module.css";

/** The head of a side panel; it takes the focus, for the panel is what was asked for. */
export function PanelHead({ title, close }: { title: string; close: () => void }) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    button.current?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
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
