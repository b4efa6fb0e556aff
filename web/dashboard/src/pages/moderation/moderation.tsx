import { Anchor, Badge, Button, Group, Text, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconPlus } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { useAction } from "../../api/action";
import { useApp } from "../../api/app";
import { answer } from "../../api/client";
import type { FlaggedMessage, Message, Reason, ReviewedMessage } from "../../api/types";
import { idProblem, nameProblem } from "../../lib/ids";
import { usePage, useUrlFlag } from "../../lib/url-state";
import { ConfirmButton } from "../../ui/confirm-button";
import { DataTable } from "../../ui/data-table";
import { Maybe, Time } from "../../ui/details";
import { ModalForm } from "../../ui/form";
import { Page } from "../../ui/page";
import { Pager } from "../../ui/pager";
import { RouteTabs } from "../../ui/route-tabs";
import { Summary } from "../messages/messages";

type Status = "approved" | "disapproved";

/** Messages that users reported, and what is decided about them. */
export function Moderation() {
  return (
    <Page
      title="Moderation"
      about="What users reported. A blocked message stays for its sender and your server; nobody else sees it any more."
    >
      <RouteTabs
        label="Reports"
        tabs={[
          { value: "waiting", label: "To decide", content: <Waiting /> },
          { value: "decided", label: "Decided", content: <Decided /> },
          { value: "reasons", label: "Reasons", content: <Reasons /> },
        ]}
      />
    </Page>
  );
}

/** These lists call the rows of a page `limit`. */
function useLimitedPage() {
  const { page, perPage } = usePage();
  return { page, limit: perPage };
}

