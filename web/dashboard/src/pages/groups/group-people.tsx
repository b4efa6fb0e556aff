import { Button, NativeSelect, Group as Row, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconPlus } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useAction } from "../../api/action";
import { useApp } from "../../api/app";
import { answer } from "../../api/client";
import { allWell } from "../../api/fault";
import type { Group, GroupMember, User } from "../../api/types";
import { idProblem, splitIds } from "../../lib/ids";
import { usePage, useUrlFlag, useUrlState } from "../../lib/url-state";
import { ConfirmButton } from "../../ui/confirm-button";
import { DataTable } from "../../ui/data-table";
import { Time } from "../../ui/details";
import { SearchField } from "../../ui/fields";
import { ModalForm } from "../../ui/form";
import { Pager } from "../../ui/pager";
import { UserName, UserState } from "../users/users";

type Scope = "admin" | "moderator" | "participant";
const SCOPES: Scope[] = ["admin", "moderator", "participant"];
const SCOPE_FILTER = [
  { value: "", label: "All scopes" },
  ...SCOPES.map((scope) => ({ value: scope, label: scope })),
];

/** Who is in the group. */
export function Members({ group }: { group: Group }) {
  const { api, key, path, may } = useApp();
  const { get, set } = useUrlState();
  const params = { path: { guid: group.guid } };
  const query = {
    ...usePage(),
    searchKey: get("q") || undefined,
    scopes: get("scope") ? [get("scope") as Scope] : undefined,
  };
  const members = useQuery({
    queryKey: key("members", group.guid, query),
    queryFn: () => answer(api.GET("/v3/groups/{guid}/members", { params: { ...params, query } })),
    placeholderData: keepPreviousData,
  });
  const canChange = may("groups", "C");
  return (
    <>
      <Row mb="md" align="end">
        <SearchField label="Search" placeholder="Name or uid" />
        <NativeSelect
          label="Scope"
          data={SCOPE_FILTER}
          value={get("scope")}
          onChange={(e) => set({ scope: e.currentTarget.value })}
        />
        {canChange && <AddMembers group={group} />}
      </Row>
      <DataTable<GroupMember>
        caption="Members"
        query={members}
        rows={members.data?.data}
        rowKey={(member) => member.uid}
        empty="Nobody."
        columns={[
          {
            key: "name",
            label: "Name",
            render: (member) => <UserName user={member} to={path(`/users/${member.uid}`)} />,
          },
          { key: "uid", label: "uid", render: (member) => member.uid },
          { key: "state", label: "State", render: (member) => <UserState user={member} /> },
          { key: "scope", label: "Scope", render: (member) => <ScopeOf group={group} member={member} /> },
          { key: "joined", label: "Joined", render: (member) => <Time seconds={member.joinedAt} /> },
          (canChange || may("groups", "D")) && {
            key: "actions",
            label: "Actions",
            isActions: true,
            render: (member) => <MemberActions group={group} member={member} />,
          },
        ]}
      />
      <Pager pagination={members.data?.meta.pagination} of={["member"]} />
    </>
  );
}

/** A member's scope, which can be changed in place; the owner's can't. */
function ScopeOf({ group, member }: { group: Group; member: GroupMember }) {
  const { api, may } = useApp();
  const params = { path: { guid: group.guid, uid: member.uid } };
  const change = useAction(
    (scope: Scope) => answer(api.PUT("/v3/groups/{guid}/members/{uid}", { params, body: { scope } })),
    { done: "The scope is changed" },
  );
  if (!may("groups", "C") || member.uid === group.owner) {
    return <span>{member.uid === group.owner ? `${member.scope}, owner` : member.scope}</span>;
  }
  return (
    <NativeSelect
      size="xs"
      aria-label={`Scope of ${member.name}`}
      data={SCOPES}
      value={member.scope}
      disabled={change.isPending}
      onChange={(event) => change.mutate(event.currentTarget.value as Scope)}
    />
  );
}

function MemberActions({ group, member }: { group: Group; member: GroupMember }) {
  const { api, may } = useApp();
  const params = { path: { guid: group.guid, uid: member.uid } };
  if (member.uid === group.owner) return null;
  return (
    <Row gap="xs" wrap="nowrap" justify="flex-end">
      {may("groups", "D") && (
        <ConfirmButton
          size="xs"
          color="yellow"
          label="Kick"
          ariaLabel={`Kick ${member.name}`}
          title={`Kick ${member.name}?`}
          run={() => answer(api.DELETE("/v3/groups/{guid}/members/{uid}", { params }))}
          done={`${member.name} is out of the group`}
        >
          {member.uid} leaves the group at once and may come back.
        </ConfirmButton>
      )}
      {may("groups", "C") && (
        <ConfirmButton
          size="xs"
          label="Ban"
          ariaLabel={`Ban ${member.name}`}
          title={`Ban ${member.name}?`}
          run={() => answer(api.POST("/v3/groups/{guid}/bannedusers/{uid}", { params }))}
          done={`${member.name} is banned`}
        >
          {member.uid} leaves the group at once and can't come back until the ban is lifted.
        </ConfirmButton>
      )}
    </Row>
  );
}

