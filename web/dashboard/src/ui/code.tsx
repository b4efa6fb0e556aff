import { ActionIcon, Code, CopyButton, Group, Modal, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { formatJson } from "../lib/format";
import classes from "./code.module.css";

/** Text for machines, as it is: scrolls by keyboard, too. */
export function CodeView({ text, label }: { text: string; label: string }) {
  return (
    <div className={classes.frame}>
      <div className={classes.copy}>
        <Copy text={text} label={`Copy: ${label}`} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <section className={classes.scroll} aria-label={label} tabIndex={0}>
        <Code block>{text}</Code>
      </section>
    </div>
  );
}

/** An entity as the API gave it. */
export function JsonModal({ value, title, onClose }: { value: unknown; title: string; onClose: () => void }) {
  return (
    <Modal opened={value !== undefined} onClose={onClose} title={title} size="xl">
      {value !== undefined && <CodeView text={formatJson(value)} label={title} />}
    </Modal>
  );
}

/** Puts a text on the clipboard. */
export function Copy({ text, label = "Copy" }: { text: string; label?: string }) {
  return (
    <CopyButton value={text} timeout={2000}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? "Copied" : label}>
          <ActionIcon
            variant="default"
            onClick={copy}
            aria-label={copied ? `Copied (${label})` : label}
            color={copied ? "green" : "gray"}
          >
            {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}

/** A value that is copied more often than read: an id, a key. */
export function Copyable({ text, label }: { text: string; label: string }) {
  return (
    <Group gap="xs" wrap="nowrap" component="span" display="inline-flex">
      <Code className={classes.value}>{text}</Code>
      <Copy text={text} label={label} />
    </Group>
  );
}
