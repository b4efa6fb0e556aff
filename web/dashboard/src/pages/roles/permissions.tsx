import { Button, Group, Modal, MultiSelect, NativeSelect, Stack, TagsInput, Text } from "@mantine/core";
import { keepPreviousData, useQueries, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useAction } from "../../api/action";
import { useApp } from "../../api/app";
import { answer } from "../../api/client";
import type { Permission } from "../../api/types";
import { useUrlState } from "../../lib/url-state";
import { FaultNote } from "../../ui/fault-note";
import { Page } from "../../ui/page";
import classes from "./permissions.module.css";
import { isDefault, isWord, shown } from "./values";

type Value = string | string[];

/** Whose permissions are shown: a role's, or a scope's in a group. */
type Side = {
  id: string;
  title: string;
  query: { data: Permission[] | undefined; error: unknown; refetch: () => unknown };
  set: (permission: string, value: Value) => Promise<unknown>;
  unset: (permission: string) => Promise<unknown>;
};

/** A catalogue has some 30 entries: one page holds it. */
const ALL = { perPage: 100 };

const SCOPES = ["admin", "moderator", "participant"] as const;

/** How many roles stand side by side. */
const SHOWN = 4;

/** Roles side by side. */
export function Permissions() {
  const { api, key } = useApp();
  const { get, set } = useUrlState();
  const page = Math.max(1, Number.parseInt(get("page"), 10) || 1);
  const query = { page, perPage: SHOWN };
  const roles = useQuery({
    queryKey: key("roles", query),
    queryFn: () => answer(api.GET("/v3/roles", { params: { query } })),
    placeholderData: keepPreviousData,
  });
  const sides = useRoleSides(roles.data?.data.map((role) => ({ id: role.role, title: role.name })) ?? []);
  const pagination = roles.data?.meta.pagination;
  const hasMore = pagination ? pagination.total_pages > pagination.current_page : false;
  return (
    <Page
      title="Permissions"
      about="What users of each role may do. A scope within a group can only take more away: see the group's own page."
    >
      {roles.error ? (
        <FaultNote error={roles.error} onRetry={roles.refetch} />
      ) : (
        <Matrix sides={sides} of="Roles" />
      )}
      {(page > 1 || hasMore) && (
        <Group component="nav" aria-label="Roles shown" justify="flex-end" mt="md" gap="xs">
          <Button
            size="xs"
            variant="default"
            disabled={page <= 1}
            onClick={() => set({ page: page > 2 ? String(page - 1) : "" })}
          >
            Previous roles
          </Button>
          <Button
            size="xs"
            variant="default"
            disabled={!hasMore}
            onClick={() => set({ page: String(page + 1) })}
          >
            Next roles
          </Button>
        </Group>
      )}
    </Page>
  );
}

/** One role's permissions. */
export function RolePermissions({ role }: { role: string }) {
  return <Matrix sides={useRoleSides([{ id: role, title: role }])} of="Role" />;
}

function useRoleSides(roles: { id: string; title: string }[]): Side[] {
  const { api, key } = useApp();
  const results = useQueries({
    queries: roles.map(({ id }) => ({
      queryKey: key("permissions", "role", id),
      queryFn: () =>
        answer(api.GET("/v3/roles/{role}/permissions", { params: { path: { role: id }, query: ALL } })),
    })),
  });
  return roles.map(({ id, title }, at) => ({
    id,
    title,
    query: column(results[at]),
    set: (permission, value) =>
      answer(
        api.PUT("/v3/roles/{role}/permissions", {
          params: { path: { role: id } },
          body: { permissions: { [permission]: value } },
        }),
      ),
    unset: (permission) =>
      answer(
        api.DELETE("/v3/roles/{role}/permissions/{permission}", {
          params: { path: { role: id, permission } },
        }),
      ),
  }));
}

/** What members of a group may do there, by scope. */
export function ScopePermissions({ guid }: { guid: string }) {
  const { api, key } = useApp();
  const results = useQueries({
    queries: SCOPES.map((scope) => ({
      queryKey: key("permissions", "scope", guid, scope),
      queryFn: () =>
        answer(
          api.GET("/v3/groups/{guid}/scopes/{scope}/permissions", {
            params: { path: { guid, scope }, query: ALL },
          }),
        ),
    })),
  });
  const sides = SCOPES.map((scope, at): Side => {
    const path = { guid, scope };
    return {
      id: scope,
      title: scope,
      query: column(results[at]),
      set: (permission, value) =>
        answer(
          api.PUT("/v3/groups/{guid}/scopes/{scope}/permissions", {
            params: { path },
            body: { permissions: { [permission]: value } },
          }),
        ),
      unset: (permission) =>
        answer(
          api.DELETE("/v3/groups/{guid}/scopes/{scope}/permissions/{permission}", {
            params: { path: { ...path, permission } },
          }),
        ),
    };
  });
  return <Matrix sides={sides} of="Scopes" />;
}

