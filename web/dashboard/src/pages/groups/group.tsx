import { Anchor, Button, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconMessages } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { useApp } from "../../api/app";
import { answer } from "../../api/client";
import type { Group } from "../../api/types";
import { formatNumber } from "../../lib/format";
import { idProblem } from "../../lib/ids";
import { useUrlFlag } from "../../lib/url-state";
import { JsonModal } from "../../ui/code";
import { ConfirmButton } from "../../ui/confirm-button";
import { Details, Time } from "../../ui/details";
import { FaultNote } from "../../ui/fault-note";
import { ModalForm, PageForm } from "../../ui/form";
import { Page } from "../../ui/page";
import { RouteTabs } from "../../ui/route-tabs";
import { ScopePermissions } from "../roles/permissions";
import { bodyOf, GroupFields, groupRules, valuesOf } from "./group-fields";
import { Banned, Members } from "./group-people";
import { GroupTypeBadge } from "./groups";

/** One group. */
export function GroupPage() {
  const { guid = "" } = useParams();
  const { api, key, path, may } = useApp();
  const navigate = useNavigate();
  const [raw, setRaw] = useState<Group>();
  const { data, error, refetch } = useQuery({
    queryKey: key("group", guid),
    queryFn: async () => (await answer(api.GET("/v3/groups/{guid}", { params: { path: { guid } } }))).data,
  });
  if (!data) {
    return (
      <Page title={guid}>
        {error ? <FaultNote error={error} onRetry={refetch} /> : <p role="status">Loading the group…</p>}
      </Page>
    );
  }
  const remove = () => answer(api.DELETE("/v3/groups/{guid}", { params: { path: { guid } } }));
  return (
    <Page
      title={data.name}
      about={<GroupTypeBadge type={data.type} />}
      actions={
        <>
          <Button
            variant="default"
            component={Link}
            to={path(`/messages?group=${data.guid}`)}
            leftSection={<IconMessages size={16} />}
          >
            Messages
          </Button>
          <Button variant="default" onClick={() => setRaw(data)}>
            Raw JSON
          </Button>
          {may("groups", "D") && (
            <ConfirmButton
              label="Delete"
              title={`Delete ${data.name}?`}
              typed={data.guid}
              run={remove}
              done="The group is deleted"
              onDone={() => navigate(path("/groups"))}
            >
              All members leave, and nobody can read the group's messages any more. This can't be undone.
            </ConfirmButton>
          )}
        </>
      }
    >
      <RouteTabs
        label="About the group"
        tabs={[
          { value: "details", label: "Details", content: <Profile key={data.updatedAt} group={data} /> },
          { value: "members", label: "Members", content: <Members group={data} /> },
          { value: "banned", label: "Banned", content: <Banned group={data} /> },
          { value: "permissions", label: "Permissions", content: <ScopePermissions guid={data.guid} /> },
        ]}
      />
      <JsonModal value={raw} title={`Group ${data.guid}`} onClose={() => setRaw(undefined)} />
    </Page>
  );
}

function Profile({ group }: { group: Group }) {
  const { api, may, path } = useApp();
  const form = useForm({ initialValues: valuesOf(group), validate: groupRules });
  const params = { path: { guid: group.guid } };
  const isReadOnly = !may("groups", "C");
  const isOwned = group.owner !== "app_system";
  return (
    <>
      <Details
        rows={[
          ["guid", group.guid],
          [
            "Owner",
            <span key="owner">
              {isOwned ? (
                <Anchor component={Link} to={path(`/users/${group.owner}`)}>
                  {group.owner}
                </Anchor>
              ) : (
                "the app"
              )}{" "}
              {!isReadOnly && <Owner group={group} />}
            </span>,
          ],
          ["Members", formatNumber(group.membersCount)],
          ["Created", <Time key="created" seconds={group.createdAt} />],
          ["Changed", group.updatedAt && <Time key="changed" seconds={group.updatedAt} />],
        ]}
      />
      <PageForm
        form={form}
        label="Save"
        isDisabled={isReadOnly}
        run={(values) => answer(api.PUT("/v3/groups/{guid}", { params, body: bodyOf(values, group) }))}
        done="The group is saved"
      >
        <GroupFields form={form} readOnly={isReadOnly} />
      </PageForm>
    </>
  );
}

/** Gives the group to another member. */
function Owner({ group }: { group: Group }) {
  const { api } = useApp();
  const [isOpen, { open, close }] = useUrlFlag("owner");
  const form = useForm({ initialValues: { owner: "" }, validate: { owner: idProblem } });
  const params = { path: { guid: group.guid } };
  return (
    <>
      <Button size="compact-xs" variant="default" onClick={open}>
        Change owner
      </Button>
      <ModalForm
        title="Change the owner"
        label="Change owner"
        isOpen={isOpen}
        onClose={close}
        form={form}
        run={(body) => answer(api.PATCH("/v3/groups/{guid}/owner", { params, body }))}
        done="The group has another owner"
      >
        <TextInput
          label="uid of the new owner"
          description="A member of the group"
          data-autofocus
          {...form.getInputProps("owner")}
        />
      </ModalForm>
    </>
  );
}
