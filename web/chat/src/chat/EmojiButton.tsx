import { Loader, Popover } from "@mantine/core";
import { IconMoodSmile } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { IconButton } from "../common/IconButton";

const EmojiPicker = lazy(() => import("./EmojiPicker"));

interface Props {
  label: string;
  pick: (emoji: string) => void;
  size?: string;
  disabled?: boolean;
  /** Whoever shows the button keeps it as long as its picker is open. */
  toggled?: (open: boolean) => void;
}

/** Opens a picker, which is only loaded then. */
export function EmojiButton({ label, pick, size = "lg", disabled, toggled }: Props) {
  const [open, setOpen] = useState(false);
  const change = (opened: boolean) => {
    setOpen(opened);
    toggled?.(opened);
  };
  return (
    <Popover opened={open} onChange={change} position="top-end" trapFocus>
      <Popover.Target>
        <IconButton label={label} size={size} disabled={disabled} onClick={() => change(!open)}>
          <IconMoodSmile size={size === "lg" ? 20 : 18} />
        </IconButton>
      </Popover.Target>
      <Popover.Dropdown p="xs">
        <Suspense fallback={<Loader size="sm" />}>
          <EmojiPicker
            pick={(emoji) => {
              pick(emoji);
              change(false);
            }}
          />
        </Suspense>
      </Popover.Dropdown>
    </Popover>
  );
}
