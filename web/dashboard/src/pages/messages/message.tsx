import { Anchor, Button, Group, Stack, Textarea, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "react-router";
import { useApp } from "../../api/app";
import { answer } from "../../api/client";
import type { Message } from "../../api/types";
import { formatJson, objectProblem, parseObject } from "../../lib/format";
import { useUrlFlag } from "../../lib/url-state";
import { CodeView } from "../../ui/code";
import { ConfirmButton } from "../../ui/confirm-button";
import { Details, Time } from "../../ui/details";
import { FaultNote } from "../../ui/fault-note";
import { JsonField } from "../../ui/fields";
import { ModalForm } from "../../ui/form";
import { Page } from "../../ui/page";
import { Receiver, Summary } from "./messages";

/** One message. */
export function MessagePage() {
  const { id = "" } = useParams();
  const { api, key, path } = useApp();
  const { data, error, refetch } = useQuery({
    queryKey: key("message", id),
    queryFn: async () => (await answer(api.GET("/v3/messages/{id}", { params: { path: { id } } }))).data,
  });
  if (!data) {
    return (
      <Page title={`Message ${id}`}>
        {error ? <FaultNote error={error} onRetry={refetch} /> : <p role="status">Loading the message…</p>}
      </Page>
    );
  }
  return (
    <Page title={`Message ${id}`} actions={<Actions message={data} />}>
      <Stack>
        <Summary message={data} />
        <Details
          rows={[
            [
              "From",
              <Anchor key="from" component={Link} to={path(`/users/${data.sender}`)}>
                {data.sender}
              </Anchor>,
            ],
            ["To", <Receiver key="to" message={data} />],
            [
              "Conversation",
              <Anchor
                key="c"
                component={Link}
                to={path(`/messages?conversation=${encodeURIComponent(data.conversationId)}`)}
              >
                {data.conversationId}
              </Anchor>,
            ],
            ["Sent", <Time key="sent" seconds={data.sentAt} />],
            ["Edited", data.editedAt && <Time key="edited" seconds={data.editedAt} />],
            ["Deleted", data.deletedAt && <Time key="deleted" seconds={data.deletedAt} />],
            [
              "In the thread of",
              data.parentId && (
                <Anchor key="parent" component={Link} to={path(`/messages/${data.parentId}`)}>
                  Message {data.parentId}
                </Anchor>
              ),
            ],
          ]}
        />
        <Title order={2} size="h4">
          As the API shows it
        </Title>
        <CodeView text={formatJson(data)} label={`Message ${id} as JSON`} />
      </Stack>
    </Page>
  );
}

function Actions({ message }: { message: Message }) {
  const { api, may, path } = useApp();
  const navigate = useNavigate();
  const params = { path: { id: message.id } };
  const canChange = message.category === "message" || message.category === "custom";
  if (message.category === "action" || message.category === "call") return null;
  return (
    <Group gap="xs">
      {may("messages", "C") && canChange && !message.deletedAt && <Edit message={message} />}
      {may("messages", "D") && !message.deletedAt && (
        <ConfirmButton
          label="Delete"
          title="Delete this message?"
          run={() => answer(api.DELETE("/v3/messages/{id}", { params, body: { permanent: false } }))}
          done="The message is deleted"
        >
          Everybody in the conversation sees that it is deleted, and not what it said. The server keeps the
          row.
        </ConfirmButton>
      )}
      {may("messages", "D") && (
        <ConfirmButton
          label="Delete for good"
          title="Delete this message for good?"
          typed={message.id}
          run={() => answer(api.DELETE("/v3/messages/{id}", { params, body: { permanent: true } }))}
          done="The message is gone"
          onDone={() => navigate(path("/messages"))}
        >
          The server keeps nothing of it. This can't be undone.
        </ConfirmButton>
      )}
    </Group>
  );
}

/** Changes the text of a message, or the data of a custom one. */
function Edit({ message }: { message: Message }) {
  const { api } = useApp();
  const [isOpen, { open, close }] = useUrlFlag("edit");
  const isCustom = message.category === "custom";
  const form = useForm({
    initialValues: {
      text: message.data.text ?? "",
      customData: formatJson(message.data.customData ?? {}),
    },
    validate: {
      text: (text) => (isCustom || text.trim() !== "" ? null : "A text is needed"),
      customData: objectProblem,
    },
  });
  const save = (values: { text: string; customData: string }) => {
    const data = isCustom ? { customData: parseObject(values.customData) } : { text: values.text };
    return answer(api.PUT("/v3/messages/{id}", { params: { path: { id: message.id } }, body: { data } }));
  };
  return (
    <>
      <Button variant="default" onClick={open}>
        Edit
      </Button>
      <ModalForm
        title="Edit the message"
        label="Save"
        size="lg"
        isOpen={isOpen}
        onClose={close}
        form={form}
        run={save}
        done="The message is edited"
      >
        {isCustom ? (
          <JsonField label="Custom data" {...form.getInputProps("customData")} />
        ) : (
          <Textarea label="Text" autosize minRows={2} data-autofocus {...form.getInputProps("text")} />
        )}
      </ModalForm>
    </>
  );
}
