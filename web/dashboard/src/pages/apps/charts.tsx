import { AreaChart, BarChart } from "@mantine/charts";
import { Paper, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { formatNumber } from "../../lib/format";
import classes from "./overview.module.css";

export type DayRow = { day: string; active: number; concurrent: number };
export type HourRow = { time: string; sent: number; delivered: number; read: number };

export type ConnectionsRow = { time: string; connections: number };

type Props = { daily: DayRow[]; hour: HourRow[]; connections: ConnectionsRow[] };

/** The charts of an app's use. Each says its sum in words, too: a picture tells a screen reader nothing. */
export default function Charts({ daily, hour, connections }: Props) {
  const open = Math.max(0, ...connections.map((row) => row.connections));
  const most = Math.max(0, ...daily.map((row) => row.concurrent));
  const busiest = Math.max(0, ...daily.map((row) => row.active));
  const sum = (pick: (row: HourRow) => number) => hour.reduce((all, row) => all + pick(row), 0);
  return (
    <div className={classes.charts}>
      <Chart
        title="Messages and receipts, last hour"
        summary={`${formatNumber(sum((row) => row.sent))} sent, ${formatNumber(sum((row) => row.delivered))} delivered, ${formatNumber(sum((row) => row.read))} read`}
      >
        <BarChart
          h={220}
          data={hour}
          dataKey="time"
          withLegend
          yAxisProps={{ allowDecimals: false }}
          barChartProps={{ accessibilityLayer: false }}
          series={[
            { name: "sent", label: "Sent", color: "indigo.6" },
            { name: "delivered", label: "Delivery receipts", color: "teal.6" },
            { name: "read", label: "Read receipts", color: "orange.6" },
          ]}
        />
      </Chart>
      <Chart title="Active users by day" summary={`At most ${formatNumber(busiest)} on a day`}>
        <BarChart
          h={220}
          data={daily}
          dataKey="day"
          yAxisProps={{ allowDecimals: false }}
          barChartProps={{ accessibilityLayer: false }}
          series={[{ name: "active", label: "Active users", color: "indigo.6" }]}
        />
      </Chart>
      <Chart title="Connections" summary={`At most ${formatNumber(open)} at once; kept for seven days`}>
        <AreaChart
          h={220}
          data={connections}
          dataKey="time"
          withDots={false}
          curveType="stepAfter"
          xAxisProps={{ minTickGap: 40 }}
          yAxisProps={{ allowDecimals: false }}
          areaChartProps={{ accessibilityLayer: false }}
          series={[{ name: "connections", label: "Connections", color: "orange.6" }]}
        />
      </Chart>
      <Chart title="Most users connected at once, by day" summary={`At most ${formatNumber(most)} at once`}>
        <AreaChart
          h={220}
          data={daily}
          dataKey="day"
          curveType="monotone"
          yAxisProps={{ allowDecimals: false }}
          areaChartProps={{ accessibilityLayer: false }}
          series={[{ name: "concurrent", label: "Connected at once", color: "teal.6" }]}
        />
      </Chart>
    </div>
  );
}

function Chart({ title, summary, children }: { title: string; summary: string; children: ReactNode }) {
  return (
    <Paper withBorder p="md" component="section" aria-label={title} className={classes.chart ?? ""}>
      <Title order={3} size="h5">
        {title}
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        {summary}
      </Text>
      <div aria-hidden="true">{children}</div>
    </Paper>
  );
}
