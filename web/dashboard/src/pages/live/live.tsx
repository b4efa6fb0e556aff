import { AreaChart } from "@mantine/charts";
import { Box, Group, Paper, SegmentedControl, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { answer, management } from "../../api/client";
import { useOperator } from "../../api/session";
import type { Node } from "../../api/types";
import { formatBytes, formatNumber } from "../../lib/format";
import { useUrlState } from "../../lib/url-state";
import { DataTable } from "../../ui/data-table";
import { Absent, Time } from "../../ui/details";
import { FaultNote, NotAllowed } from "../../ui/fault-note";
import { Page } from "../../ui/page";
import classes from "../apps/overview.module.css";
import { added, type Sample, sampleOf, timeAxis } from "./samples";

/** How often the page asks. Nodes tell of themselves every few seconds. */
const EVERY_MS = 3000;

/** The nodes that hold sockets, as they are now; owners and admins of the installation only. */
export function Live() {
  const { role } = useOperator();
  if (role !== "owner" && role !== "admin") {
    return (
      <Page title="Live">
        <NotAllowed>Only owners and admins of the installation see this.</NotAllowed>
      </Page>
    );
  }
  return <Nodes />;
}

function Nodes() {
  const nodes = useQuery({
    queryKey: ["nodes"],
    queryFn: () => answer(management.GET("/v3/nodes")),
    refetchInterval: EVERY_MS,
  });
  const samples = useSamples(nodes.data?.data, nodes.dataUpdatedAt);
  const now = samples.at(-1);
  return (
    <Page
      title="Live"
      about="The nodes that hold sockets, and what goes through them, asked for every three seconds."
    >
      {/* At the top: below the charts nobody would see it. */}
      {nodes.error ? (
        <Box mb="md">
          <FaultNote error={nodes.error} onRetry={nodes.refetch} />
        </Box>
      ) : null}
      <dl className={classes.totals}>
        <Total name="Nodes" value={nodes.data?.data.length} />
        <Total name="Connections" value={now?.connections} />
        <Total name="Frames in, a second" value={now?.framesIn} />
        <Total name="Frames out, a second" value={now?.framesOut} />
      </dl>
      <div className={classes.charts} style={{ marginBlock: "var(--mantine-spacing-lg)" }}>
        <SinceOpened samples={samples} />
        <OverTime />
      </div>
      {nodes.data || !nodes.error ? (
        <DataTable<Node>
          caption="Nodes"
          query={{ ...nodes, isFetching: false, error: null }}
          rows={nodes.data?.data}
          rowKey={(row) => row.id}
          empty="No node is there."
          columns={[
            { key: "id", label: "Node", render: (row) => <code title={row.id}>{row.id.slice(0, 8)}</code> },
            { key: "version", label: "Version", render: (row) => row.version || <Absent /> },
            { key: "started", label: "Started", render: (row) => <Time seconds={row.startedAt} /> },
            { key: "connections", label: "Connections", render: (row) => formatNumber(row.connections) },
            { key: "in", label: "Frames in/s", render: (row) => formatNumber(row.framesIn) },
            { key: "out", label: "Frames out/s", render: (row) => formatNumber(row.framesOut) },
            {
              key: "memory",
              label: "Memory",
              render: (row) => (row.memoryBytes ? formatBytes(row.memoryBytes) : <Absent />),
            },
            { key: "apps", label: "Largest apps", render: (row) => <Largest node={row} /> },
          ]}
        />
      ) : null}
    </Page>
  );
}

/** What every answer since the page was opened said, all nodes together. */
function useSamples(nodes: Node[] | undefined, at: number): Sample[] {
  const [samples, setSamples] = useState<Sample[]>([]);
  useEffect(() => {
    if (nodes) setSamples((known) => added(known, sampleOf(nodes, at)));
  }, [nodes, at]);
  return samples;
}

function Total({ name, value }: { name: string; value: number | undefined }) {
  return (
    <Paper withBorder p="md" className={classes.total ?? ""}>
      <dt>{name}</dt>
      <dd>{value === undefined ? "…" : formatNumber(value)}</dd>
    </Paper>
  );
}

function Largest({ node }: { node: Node }) {
  const shown = node.apps.slice(0, 3);
  if (shown.length === 0) return <Absent />;
  return <span>{shown.map((app) => `${app.appId}: ${formatNumber(app.connections)}`).join(", ")}</span>;
}

function SinceOpened({ samples }: { samples: Sample[] }) {
  const most = Math.max(0, ...samples.map((sample) => sample.connections));
  return (
    <Paper withBorder p="md" component="section" aria-label="Since this page was opened">
      <Title order={2} size="h5">
        Since this page was opened
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        {`At most ${formatNumber(most)} connections`}
      </Text>
      <div aria-hidden="true">
        <AreaChart
          h={220}
          data={samples}
          dataKey="time"
          withLegend
          withDots={false}
          curveType="linear"
          xAxisProps={{ minTickGap: 40 }}
          yAxisProps={{ allowDecimals: false }}
          areaChartProps={{ accessibilityLayer: false }}
          series={[
            { name: "connections", label: "Connections", color: "teal.6" },
            { name: "framesIn", label: "Frames in/s", color: "orange.6" },
            { name: "framesOut", label: "Frames out/s", color: "indigo.6" },
          ]}
        />
      </div>
    </Paper>
  );
}

const SPANS = [
  { value: "1", label: "1 hour" },
  { value: "24", label: "1 day" },
  { value: "168", label: "7 days" },
];

/** Connections of all apps, as they are kept for seven days. */
function OverTime() {
  const { get, set } = useUrlState();
  const hours = SPANS.some((span) => span.value === get("hours")) ? get("hours") : "24";
  const { data, error, refetch } = useQuery({
    queryKey: ["nodes", "connections", hours],
    queryFn: () => {
      const from = Math.floor(Date.now() / 1000) - Number(hours) * 3600;
      return answer(management.GET("/v3/nodes/connections", { params: { query: { from } } }));
    },
    refetchInterval: 60_000,
  });
  const points = data?.data.points;
  const rows = useMemo(
    () =>
      (points ?? []).map((point) => ({
        time: timeAxis(point.at, hours !== "1"),
        connections: point.connections,
      })),
    [points, hours],
  );
  const most = Math.max(0, ...rows.map((row) => row.connections));
  return (
    <Paper withBorder p="md" component="section" aria-label="Connections over time">
      <Group justify="space-between" align="flex-start">
        <div>
          <Title order={2} size="h5">
            Connections over time
          </Title>
          <Text size="sm" c="dimmed" mb="sm">
            {`At most ${formatNumber(most)} at once`}
          </Text>
        </div>
        <SegmentedControl
          aria-label="Time shown"
          size="xs"
          value={hours}
          onChange={(value) => set({ hours: value === "24" ? "" : value })}
          data={SPANS}
        />
      </Group>
      {error ? <FaultNote error={error} onRetry={refetch} /> : null}
      <div aria-hidden="true">
        <AreaChart
          h={220}
          data={rows}
          dataKey="time"
          withDots={false}
          curveType="stepAfter"
          xAxisProps={{ minTickGap: 40 }}
          yAxisProps={{ allowDecimals: false }}
          areaChartProps={{ accessibilityLayer: false }}
          series={[{ name: "connections", label: "Connections", color: "teal.6" }]}
        />
      </div>
    </Paper>
  );
}
