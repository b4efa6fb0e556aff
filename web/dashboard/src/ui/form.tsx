import { Button, Group, Modal, Stack } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import type { FormEvent, ReactNode } from "react";
import { useAction } from "../api/action";
import { ApiFault } from "../api/fault";
import { FaultNote } from "./fault-note";

type Submitting<V, T> = {
  form: UseFormReturnType<V>;
  run: (values: V) => Promise<T>;
  /** Said afterwards. */
  done: string;
  onDone?: (result: T) => void;
};

/**
 * Sends a form; what the server says of a field is shown at the field. What follows a success comes before the page reads
 * anew: it may lead to another page.
 */
function useSubmit<V, T>({ form, run, done, onDone }: Submitting<V, T>) {
  const action = useAction(
    async (values: V) => {
      const result = await run(values);
      onDone?.(result);
    },
    { done, showsErrors: true },
  );
  const submit = (event?: FormEvent<HTMLFormElement>) =>
    form.onSubmit((values) =>
      action.mutate(values, {
        onError: (error) => {
          if (error instanceof ApiFault) form.setErrors(error.fields);
        },
      }),
    )(event);
  return { action, submit };
}

/** Comes into sight: a form may be longer than the window that it is in. */
function FormFault({ error }: { error: Error }) {
  return (
    <div ref={(note) => note?.scrollIntoView({ block: "nearest" })}>
      <FaultNote error={error} />
    </div>
  );
}

type FormProps<V, T> = Submitting<V, T> & { label: string; children: ReactNode; isDisabled?: boolean };

/** A form on a page. */
export function PageForm<V, T>({ label, children, isDisabled = false, ...submitting }: FormProps<V, T>) {
  const { action, submit } = useSubmit(submitting);
  return (
    <form onSubmit={submit} noValidate>
      <Stack maw={640} mt="md">
        {children}
        {action.error && <FormFault error={action.error} />}
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

type ModalProps<V, T> = FormProps<V, T> & {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  size?: string;
};

/** A form in a window of its own, which closes when it is done. */
export function ModalForm<V, T>({ title, isOpen, onClose, size = "md", ...rest }: ModalProps<V, T>) {
  return (
    <Modal opened={isOpen} onClose={onClose} title={title} size={size}>
      <Within {...rest} onClose={onClose} />
    </Modal>
  );
}

function Within<V, T>({
  label,
  children,
  onClose,
  onDone,
  form,
  ...rest
}: FormProps<V, T> & { onClose: () => void }) {
  const whenDone = (result: T) => {
    form.reset();
    onClose();
    onDone?.(result);
  };
  const { action, submit } = useSubmit({ form, ...rest, onDone: whenDone });
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        {children}
        {action.error && <FormFault error={action.error} />}
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
