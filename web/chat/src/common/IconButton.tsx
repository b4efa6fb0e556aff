import { ActionIcon, type ActionIconProps, Tooltip } from "@mantine/core";
import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";

interface Props
  extends ActionIconProps,
    Omit<ButtonHTMLAttributes<HTMLButtonElement>, keyof ActionIconProps | "children"> {
  label: string;
  children: ReactNode;
  ref?: Ref<HTMLButtonElement>;
}

/** A button that is only a picture, with its name for everybody who can't tell from that. */
export function IconButton({ label, children, ...others }: Props) {
  // What it opens would lie under its own name.
  const isOpen = others["aria-expanded"] === true || others["aria-expanded"] === "true";
  return (
    <Tooltip label={label} openDelay={500} withinPortal disabled={isOpen}>
      <ActionIcon variant="subtle" color="gray" size="lg" aria-label={label} {...others}>
        {children}
      </ActionIcon>
    </Tooltip>
  );
}
