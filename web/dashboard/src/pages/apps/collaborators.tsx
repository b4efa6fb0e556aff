import { Badge, Button, NativeSelect, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconPlus } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useApp } from "../../api/app";
import { answer, management } from "../../api/client";
import { allWell } from "../../api/fault";
import type { Collaborator } from "../../api/types";
import { usePage, useUrlFlag } from "../../lib/url-state";
import { ConfirmButton } from "../../ui/confirm-button";
import { DataTable } from "../../ui/data-table";
import { Time } from "../../ui/details";
import { ModalForm } from "../../ui/form";
import { Page } from "../../ui/page";
import { Pager } from "../../ui/pager";

type List = "admins" | "developers" | "moderators" | "collaboratorsToRemove";

const ROLES: { value: List; label: string }[] = [
  { value: "admins", label: "Admin: everything in the app" },
  { value: "moderators", label: "Moderator: users, groups, messages and moderation" },
  { value: "developers", label: "Developer: keys, bots and webhooks; no moderation" },
];

/** Puts one operator on one of the lists of a change. */
function change(appId: string, list: List, email: string): Promise<void> {
  const params = { path: { appId } };
  const call = management.POST("/v3/apps/{appId}/collaborators", { params, body: { [list]: [email] } });
  return answer(call).then(({ data }) => allWell(data[list]));
}

/** Who works with the app. */
export function Collaborators() {
  const { app, appId, key, may } = useApp();
  const query = usePage();
  const [isAdding, adding] = useUrlFlag("new");
  const people = useQuery({
    queryKey: key("collaborators", query),
    queryFn: () =>
      answer(management.GET("/v3/apps/{appId}/collaborators", { params: { path: { appId }, query } })),
    placeholderData: keepPreviousData,
  });
  const owner = app.appOwner ? `The app is ${app.appOwner.name}'s (${app.appOwner.email}).` : "";
  return (
    <Page
      title="Collaborators"
      about={`Operators who work with this app. ${owner}`}
      actions={
        may("team", "C") && (
          <Button leftSection={<IconPlus size={16} />} onClick={adding.open}>
            Add
          </Button>
        )
      }
    >
      <DataTable<Collaborator>
        caption="Collaborators"
        query={people}
        rows={people.data?.data}
        rowKey={(row) => String(row.id)}
        empty="Nobody but the owner works with this app."
        columns={[
          { key: "name", label: "Name", render: (row) => row.name },
          { key: "email", label: "E-mail address", render: (row) => row.email },
          {
            key: "role",
            label: "Role",
            render: (row) => (
              <Badge variant="light" color="gray">
                {row.role}
              </Badge>
            ),
          },
          { key: "since", label: "Since", render: (row) => <Time seconds={row.createdAt} /> },
          may("team", "C") && {
            key: "actions",
            label: "Actions",
            isActions: true,
            render: (row) => (
              <ConfirmButton
                size="xs"
                label="Remove"
                ariaLabel={`Remove ${row.name}`}
                title={`Remove ${row.name}?`}
                run={() => change(appId, "collaboratorsToRemove", row.email)}
                done={`${row.name} is removed`}
              >
                {row.email} loses access to this app at once.
              </ConfirmButton>
            ),
          },
        ]}
      />
      <Pager pagination={people.data?.meta.pagination} of={["collaborator"]} />
      <AddCollaborator isOpen={isAdding} onClose={adding.close} />
    </Page>
  );
}

function AddCollaborator({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const { appId } = useApp();
  const form = useForm<{ email: string; list: List }>({
    initialValues: { email: "", list: "developers" },
    validate: { email: (email) => (/^\S+@\S+$/.test(email) ? null : "An e-mail address") },
  });
  return (
    <ModalForm
      title="Add a collaborator"
      label="Add"
      isOpen={isOpen}
      onClose={onClose}
      form={form}
      run={({ email, list }) => change(appId, list, email)}
      done="The collaborator is added"
    >
      <TextInput
        label="E-mail address"
        description="Of somebody who is an operator already"
        type="email"
        required
        data-autofocus
        {...form.getInputProps("email")}
      />
      <NativeSelect label="Role in this app" data={ROLES} {...form.getInputProps("list")} />
    </ModalForm>
  );
}
