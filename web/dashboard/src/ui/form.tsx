import { Button, Group, Modal, Stack } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import type { FormEvent, ReactNode } from "react";
import { useAction } from "../api/action";
import { ApiFault } from "../api/fault";
import { FaultNote } from "./fault-note";

type Submitting<V> = {
  form: UseFormReturnType<V>;
  run: (values: V) => Promise<unknown>;
  /** Said afterwards. */
  done: string;
  onDone?: () => void;
};

/** Sends a form; what the server says of a field is shown at the field. */
function useSubmit<V>({ form, run, done, onDone }: Submitting<V>) {
  const action = useAction(run, { done, showsErrors: true });
  const submit = (event?: FormEvent<HTMLFormElement>) =>
    form.onSubmit((values) =>
      action.mutate(values, {
        onSuccess: () => onDone?.(),
        onError: (error) => {
          if (error instanceof ApiFault) form.setErrors(error.fields);
        },
      }),
    )(event);
  return { action, submit };
}

type FormProps<V> = Submitting<V> & { label: string; children: ReactNode; isDisabled?: boolean };

/** A form on a page. */
export function PageForm<V>({ label, children, isDisabled = false, ...submitting }: FormProps<V>) {
  const { action, submit } = useSubmit(submitting);
  return (
    <form onSubmit={submit} noValidate>
      <Stack maw={640} mt="md">
        {children}
        {action.error && <FaultNote error={action.error} />}
        {!isDisabled && (
          <Group>
            <Button type="submit" loading={action.isPending}>
              {label}
            </Button>
          </Group>
        )}
      </Stack>
    </form>
  );
}

type ModalProps<V> = FormProps<V> & { title: string; isOpen: boolean; onClose: () => void; size?: string };

/** A form in a window of its own, which closes when it is done. */
export function ModalForm<V>({ title, isOpen, onClose, size = "md", ...rest }: ModalProps<V>) {
  return (
    <Modal opened={isOpen} onClose={onClose} title={title} size={size}>
      <Within {...rest} onClose={onClose} />
    </Modal>
  );
}

function Within<V>({
  label,
  children,
  onClose,
  onDone,
  form,
  ...rest
}: FormProps<V> & { onClose: () => void }) {
  const whenDone = () => {
    form.reset();
    onClose();
    onDone?.();
  };
  const { action, submit } = useSubmit({ form, ...rest, onDone: whenDone });
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        {children}
        {action.error && <FaultNote error={action.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={action.isPending}>
            {label}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