type List = "admins" | "moderators" | "participants";
const LISTS: { value: List; label: string }[] = [
  { value: "participants", label: "Participants" },
  { value: "moderators", label: "Moderators" },
  { value: "admins", label: "Admins" },
];

function AddMembers({ group }: { group: Group }) {
  const { api } = useApp();
  const [isOpen, { open, close }] = useUrlFlag("add");
  const form = useForm<{ uids: string; list: List }>({
    initialValues: { uids: "", list: "participants" },
    validate: { uids: (text) => (splitIds(text).length === 0 ? "At least one uid" : null) },
  });
  const params = { path: { guid: group.guid } };
  const add = async ({ uids, list }: { uids: string; list: List }) => {
    const body = { [list]: splitIds(uids) };
    const { data } = await answer(api.PUT("/v3/groups/{guid}/members", { params, body }));
    allWell(data[list]);
  };
  return (
    <>
      <Button leftSection={<IconPlus size={16} />} onClick={open}>
        Add members
      </Button>
      <ModalForm
        title="Add members"
        label="Add"
        isOpen={isOpen}
        onClose={close}
        form={form}
        run={add}
        done="They are members now"
      >
        <Textarea
          label="uids"
          description="Separated by commas, spaces or lines"
          autosize
          minRows={2}
          data-autofocus
          {...form.getInputProps("uids")}
        />
        <NativeSelect label="As" data={LISTS} {...form.getInputProps("list")} />
      </ModalForm>
    </>
  );
}

type BannedUser = User & { bannedAt?: number };

/** Who may not come back. */
export function Banned({ group }: { group: Group }) {
  const { api, key, path, may } = useApp();
  const query = usePage();
  const params = { path: { guid: group.guid } };
  const banned = useQuery({
    queryKey: key("banned", group.guid, query),
    queryFn: () => answer(api.GET("/v3/groups/{guid}/bannedusers", { params: { ...params, query } })),
    placeholderData: keepPreviousData,
  });
  const unban = (uid: string) =>
    answer(
      api.DELETE("/v3/groups/{guid}/bannedusers/{uid}", { params: { path: { guid: group.guid, uid } } }),
    );
  return (
    <>
      {may("groups", "C") && <BanUser group={group} />}
      <DataTable<BannedUser>
        caption="Banned users"
        query={banned}
        rows={banned.data?.data}
        rowKey={(user) => user.uid}
        empty="Nobody is banned."
        columns={[
          {
            key: "name",
            label: "Name",
            render: (user) => <UserName user={user} to={path(`/users/${user.uid}`)} />,
          },
          { key: "uid", label: "uid", render: (user) => user.uid },
          { key: "since", label: "Since", render: (user) => <Time seconds={user.bannedAt} /> },
          may("groups", "D") && {
            key: "actions",
            label: "Actions",
            isActions: true,
            render: (user) => (
              <ConfirmButton
                size="xs"
                color="gray"
                label="Lift the ban"
                ariaLabel={`Lift the ban of ${user.name}`}
                title={`Lift the ban of ${user.name}?`}
                run={() => unban(user.uid)}
                done="The ban is lifted"
              >
                {user.uid} may join the group again.
              </ConfirmButton>
            ),
          },
        ]}
      />
      <Pager pagination={banned.data?.meta.pagination} of={["user"]} />
    </>
  );
}

function BanUser({ group }: { group: Group }) {
  const { api } = useApp();
  const [isOpen, { open, close }] = useUrlFlag("ban");
  const form = useForm({ initialValues: { uid: "" }, validate: { uid: idProblem } });
  const ban = ({ uid }: { uid: string }) =>
    answer(api.POST("/v3/groups/{guid}/bannedusers/{uid}", { params: { path: { guid: group.guid, uid } } }));
  return (
    <>
      <Button variant="default" mb="md" onClick={open}>
        Ban a user
      </Button>
      <ModalForm
        title="Ban a user"
        label="Ban"
        isOpen={isOpen}
        onClose={close}
        form={form}
        run={ban}
        done="The user is banned"
      >
        <TextInput
          label="uid"
          description="A member of the group, or somebody who shall not join"
          data-autofocus
          {...form.getInputProps("uid")}
        />
      </ModalForm>
    </>
  );
}
