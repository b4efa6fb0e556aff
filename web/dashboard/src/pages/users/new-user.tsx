import { Alert, Button, Group, Modal, Stack, Switch, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";
import { useNavigate } from "react-router";
import { useApp } from "../../api/app";
import { answer } from "../../api/client";
import { idProblem } from "../../lib/ids";
import { Copyable } from "../../ui/code";
import { ModalForm } from "../../ui/form";
import { bodyOf, EMPTY_USER, UserFields, type UserValues, userRules } from "./user-fields";

type Values = UserValues & { uid: string; withAuthToken: boolean };

/** Makes a user, with an auth token if asked. */
export function NewUser({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const { api, path, may } = useApp();
  const navigate = useNavigate();
  const [made, setMade] = useState<{ uid: string; token: string }>();
  const form = useForm<Values>({
    initialValues: { ...EMPTY_USER, uid: "", withAuthToken: false },
    validate: { ...userRules, uid: idProblem },
  });
  const create = async (values: Values) => {
    const body = { ...bodyOf(values), uid: values.uid, withAuthToken: values.withAuthToken };
    return (await answer(api.POST("/v3/users", { body }))).data;
  };
  return (
    <>
      <ModalForm
        title="New user"
        label="Create user"
        size="lg"
        isOpen={isOpen}
        onClose={onClose}
        form={form}
        run={create}
        done="The user is created"
        onDone={({ uid, authToken }) => {
          if (authToken) setMade({ uid, token: authToken });
          else navigate(path(`/users/${uid}`));
        }}
      >
        <TextInput
          label="uid"
          description="As your app names the user; kept in lower case, never changed"
          required
          data-autofocus
          {...form.getInputProps("uid")}
        />
        {/* The form holds all fields of a user and two more. */}
        <UserFields form={form as never} />
        {may("tokens", "C") && (
          <Switch
            label="Make an auth token, too"
            {...form.getInputProps("withAuthToken", { type: "checkbox" })}
          />
        )}
      </ModalForm>
      <TokenShown
        token={made?.token}
        onClose={() => {
          setMade(undefined);
          if (made) navigate(path(`/users/${made.uid}`));
        }}
      />
    </>
  );
}

/** An auth token that was just made. */
export function TokenShown({ token, onClose }: { token: string | undefined; onClose: () => void }) {
  return (
    <Modal opened={token !== undefined} onClose={onClose} title="The auth token is ready" size="lg">
      <Stack>
        <Alert variant="light">Who has this token is the user. Hand it to the user's device only.</Alert>
        {token && <Copyable text={token} label="Copy the auth token" />}
        <Group justify="flex-end">
          <Button onClick={onClose}>I have it</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
