import { Anchor, Badge, Button, Code, Group, Text, TextInput } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useApp } from "../../api/app";
import { answer, management } from "../../api/client";
import { useOperator } from "../../api/session";
import { secondOf } from "../../lib/format";
import { useUrlState } from "../../lib/url-state";
import { DataTable } from "../../ui/data-table";
import { Absent, Maybe, Time } from "../../ui/details";
import { NotAllowed } from "../../ui/fault-note";
import { TypedFilter } from "../../ui/fields";
import classes from "../../ui/filters.module.css";
import { Page } from "../../ui/page";

type Action = {
  id: string;
  operator: { id: string; name: string; email: string };
  appId?: string | null;
  operation: string;
  parameters: { [name: string]: unknown };
  status?: number | null;
  at: number;
};

type ActionPage = { data: Action[]; meta: { count: number; cursor?: string | null } };

type Asked = {
  from?: number | undefined;
  to?: number | undefined;
  limit: number;
  cursor?: string | undefined;
  operator?: string | undefined;
  operation?: string | undefined;
};

/** What operators did in one app. */
export function AppAudit() {
  const { appId, key } = useApp();
  return (
    <Page title="Audit log" about="Every change that an operator made in this app, the newest first.">
      <Log
        queryKey={key("actions")}
        fetchPage={(query) =>
          answer(management.GET("/v3/apps/{appId}/actions", { params: { path: { appId }, query } }))
        }
      />
    </Page>
  );
}

/** What operators did anywhere; owners of the installation only. */
export function WholeAudit() {
  const operator = useOperator();
  return (
    <Page
      title="Audit log of all"
      about="Every change that an operator made in any app, and log-ins, the newest first."
    >
      {operator.role === "owner" ? (
        <Log
          queryKey={["actions"]}
          fetchPage={(query) => answer(management.GET("/v3/operators/actions", { params: { query } }))}
          showsApps
        />
      ) : (
        <NotAllowed>Only owners of the installation see this.</NotAllowed>
      )}
    </Page>
  );
}

type LogProps = {
  queryKey: unknown[];
  fetchPage: (query: Asked) => Promise<ActionPage>;
  showsApps?: boolean;
};

function Log({ queryKey, fetchPage, showsApps = false }: LogProps) {
  const { get, set } = useUrlState();
  const query: Asked = {
    limit: 50,
    cursor: get("cursor") || undefined,
    operator: get("operator") || undefined,
    operation: get("operation") || undefined,
    from: secondOf(get("from"), "00:00:00"),
    to: secondOf(get("to"), "23:59:59"),
  };
  const actions = useQuery({
    queryKey: [...queryKey, query],
    queryFn: () => fetchPage(query),
    placeholderData: keepPreviousData,
  });
  const cursor = actions.data?.meta.cursor;
  const isFiltered = ["operation", "operator", "from", "to"].some((name) => get(name) !== "");
  return (
    <>
      <div className={classes.filters}>
        <TypedFilter name="operation" label="Operation" placeholder="delete-user" />
        <TextInput
          type="date"
          label="From"
          value={get("from")}
          onChange={(event) => set({ from: event.currentTarget.value })}
        />
        <TextInput
          type="date"
          label="Until"
          value={get("to")}
          onChange={(event) => set({ to: event.currentTarget.value })}
        />
      </div>
      {get("operator") && (
        <Group mb="md" gap="xs">
          <Text size="sm">{`Only what ${actions.data?.data[0]?.operator.name ?? "one operator"} did.`}</Text>
          <Button size="xs" variant="default" onClick={() => set({ operator: "" })}>
            All operators
          </Button>
        </Group>
      )}
      <DataTable<Action>
        caption="Actions of operators"
        query={actions}
        rows={actions.data?.data}
        rowKey={(row) => row.id}
        empty={isFiltered ? "Nothing like that was done." : "Nothing was done yet."}
        columns={[
          { key: "at", label: "When", render: (row) => <Time seconds={row.at} /> },
          { key: "who", label: "Operator", render: (row) => <Who row={row} /> },
          showsApps && { key: "app", label: "App", render: (row) => <Maybe of={row.appId ?? undefined} /> },
          { key: "what", label: "Operation", render: (row) => <Code>{row.operation}</Code> },
          { key: "of", label: "Parameters", render: (row) => <Parameters of={row.parameters} /> },
          { key: "status", label: "Result", render: (row) => <Result status={row.status} /> },
        ]}
      />
      {(cursor || get("cursor")) && (
        <Group component="nav" aria-label="Pages" justify="flex-end" mt="md" gap="xs">
          <Button size="xs" variant="default" disabled={!get("cursor")} onClick={() => set({ cursor: "" })}>
            Newest
          </Button>
          <Button size="xs" variant="default" disabled={!cursor} onClick={() => cursor && set({ cursor })}>
            Older
          </Button>
        </Group>
      )}
    </>
  );
}

/** Leads to what the same operator did. */
function Who({ row }: { row: Action }) {
  const { set } = useUrlState();
  return (
    <>
      <Anchor component="button" type="button" size="sm" onClick={() => set({ operator: row.operator.id })}>
        {row.operator.name}
      </Anchor>
      <Text size="xs" c="dimmed">
        {row.operator.email}
      </Text>
    </>
  );
}

function Parameters({ of }: { of: Action["parameters"] }) {
  const entries = Object.entries(of);
  if (entries.length === 0) return <Absent />;
  return (
    <>
      {entries.map(([name, value]) => (
        <Text key={name} size="sm">
          {name}: {String(value)}
        </Text>
      ))}
    </>
  );
}

function Result({ status }: { status: number | null | undefined }) {
  if (status === null || status === undefined)
    return (
      <Badge variant="light" color="yellow">
        unknown
      </Badge>
    );
  return (
    <Badge variant="light" color={status < 400 ? "green" : "red"}>
      {status < 400 ? "done" : "refused"} {status}
    </Badge>
  );
}
