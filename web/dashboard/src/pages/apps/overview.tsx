import { Box, Group, Paper, SegmentedControl, Text, Title } from "@mantine/core";
import { useQueries, useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo } from "react";
import { useNavigate } from "react-router";
import { useApp } from "../../api/app";
import { answer, management } from "../../api/client";
import { formatNumber } from "../../lib/format";
import { useUrlState } from "../../lib/url-state";
import { Copyable } from "../../ui/code";
import { Details, Time } from "../../ui/details";
import { FaultNote } from "../../ui/fault-note";
import { Page } from "../../ui/page";
import { Archive } from "./apps";
import { dayAxis, dayRange, days, minute } from "./days";
import classes from "./overview.module.css";

const Charts = lazy(() => import("./charts"));

/** What the app is, and how much it is used. */
export function Overview() {
  const { app, may } = useApp();
  const navigate = useNavigate();
  return (
    <Page title={app.name} about="Overview" actions={<Archive app={app} onDone={() => navigate("/apps")} />}>
      <Totals />
      {may("metrics", "R") && <Usage />}
      <Paper withBorder p="md" mt="lg">
        <Title order={2} size="h4" mb="xs">
          About the app
        </Title>
        <Details
          rows={[
            ["App id", <Copyable key="id" text={app.appId} label="Copy the app id" />],
            ["Region", app.region],
            ["Owner", app.appOwner ? `${app.appOwner.name} (${app.appOwner.email})` : undefined],
            ["Created", <Time key="at" seconds={app.createdAt} />],
          ]}
        />
      </Paper>
    </Page>
  );
}

function Totals() {
  const { appId, key } = useApp();
  const { data, error, refetch } = useQuery({
    queryKey: key("usage"),
    queryFn: () => {
      const params = { path: { appId } };
      return answer(management.POST("/v3/apps/{appId}/usage", { params, body: {} }));
    },
  });
  if (error) return <FaultNote error={error} onRetry={refetch} />;
  const usage = data?.data.usage;
  return (
    <dl className={classes.totals}>
      <Total name="Users" value={usage?.users} />
      <Total name="Groups" value={usage?.groups} />
      <Total name="Messages between two" value={usage?.messages.user} />
      <Total name="Messages in groups" value={usage?.messages.group} />
    </dl>
  );
}

function Total({ name, value }: { name: string; value: number | undefined }) {
  return (
    <Paper withBorder p="md" className={classes.total ?? ""}>
      <dt>{name}</dt>
      <dd>{value === undefined ? "…" : formatNumber(value)}</dd>
    </Paper>
  );
}

const SPANS = ["7", "14", "30", "90"];

function Usage() {
  const { get, set } = useUrlState();
  const span = SPANS.includes(get("days")) ? get("days") : "14";
  const daily = useDaily(Number(span));
  const hour = useLastHour();
  const connections = useConnections();
  const parts = [daily, hour, connections];
  const failed = parts.find((part) => part.error)?.error;
  return (
    <>
      <Group justify="space-between" mt="xl" mb="sm">
        <Title order={2} size="h4">
          Usage
        </Title>
        <SegmentedControl
          aria-label="Days shown"
          size="xs"
          value={span}
          onChange={(days) => set({ days: days === "14" ? "" : days })}
          data={SPANS.map((days) => ({ value: days, label: `${days} days` }))}
        />
      </Group>
      {failed ? (
        <Box mb="md">
          <FaultNote error={failed} onRetry={() => parts.map((part) => part.refetch())} />
        </Box>
      ) : null}
      <Suspense
        fallback={
          <Text c="dimmed" role="status">
            Loading the charts…
          </Text>
        }
      >
        <Charts daily={daily.rows} hour={hour.rows} connections={connections.rows} />
      </Suspense>
    </>
  );
}

/** Active users and the most at once, a day at a time. */
function useDaily(span: number) {
  const { api, key } = useApp();
  const list = useMemo(() => days(span), [span]);
  return useQueries({
    queries: list.map((day) => ({
      queryKey: key("stats", day.toISOString()),
      queryFn: () => answer(api.GET("/v3/stats", { params: { query: dayRange(day) } })),
      staleTime: 60_000,
    })),
    combine: (results) => ({
      error: results.find((result) => result.error)?.error,
      refetch: () => results.map((result) => result.refetch()),
      rows: results.map((result, at) => ({
        day: list[at] ? dayAxis(list[at]) : "",
        active: result.data?.data.metrics.active_users ?? 0,
        concurrent: result.data?.data.metrics.concurrent_users ?? 0,
      })),
    }),
  });
}

/** Sockets of the last day. */
function useConnections() {
  const { api, key } = useApp();
  const { data, error, refetch } = useQuery({
    queryKey: key("stats", "connections"),
    queryFn: () => answer(api.GET("/v3/stats/connections")),
    refetchInterval: 60_000,
  });
  const points = data?.data.points;
  const rows = useMemo(
    () => (points ?? []).map((point) => ({ time: minute(point.at * 1000), connections: point.connections })),
    [points],
  );
  return { rows, error, refetch };
}

function useLastHour() {
  const { api, key } = useApp();
  const { data, error, refetch } = useQuery({
    queryKey: key("stats", "hour"),
    queryFn: () => answer(api.GET("/v3/stats/messages")),
    refetchInterval: 60_000,
  });
  const rows = data?.data.dataPoints.map((point) => ({
    time: minute(Number(point.startTime)),
    sent: point.messagesSent,
    delivered: point.deliveryReceipts,
    read: point.readReceipts,
  }));
  return { rows: rows ?? [], error, refetch };
}
