import { Alert, Button } from "@mantine/core";
import { IconAlertTriangle, IconLock } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { ApiFault, faultText } from "../api/fault";

/** An error where its content would be; a refusal is told plainly. */
export function FaultNote({ error, onRetry }: { error: unknown; onRetry?: (() => unknown) | undefined }) {
  if (error instanceof ApiFault && error.isDenied) return <NotAllowed>{faultText(error)}</NotAllowed>;
  // What is not there does not come by asking again.
  const isAbsent = error instanceof ApiFault && error.status === 404;
  return (
    <Alert
      color="red"
      variant="light"
      role="alert"
      icon={<IconAlertTriangle size={20} />}
      title={titleOf(error)}
    >
      <p style={{ margin: 0, overflowWrap: "anywhere" }}>{faultText(error)}</p>
      {onRetry && !isAbsent && (
        <Button mt="sm" size="xs" variant="default" onClick={() => onRetry()}>
          Try again
        </Button>
      )}
    </Alert>
  );
}

/** Where the operator's role is not enough: nothing went wrong, and another try is of no use. */
export function NotAllowed({ children }: { children: ReactNode }) {
  return (
    <Alert color="yellow" variant="light" role="alert" icon={<IconLock size={20} />} title="Not allowed">
      {children}
    </Alert>
  );
}

function titleOf(error: unknown): string {
  if (!(error instanceof ApiFault)) return "That did not work";
  return error.status === 404 ? "Not there" : "That did not work";
}