function Waiting() {
  const { api, key } = useApp();
  const query = useLimitedPage();
  const flagged = useQuery({
    queryKey: key("flagged", query),
    queryFn: () => answer(api.GET("/v3/moderation/flagged-messages", { params: { query } })),
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <DataTable<FlaggedMessage>
        caption="Reported messages"
        query={flagged}
        rows={flagged.data?.data}
        rowKey={(row) => row.id}
        empty="Nothing waits for a decision."
        columns={[
          { key: "what", label: "Message", render: (row) => <Summary message={row} /> },
          { key: "from", label: "From", render: (row) => <Person uid={row.sender} /> },
          { key: "flags", label: "Reports", render: (row) => <Flags row={row} /> },
          { key: "sent", label: "Sent", render: (row) => <Time seconds={row.sentAt} /> },
          { key: "actions", label: "Actions", isActions: true, render: (row) => <Decision message={row} /> },
        ]}
      />
      <Pager pagination={flagged.data?.meta.pagination} of={["message"]} />
    </>
  );
}

function Person({ uid }: { uid: string }) {
  const { path } = useApp();
  return (
    <Anchor component={Link} to={path(`/users/${uid}`)}>
      {uid}
    </Anchor>
  );
}

/** Who reported it, and why. */
function Flags({ row }: { row: Pick<FlaggedMessage, "flaggedBy" | "flaggedCount"> }) {
  const more = row.flaggedCount - row.flaggedBy.length;
  return (
    <>
      {row.flaggedBy.slice(0, 3).map((flag) => (
        <Text key={`${flag.uid}-${flag.reasonId}`} size="sm">
          <strong>{flag.reasonName || flag.reasonId}</strong>, by {flag.name || flag.uid}
          {flag.remark && `: ${flag.remark}`}
        </Text>
      ))}
      {(more > 0 || row.flaggedBy.length > 3) && (
        <Text size="sm" c="dimmed">
          {row.flaggedCount} reports in all
        </Text>
      )}
    </>
  );
}

/** Approves or blocks a message; a decision can be changed. */
function Decision({ message, was }: { message: Message; was?: Status }) {
  const { api, may, path } = useApp();
  const params = { path: { id: message.id } };
  const decide = useAction(
    (status: Status) =>
      answer(api.PATCH("/v3/moderation/flagged-messages/{id}", { params, body: { status } })),
    { done: (status) => (status === "approved" ? "The message is approved" : "The message is blocked") },
  );
  const button = (status: Status, label: string, color: string) =>
    was !== status && (
      <Button
        size="xs"
        variant="light"
        color={color}
        loading={decide.isPending && decide.variables === status}
        onClick={() => decide.mutate(status)}
        aria-label={`${label} message ${message.id}`}
      >
        {label}
      </Button>
    );
  return (
    <Group gap="xs" wrap="nowrap" justify="flex-end">
      <Button
        size="xs"
        variant="default"
        component={Link}
        to={path(`/messages?conversation=${encodeURIComponent(message.conversationId)}`)}
        aria-label={`Context of message ${message.id}`}
      >
        Context
      </Button>
      {may("moderation", "C") && (
        <>
          {button("approved", "Approve", "green")}
          {button("disapproved", "Block", "red")}
        </>
      )}
    </Group>
  );
}

function Decided() {
  const { api, key } = useApp();
  const query = useLimitedPage();
  const reviewed = useQuery({
    queryKey: key("reviewed", query),
    queryFn: () => answer(api.GET("/v3/moderation/reviewed-messages", { params: { query } })),
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <DataTable<ReviewedMessage>
        caption="Decided reports"
        query={reviewed}
        rows={reviewed.data?.data}
        rowKey={(row) => row.message.id}
        empty="Nothing is decided yet."
        columns={[
          { key: "what", label: "Message", render: (row) => <Summary message={row.message} /> },
          { key: "from", label: "From", render: (row) => <Person uid={row.message.sender} /> },
          { key: "flags", label: "Reports", render: (row) => <Flags row={row} /> },
          { key: "status", label: "Decision", render: (row) => <StatusBadge status={row.status} /> },
          { key: "at", label: "Decided", render: (row) => <Time seconds={row.reviewedAt} /> },
          {
            key: "actions",
            label: "Actions",
            isActions: true,
            render: (row) => <Decision message={row.message} was={row.status} />,
          },
        ]}
      />
      <Pager pagination={reviewed.data?.meta.pagination} of={["message"]} />
    </>
  );
}

function StatusBadge({ status }: { status: Status }) {
  return (
    <Badge variant="light" color={status === "approved" ? "green" : "red"}>
      {status === "approved" ? "approved" : "blocked"}
    </Badge>
  );
}

function Reasons() {
  const { api, key, may } = useApp();
  const query = useLimitedPage();
  const [isMaking, making] = useUrlFlag("new");
  const [changed, setChanged] = useState<Reason>();
  const reasons = useQuery({
    queryKey: key("reasons", query),
    queryFn: () => answer(api.GET("/v3/moderation/reasons", { params: { query } })),
    placeholderData: keepPreviousData,
  });
  const remove = (id: string) =>
    answer(api.DELETE("/v3/moderation/reasons/{id}", { params: { path: { id } } }));
  return (
    <>
      {may("moderation", "C") && (
        <Button mb="md" leftSection={<IconPlus size={16} />} onClick={making.open}>
          New reason
        </Button>
      )}
      <DataTable<Reason>
        caption="Reasons to report"
        query={reasons}
        rows={reasons.data?.data}
        rowKey={(row) => row.id}
        empty="There is no reason to choose from, so nobody can report."
        columns={[
          { key: "name", label: "Name", render: (row) => row.name },
          { key: "id", label: "Id", render: (row) => row.id },
          { key: "about", label: "Description", render: (row) => <Maybe of={row.description} /> },
          may("moderation", "C") && {
            key: "actions",
            label: "Actions",
            isActions: true,
            render: (row) => (
              <Group gap="xs" wrap="nowrap" justify="flex-end">
                <Button
                  size="xs"
                  variant="default"
                  onClick={() => setChanged(row)}
                  aria-label={`Edit ${row.name}`}
                >
                  Edit
                </Button>
                {may("moderation", "D") && (
                  <ConfirmButton
                    size="xs"
                    label="Delete"
                    ariaLabel={`Delete ${row.name}`}
                    title={`Delete the reason ${row.name}?`}
                    run={() => remove(row.id)}
                    done="The reason is deleted"
                  >
                    Nobody can report by it any more. Reports that name it stay.
                  </ConfirmButton>
                )}
              </Group>
            ),
          },
        ]}
      />
      <Pager pagination={reasons.data?.meta.pagination} of={["reason"]} />
      <NewReason isOpen={isMaking} onClose={making.close} />
      {changed && <EditReason key={changed.id} reason={changed} onClose={() => setChanged(undefined)} />}
    </>
  );
}

function NewReason({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const { api } = useApp();
  const form = useForm({
    initialValues: { id: "", name: "", description: "" },
    validate: { id: idProblem, name: nameProblem },
  });
  return (
    <ModalForm
      title="New reason"
      label="Create reason"
      isOpen={isOpen}
      onClose={onClose}
      form={form}
      run={(body) => answer(api.POST("/v3/moderation/reasons", { body }))}
      done="The reason is created"
    >
      <TextInput
        label="Id"
        description="Kept in lower case"
        required
        data-autofocus
        {...form.getInputProps("id")}
      />
      <TextInput label="Name" description="Users see it" required {...form.getInputProps("name")} />
      <Textarea label="Description" maxLength={255} autosize {...form.getInputProps("description")} />
    </ModalForm>
  );
}

function EditReason({ reason, onClose }: { reason: Reason; onClose: () => void }) {
  const { api } = useApp();
  const form = useForm({
    initialValues: { name: reason.name, description: reason.description },
    validate: { name: nameProblem },
  });
  const params = { path: { id: reason.id } };
  return (
    <ModalForm
      title={`Edit the reason ${reason.id}`}
      label="Save"
      isOpen
      onClose={onClose}
      form={form}
      run={(body) => answer(api.PUT("/v3/moderation/reasons/{id}", { params, body }))}
      done="The reason is saved"
    >
      <TextInput label="Name" required data-autofocus {...form.getInputProps("name")} />
      <Textarea label="Description" maxLength={255} autosize {...form.getInputProps("description")} />
    </ModalForm>
  );
}
