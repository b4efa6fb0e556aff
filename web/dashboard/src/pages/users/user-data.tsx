import { Paper, Stack, Text, Title } from "@mantine/core";
import { useNavigate } from "react-router";
import { useApp } from "../../api/app";
import { answer } from "../../api/client";
import type { User } from "../../api/types";
import { ConfirmButton } from "../../ui/confirm-button";

/** A user's rights over what is stored. */
export function UserData({ user }: { user: User }) {
  return (
    <Stack>
      <Erase user={user} />
    </Stack>
  );
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
        Deletes the user with all messages, reactions, conversations between two, friendships, blocks, tokens
        and memberships, for good. Messages of others that mention the user stay.
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
