import { Alert, Button, type ButtonProps, Group, Modal, Stack, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { type ReactNode, useState } from "react";
import { useAction } from "../api/action";
import { FaultNote } from "./fault-note";

type Props = ButtonProps & {
  /** On the button that opens the question, and on the one that answers it. */
  label: string;
  title: string;
  /** What will happen, and whether it can be undone. */
  children: ReactNode;
  /** A word to type before it can be done: for what loses data. */
  typed?: string;
  run: () => Promise<unknown>;
  /** Said afterwards. */
  done: string;
  onDone?: () => void;
  /** Names what the button is about where several stand in a list. */
  ariaLabel?: string;
};

/** A button for what can't be undone: it asks first. */
export function ConfirmButton({
  label,
  title,
  children,
  typed,
  run,
  done,
  onDone,
  ariaLabel,
  ...button
}: Props) {
  const [isOpen, { open, close }] = useDisclosure(false);
  const [word, setWord] = useState("");
  const action = useAction(
    async () => {
      await run();
      close();
      onDone?.();
    },
    { done, showsErrors: true },
  );
  const begin = () => {
    setWord("");
    action.reset();
    open();
  };
  return (
    <>
      <Button
        variant="light"
        color="red"
        {...(ariaLabel ? { "aria-label": ariaLabel } : {})}
        {...button}
        onClick={begin}
      >
        {label}
      </Button>
      <Modal opened={isOpen} onClose={close} title={title} centered>
        <Stack>
          <Alert color="red" variant="light">
            {children}
          </Alert>
          {typed !== undefined && (
            <TextInput
              label={
                <>
                  Type <strong>{typed}</strong> to go on
                </>
              }
              value={word}
              onChange={(event) => setWord(event.currentTarget.value)}
              autoComplete="off"
              data-autofocus
            />
          )}
          {action.error && <FaultNote error={action.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button
              color="red"
              onClick={() => action.mutate()}
              loading={action.isPending}
              disabled={typed !== undefined && word !== typed}
            >
              {label}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
