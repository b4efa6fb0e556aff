import { Anchor, Badge, Button, NativeSelect } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { useApp } from "../../api/app";
import { answer } from "../../api/client";
import type { Group } from "../../api/types";
import { formatNumber } from "../../lib/format";
import { usePage, useUrlFlag, useUrlState } from "../../lib/url-state";
import { DataTable } from "../../ui/data-table";
import { Time } from "../../ui/details";
import { SearchField } from "../../ui/fields";
import classes from "../../ui/filters.module.css";
import { Page } from "../../ui/page";
import { Pager } from "../../ui/pager";
import { Tags } from "../users/users";
import { NewGroup } from "./new-group";

const TYPES = [
  { value: "", label: "All types" },
  { value: "public", label: "Public" },
  { value: "password", label: "With a password" },
  { value: "private", label: "Private" },
];

const ORDERS = [
  { value: "", label: "Default" },
  { value: "name.asc", label: "Name, A to Z" },
  { value: "createdAt.desc", label: "Newest first" },
  { value: "createdAt.asc", label: "Oldest first" },
];

type GroupType = "public" | "password" | "private";
type Sort = { sortBy?: "name" | "createdAt"; sortOrder?: "asc" | "desc" };

function sort(order: string): Sort {
  const [sortBy, sortOrder] = order.split(".");
  return order === "" ? {} : ({ sortBy, sortOrder } as Sort);
}

/** The app's groups. */
export function Groups() {
  const { api, key, path, may } = useApp();
  const { get, set } = useUrlState();
  const [isMaking, making] = useUrlFlag("new");
  const query = {
    ...usePage(),
    searchKey: get("q") || undefined,
    types: get("type") ? [get("type") as GroupType] : undefined,
    withTags: "true" as const,
    ...sort(get("sort")),
  };
  const groups = useQuery({
    queryKey: key("groups", query),
    queryFn: () => answer(api.GET("/v3/groups", { params: { query } })),
    placeholderData: keepPreviousData,
  });
  const isFiltered = get("q") !== "" || get("type") !== "";
  return (
    <Page
      title="Groups"
      actions={
        may("groups", "C") && (
          <Button leftSection={<IconPlus size={16} />} onClick={making.open}>
            New group
          </Button>
        )
      }
    >
      <div className={classes.filters}>
        <SearchField label="Search" placeholder="Name or guid" />
        <NativeSelect
          label="Type"
          data={TYPES}
          value={get("type")}
          onChange={(e) => set({ type: e.currentTarget.value })}
        />
        <NativeSelect
          label="Order"
          data={ORDERS}
          value={get("sort")}
          onChange={(e) => set({ sort: e.currentTarget.value })}
        />
      </div>
      <DataTable<Group>
        caption="Groups"
        query={groups}
        rows={groups.data?.data}
        rowKey={(group) => group.guid}
        empty={isFiltered ? "No group is like that." : "There are no groups yet."}
        columns={[
          {
            key: "name",
            label: "Name",
            render: (group) => (
              <Anchor component={Link} to={path(`/groups/${group.guid}`)} fw={600}>
                {group.name}
              </Anchor>
            ),
          },
          { key: "guid", label: "guid", render: (group) => group.guid },
          { key: "type", label: "Type", render: (group) => <GroupTypeBadge type={group.type} /> },
          { key: "members", label: "Members", render: (group) => formatNumber(group.membersCount) },
          { key: "tags", label: "Tags", render: (group) => <Tags tags={group.tags} /> },
          { key: "created", label: "Created", render: (group) => <Time seconds={group.createdAt} /> },
        ]}
      />
      <Pager pagination={groups.data?.meta.pagination} of={["group"]} />
      <NewGroup isOpen={isMaking} onClose={making.close} />
    </Page>
  );
}

/** How one gets in. */
export function GroupTypeBadge({ type }: { type: GroupType }) {
  return (
    <Badge variant="light" color={type === "public" ? "green" : "gray"}>
      {type}
    </Badge>
  );
}
