import { Button, Group, NativeSelect, Textarea } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconPlus } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useApp } from "../../api/app";
import { answer } from "../../api/client";
import { allWell } from "../../api/fault";
import type { Pagination, User } from "../../api/types";
import { splitIds } from "../../lib/ids";
import { usePage, useUrlFlag, useUrlState } from "../../lib/url-state";
import { ConfirmButton } from "../../ui/confirm-button";
import { DataTable } from "../../ui/data-table";
import { SearchField } from "../../ui/fields";
import { ModalForm } from "../../ui/form";
import { Pager } from "../../ui/pager";
import { UserName, UserState } from "./users";

/** A user's friends. */
export function Friends({ uid }: { uid: string }) {
  const { api, key, may } = useApp();
  const { get } = useUrlState();
  const params = { path: { uid } };
  const query = { ...usePage(), searchKey: get("q") || undefined };
  const friends = useQuery({
    queryKey: key("friends", uid, query),
    queryFn: () => answer(api.GET("/v3/users/{uid}/friends", { params: { ...params, query } })),
    placeholderData: keepPreviousData,
  });
  const add = async (accepted: string[]) =>
    allWell(
      (await answer(api.POST("/v3/users/{uid}/friends", { params, body: { accepted } }))).data.accepted,
    );
  const remove = (friend: string) =>
    answer(api.DELETE("/v3/users/{uid}/friends", { params, body: { friends: [friend] } }));
  return (
    <>
      <Group mb="md" align="end">
        <SearchField label="Search" placeholder="Name or uid" />
        {may("users", "C") && <AddPeople label="Add friends" run={add} done="They are friends now" />}
      </Group>
      <People
        caption="Friends"
        query={friends}
        rows={friends.data?.data}
        pagination={friends.data?.meta.pagination}
        empty="No friends."
        action={
          may("users", "D")
            ? (friend) => (
                <ConfirmButton
                  size="xs"
                  label="Remove"
                  ariaLabel={`Remove the friend ${friend.name}`}
                  title="End this friendship?"
                  run={() => remove(friend.uid)}
                  done="The friendship is ended"
                >
                  {uid} and {friend.uid} are no friends any more, on both sides.
                </ConfirmButton>
              )
            : undefined
        }
      />
    </>
  );
}

const DIRECTIONS = [
  { value: "", label: "Whom the user blocks" },
  { value: "hasBlockedMe", label: "Who blocks the user" },
  { value: "both", label: "Either way" },
];

/** Whom a user blocks, and who blocks the user. */
export function Blocked({ uid }: { uid: string }) {
  const { api, key, may } = useApp();
  const { get, set } = useUrlState();
  const params = { path: { uid } };
  const direction = (get("way") || "blockedByMe") as "blockedByMe" | "hasBlockedMe" | "both";
  const query = { ...usePage(), searchKey: get("q") || undefined, direction };
  const blocked = useQuery({
    queryKey: key("blocked", uid, query),
    queryFn: () => answer(api.GET("/v3/users/{uid}/blockedusers", { params: { ...params, query } })),
    placeholderData: keepPreviousData,
  });
  const block = async (blockedUids: string[]) =>
    allWell((await answer(api.POST("/v3/users/{uid}/blockedusers", { params, body: { blockedUids } }))).data);
  const unblock = async (other: string) =>
    allWell(
      (await answer(api.DELETE("/v3/users/{uid}/blockedusers", { params, body: { blockedUids: [other] } })))
        .data,
    );
  const canUnblock = may("users", "D") && direction === "blockedByMe";
  return (
    <>
      <Group mb="md" align="end">
        <SearchField label="Search" placeholder="Name or uid" />
        <NativeSelect
          label="Which way"
          data={DIRECTIONS}
          value={get("way")}
          onChange={(e) => set({ way: e.currentTarget.value })}
        />
        {may("users", "C") && <AddPeople label="Block users" run={block} done="They are blocked" />}
      </Group>
      <People
        caption="Blocked users"
        query={blocked}
        rows={blocked.data?.data}
        pagination={blocked.data?.meta.pagination}
        empty="Nobody."
        action={
          canUnblock
            ? (other) => (
                <ConfirmButton
                  size="xs"
                  label="Unblock"
                  color="gray"
                  ariaLabel={`Unblock ${other.name}`}
                  title="Lift this block?"
                  run={() => unblock(other.uid)}
                  done="The block is lifted"
                >
                  {other.uid} can write to {uid} again.
                </ConfirmButton>
              )
            : undefined
        }
      />
    </>
  );
}

type PeopleProps = {
  caption: string;
  query: { isPending: boolean; error: unknown; refetch: () => unknown };
  rows: User[] | undefined;
  pagination: Pagination | undefined;
  empty: string;
  action: ((user: User) => ReactNode) | undefined;
};

function People({ caption, query, rows, pagination, empty, action }: PeopleProps) {
  const { path } = useApp();
  return (
    <>
      <DataTable<User>
        caption={caption}
        query={query}
        rows={rows}
        rowKey={(user) => user.uid}
        empty={empty}
        columns={[
          {
            key: "name",
            label: "Name",
            render: (user) => <UserName user={user} to={path(`/users/${user.uid}`)} />,
          },
          { key: "uid", label: "uid", render: (user) => user.uid },
          { key: "state", label: "State", render: (user) => <UserState user={user} /> },
          action && { key: "actions", label: "Actions", isActions: true, render: action },
        ]}
      />
      <Pager pagination={pagination} of={["user"]} />
    </>
  );
}

type AddProps = { label: string; run: (uids: string[]) => Promise<unknown>; done: string };

/** Asks for uids. */
export function AddPeople({ label, run, done }: AddProps) {
  const [isOpen, { open, close }] = useUrlFlag("add");
  const form = useForm({
    initialValues: { uids: "" },
    validate: {
      uids: (text) => {
        const count = splitIds(text).length;
        if (count === 0) return "At least one uid";
        return count > 25 ? "At most 25 at a time" : null;
      },
    },
  });
  return (
    <>
      <Button leftSection={<IconPlus size={16} />} onClick={open}>
        {label}
      </Button>
      <ModalForm
        title={label}
        label={label}
        isOpen={isOpen}
        onClose={close}
        form={form}
        run={({ uids }) => run(splitIds(uids))}
        done={done}
      >
        <Textarea
          label="uids"
          description="Separated by commas, spaces or lines; at most 25"
          autosize
          minRows={2}
          data-autofocus
          {...form.getInputProps("uids")}
        />
      </ModalForm>
    </>
  );
}
