import { Paper, Skeleton, Table, Text, VisuallyHidden } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./data-table.module.css";
import { FaultNote } from "./fault-note";

export type Column<T> = {
  key: string;
  label: string;
  render: (row: T) => ReactNode;
  /** Buttons: no label on a phone, to the right on a desktop. */
  isActions?: boolean;
};

type Props<T> = {
  /** What the table holds, for screen readers. */
  caption: string;
  columns: (Column<T> | false | undefined)[];
  rowKey: (row: T) => string;
  query: { isPending: boolean; isFetching?: boolean; error: unknown; refetch: () => unknown };
  rows: T[] | undefined;
  empty: ReactNode;
};

const SKELETONS = ["a", "b", "c", "d", "e"];

/**
 * A list as a table; on a phone each row is a card. What is shown as blocks is no table to a screen reader any more, hence the
 * roles.
 */
export function DataTable<T>({ caption, columns: given, rowKey, query, rows, empty }: Props<T>) {
  const columns = given.filter((column) => column !== false && column !== undefined);
  if (query.error && !rows) return <FaultNote error={query.error} onRetry={query.refetch} />;
  if (query.isPending || !rows) return <Waiting caption={caption} />;
  if (rows.length === 0) return <Empty>{empty}</Empty>;
  return (
    <>
      {query.error ? <FaultNote error={query.error} onRetry={query.refetch} /> : null}
      <Paper withBorder className={classes.paper}>
        <Table
          role="table"
          className={classes.table}
          verticalSpacing="sm"
          aria-busy={query.isFetching ?? false}
        >
          <Table.Caption className={classes.caption}>{caption}</Table.Caption>
          <Table.Thead role="rowgroup" className={classes.head}>
            <Table.Tr role="row">
              {columns.map((column) => (
                <Table.Th key={column.key} role="columnheader" scope="col">
                  {column.isActions ? <VisuallyHidden>{column.label}</VisuallyHidden> : column.label}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody role="rowgroup">
            {rows.map((row) => (
              <Table.Tr key={rowKey(row)} role="row" className={classes.row}>
                {columns.map((column) => (
                  <Table.Td
                    key={column.key}
                    role="cell"
                    data-label={column.isActions ? undefined : column.label}
                    className={column.isActions ? classes.actions : classes.cell}
                  >
                    <div className={classes.content}>{column.render(row)}</div>
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Paper>
    </>
  );
}

function Waiting({ caption }: { caption: string }) {
  return (
    <div role="status" aria-label={`Loading: ${caption}`}>
      {SKELETONS.map((key) => (
        <Skeleton key={key} height={36} mb="xs" radius="sm" />
      ))}
    </div>
  );
}

/** Where a list has nothing to show. */
export function Empty({ children }: { children: ReactNode }) {
  return (
    <Paper withBorder p="xl" ta="center">
      <Text c="dimmed" component="div">
        {children}
      </Text>
    </Paper>
  );
}
