import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { Copyable } from "../../ui/code";
import { Details } from "../../ui/details";
import { scopeName } from "./scopes";

export type NewKey = { apiKey: string; name: string; scope: "authOnly" | "fullAccess" };

type Props = { title: string; appId: string | undefined; keys: NewKey[] | undefined; onClose: () => void };

/** Shows new keys once. */
export function NewKeys({ title, appId, keys, onClose }: Props) {
  return (
    <Modal opened={keys !== undefined} onClose={onClose} title={title} size="lg" closeOnClickOutside={false}>
      <Stack>
        <Alert variant="light">
          Copy what you need now: the dashboard does not show whole keys again. Keep the REST API key on your
          server.
        </Alert>
        {appId && <Details rows={[["App id", <Copyable key="id" text={appId} label="Copy the app id" />]]} />}
        {keys?.map((key) => (
          <div key={key.apiKey}>
            <Text fw={600} size="sm">
              {scopeName(key.scope)}: {key.name}
            </Text>
            <Copyable text={key.apiKey} label={`Copy the ${scopeName(key.scope)}`} />
          </div>
        ))}
        <Group justify="flex-end">
          <Button onClick={onClose} data-autofocus>
            I have them
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