type Result = { data?: { data: Permission[] } | undefined; error: unknown; refetch: () => unknown };

function column(result: Result | undefined): Side["query"] {
  return { data: result?.data?.data, error: result?.error, refetch: () => result?.refetch() };
}

/** Permissions down, sides across. */
function Matrix({ sides, of }: { sides: Side[]; of: string }) {
  const failed = sides.find((side) => side.query.error);
  const catalogue = sides.find((side) => side.query.data)?.query.data;
  if (failed) return <FaultNote error={failed.query.error} onRetry={failed.query.refetch} />;
  if (!catalogue) return <p role="status">Loading the permissions…</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section className={classes.scroll} aria-label={`Permissions by ${of.toLowerCase()}`} tabIndex={0}>
      <table className={classes.matrix}>
        <thead>
          <tr>
            <th scope="col">Permission</th>
            {sides.map((side) => (
              <th key={side.id} scope="col">
                {side.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {catalogue.map((permission) => (
            <tr key={permission.id}>
              <th scope="row">
                <Text size="sm" fw={600} component="span" display="block">
                  {permission.title}
                </Text>
                <Text size="xs" c="dimmed" component="span" display="block">
                  {permission.description}
                </Text>
              </th>
              {sides.map((side) => (
                <td key={side.id}>
                  <Cell
                    side={side}
                    permission={side.query.data?.find((other) => other.id === permission.id)}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** A value, to be changed in place. */
function Cell({ side, permission }: { side: Side; permission: Permission | undefined }) {
  const { may } = useApp();
  const change = useAction((value: Value | undefined) => {
    const id = permission?.id ?? "";
    return value === undefined ? side.unset(id) : side.set(id, value);
  });
  if (!permission) return <span>–</span>;
  if (!may("roles", "C")) return <span>{shown(permission.value)}</span>;
  const name = `${permission.title}, ${side.title}`;
  if (isWord(permission)) {
    return (
      <NativeSelect
        size="xs"
        aria-label={name}
        data={permission.availableValues}
        value={String(permission.value)}
        disabled={change.isPending}
        data-set={isDefault(permission) ? undefined : "true"}
        onChange={(event) => change.mutate(event.currentTarget.value)}
      />
    );
  }
  return <ListCell name={name} permission={permission} onChange={(value) => change.mutateAsync(value)} />;
}

type ListProps = {
  name: string;
  permission: Permission;
  onChange: (value: Value | undefined) => Promise<unknown>;
};

/** A list is edited in a window. An empty one is no limit. */
function ListCell({ name, permission, onChange }: ListProps) {
  const { may } = useApp();
  const [draft, setDraft] = useState<string[]>();
  const close = () => setDraft(undefined);
  const save = (value: Value | undefined) => onChange(value).then(close, () => {});
  const list = Array.isArray(permission.value) ? permission.value : [permission.value];
  const field = {
    label: permission.title,
    description: permission.description,
    value: draft ?? [],
    onChange: setDraft,
    clearable: true,
  };
  return (
    <>
      <Button
        size="compact-sm"
        variant={isDefault(permission) ? "default" : "light"}
        className={classes.list ?? ""}
        aria-label={`${name}: ${shown(permission.value)}`}
        onClick={() => setDraft(list)}
      >
        {shown(permission.value)}
      </Button>
      <Modal opened={draft !== undefined} onClose={close} title={name}>
        <Stack>
          {permission.availableValues.length > 0 ? (
            <MultiSelect {...field} data={permission.availableValues} />
          ) : (
            <TagsInput {...field} splitChars={[",", " "]} />
          )}
          <Text size="sm" c="dimmed">
            An empty list sets no limit.
          </Text>
          <Group justify="flex-end">
            {!isDefault(permission) && may("roles", "D") && (
              <Button variant="default" onClick={() => save(undefined)}>
                Back to the default
              </Button>
            )}
            <Button onClick={() => save(draft ?? [])}>Save</Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
