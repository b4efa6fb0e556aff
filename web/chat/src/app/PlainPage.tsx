import { Title } from "@mantine/core";
import { IconArrowLeft } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useNavigate } from "react-router";
import { IconButton } from "../common/IconButton";
import { t } from "../strings";
import classes from "./PlainPage.module.css";

/** A page beside the list that is no conversation. */
export function PlainPage({ title, children }: { title: string; children: ReactNode }) {
  const navigate = useNavigate();
  return (
    <main className={classes.page} id="messages" tabIndex={-1}>
      <header className={classes.header}>
        <IconButton label={t.back} onClick={() => navigate("/")}>
          <IconArrowLeft size={20} />
        </IconButton>
        <Title order={1} size="h4">
          {title}
        </Title>
      </header>
      <div className={classes.body}>{children}</div>
    </main>
  );
}
