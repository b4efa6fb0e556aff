import { Button, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useNavigate } from "react-router";
import { useApp } from "../../api/app";
import { answer } from "../../api/client";
import type { User } from "../../api/types";
import { countOf } from "../../lib/format";
import { ConfirmButton } from "../../ui/confirm-button";
import { FaultNote } from "../../ui/fault-note";
import { download, exportUser } from "./export";

/** A user's rights over what is stored. */
export function UserData({ user }: { user: User }) {
  return (
    <Stack>
      <Export user={user} />
      <Erase user={user} />
    </Stack>
  );
}

/** Fetches everything that is stored of the user, page by page; nothing of it stays in the browser. */
function Export({ user }: { user: User }) {
  const { api, may } = useApp();
  const [progress, setProgress] = useState<string>();
  const [stop, setStop] = useState<AbortController>();
  const run = useMutation({
    mutationFn: async () => {
      const controller = new AbortController();
      setStop(controller);
      const tell = (rows: number) => setProgress(countOf(rows, "row"));
      download(await exportUser(api, user.uid, tell, controller.signal), `${user.uid}.jsonl`);
    },
    onSuccess: () => setProgress("The file is ready."),
    onError: (error) => setProgress(wasStopped(error) ? "Stopped: there is no file." : undefined),
  });
  // Who leaves the page ends the walk.
  useEffect(() => () => stop?.abort(), [stop]);
  return (
    <Paper withBorder p="md" component="section" aria-label="Export">
      <Title order={2} size="h4">
        Export
      </Title>
      <Text mt="xs" mb="md">
        One file with everything that is stored of the user, a line of JSON for each row: the profile,
        friends, blocks, groups, tokens without their values, conversations, all messages that the user sent,
        reactions, reports, calls. It is gathered page by page: leave this page open until it is ready. That
        you exported it is written down.
      </Text>
      {!may("export", "R") && <Text c="dimmed">Your role may not export users.</Text>}
      <Group>
        <Button
          variant="default"
          onClick={() => run.mutate()}
          loading={run.isPending}
          disabled={!may("export", "R")}
        >
          Export this user
        </Button>
        {run.isPending && (
          <Button variant="subtle" onClick={() => stop?.abort()}>
            Stop
          </Button>
        )}
        <Text size="sm" role="status">
          {progress ?? ""}
        </Text>
      </Group>
      {run.error && !wasStopped(run.error) && <FaultNote error={run.error} onRetry={() => run.mutate()} />}
    </Paper>
  );
}

function wasStopped(error: Error): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

function Erase({ user }: { user: User }) {
  const { api, may, path } = useApp();
  const navigate = useNavigate();
  const { uid } = user;
  const params = { path: { uid } };
  return (
    <Paper withBorder p="md" component="section" aria-label="Erase">
      <Title order={2} size="h4">
        Erase
      </Title>
      <Text mt="xs" mb="md">
        Deletes the user with all messages and their files, reactions, conversations between two, friendships,
        blocks, tokens, memberships and every other trace, for good. Messages of others that mention the user
        stay, without the name. Only that the user was erased is written down in the audit log.
      </Text>
      {may("users", "D") ? (
        <ConfirmButton
          label="Erase this user"
          variant="filled"
          title={`Erase ${user.name}?`}
          typed={uid}
          run={() => answer(api.DELETE("/v3/users/{uid}", { params, body: { permanent: true } }))}
          done="The user is deleted; what they wrote is being erased"
          onDone={() => navigate(path("/users"))}
        >
          Everything of {uid} is deleted for good. This can't be undone.
        </ConfirmButton>
      ) : (
        <Text c="dimmed">Your role may not erase users.</Text>
      )}
    </Paper>
  );
}
