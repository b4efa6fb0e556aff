import { Anchor, Avatar, Badge, Button, Group, NativeSelect } from "@mantine/core";
import { IconUserPlus } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { useApp } from "../../api/app";
import { answer } from "../../api/client";
import type { Pagination, User } from "../../api/types";
import { splitIds } from "../../lib/ids";
import { usePage, useUrlFlag, useUrlState } from "../../lib/url-state";
import { DataTable } from "../../ui/data-table";
import { Absent, Time } from "../../ui/details";
import { SearchField, TypedFilter } from "../../ui/fields";
import classes from "../../ui/filters.module.css";
import { Page } from "../../ui/page";
import { Pager } from "../../ui/pager";
import { NewUser } from "./new-user";

const STATES = [
  { value: "", label: "Active" },
  { value: "online", label: "Online now" },
  { value: "with", label: "Active and deactivated" },
  { value: "only", label: "Deactivated" },
];

const ORDERS = [
  { value: "", label: "Default" },
  { value: "name.asc", label: "Name, A to Z" },
  { value: "name.desc", label: "Name, Z to A" },
  { value: "createdAt.desc", label: "Newest first" },
  { value: "createdAt.asc", label: "Oldest first" },
];

type Sort = { sortBy?: "name" | "createdAt"; sortOrder?: "asc" | "desc" };

function sort(order: string): Sort {
  const [sortBy, sortOrder] = order.split(".");
  return order === "" ? {} : ({ sortBy, sortOrder } as Sort);
}

/** The app's users. */
export function Users() {
  const { api, key, path, may } = useApp();
  const { get, set } = useUrlState();
  const place = usePage();
  const [isMaking, making] = useUrlFlag("new");
  const state = get("state");
  const query = {
    ...place,
    searchKey: get("q") || undefined,
    roles: get("role") ? splitIds(get("role")) : undefined,
    tags: get("tag") ? [get("tag")] : undefined,
    status: state === "online" ? ("online" as const) : undefined,
    withDeactivated: state === "with" ? ("true" as const) : undefined,
    onlyDeactivated: state === "only" ? ("true" as const) : undefined,
    withTags: "true" as const,
    ...sort(get("sort")),
  };
  const users = useQuery({
    queryKey: key("users", query),
    queryFn: async () =>
      // Only `count` has the other shape.
      (await answer(api.GET("/v3/users", { params: { query } }))) as {
        data: User[];
        meta: { pagination: Pagination };
      },
    placeholderData: keepPreviousData,
  });
  const isFiltered = ["q", "role", "tag", "state"].some((name) => get(name) !== "");
  return (
    <Page
      title="Users"
      about="The people of your app, as it mirrors them here."
      actions={
        may("users", "C") && (
          <Button leftSection={<IconUserPlus size={16} />} onClick={making.open}>
            New user
          </Button>
        )
      }
    >
      <div className={classes.filters}>
        <SearchField label="Search" placeholder="Name or uid" />
        <NativeSelect
          label="State"
          data={STATES}
          value={state}
          onChange={(e) => set({ state: e.currentTarget.value })}
        />
        <TypedFilter name="role" label="Role" />
        <TypedFilter name="tag" label="Tag" />
        <NativeSelect
          label="Order"
          data={ORDERS}
          value={get("sort")}
          onChange={(e) => set({ sort: e.currentTarget.value })}
        />
      </div>
      <DataTable<User>
        caption="Users"
        query={users}
        rows={users.data?.data}
        rowKey={(user) => user.uid}
        empty={isFiltered ? "No user is like that." : "There are no users yet."}
        columns={[
          {
            key: "name",
            label: "Name",
            render: (user) => <UserName user={user} to={path(`/users/${user.uid}`)} />,
          },
          { key: "uid", label: "uid", render: (user) => user.uid },
          { key: "role", label: "Role", render: (user) => user.role },
          { key: "state", label: "State", render: (user) => <UserState user={user} /> },
          { key: "tags", label: "Tags", render: (user) => <Tags tags={user.tags} /> },
          { key: "active", label: "Last online", render: (user) => <Time seconds={user.lastActiveAt} /> },
        ]}
      />
      <Pager pagination={users.data?.meta.pagination} of={["user"]} />
      <NewUser isOpen={isMaking} onClose={making.close} />
    </Page>
  );
}

/** A user with picture and name, leading to the user's page. */
export function UserName({ user, to }: { user: Pick<User, "name" | "avatar">; to: string }) {
  return (
    <Group gap="xs" wrap="nowrap">
      <Avatar src={user.avatar ?? null} alt="" name={user.name} color="gray" size="sm" aria-hidden="true" />
      <Anchor component={Link} to={to} fw={600}>
        {user.name}
      </Anchor>
    </Group>
  );
}

/** Online, offline or deactivated. */
export function UserState({ user }: { user: Pick<User, "status" | "deactivatedAt"> }) {
  if (user.deactivatedAt)
    return (
      <Badge variant="light" color="red">
        deactivated
      </Badge>
    );
  const isOnline = user.status === "available";
  return (
    <Badge variant="light" color={isOnline ? "green" : "gray"}>
      {isOnline ? "online" : "offline"}
    </Badge>
  );
}

/** Labels, a few of them. */
export function Tags({ tags = [] }: { tags?: string[] | undefined }) {
  if (tags.length === 0) return <Absent />;
  const shown = tags.slice(0, 4);
  return (
    <Group gap={4}>
      {shown.map((tag) => (
        <Badge key={tag} variant="light" color="gray" tt="none">
          {tag}
        </Badge>
      ))}
      {tags.length > shown.length && <span>and {tags.length - shown.length} more</span>}
    </Group>
  );
}
