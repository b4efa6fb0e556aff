import { Alert, Button } from "@mantine/core";
import { IconAlertTriangle, IconLock } from "@tabler/icons-react";
import { ApiFault, faultText } from "../api/fault";

/** An error where its content would be; a refusal is told plainly. */
export function FaultNote({ error, onRetry }: { error: unknown; onRetry?: (() => unknown) | undefined }) {
  const isDenied = error instanceof ApiFault && error.isDenied;
  return (
    <Alert
      color={isDenied ? "yellow" : "red"}
      variant="light"
      role="alert"
      icon={isDenied ? <IconLock size={20} /> : <IconAlertTriangle size={20} />}
      title={titleOf(error)}
    >
      <p style={{ margin: 0, overflowWrap: "anywhere" }}>{faultText(error)}</p>
      {onRetry && !isDenied && (
        <Button mt="sm" size="xs" variant="default" onClick={() => onRetry()}>
          Try again
        </Button>
      )}
    </Alert>
  );
}

function titleOf(error: unknown): string {
  if (!(error instanceof ApiFault)) return "That did not work";
  if (error.isDenied) return "Not allowed";
  return error.status === 404 ? "Not there" : "That did not work";
}
