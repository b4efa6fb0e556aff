import { Button, Center, Stack } from "@mantine/core";
import type { ReactNode } from "react";
import type { Pages } from "../model/pages";
import { t } from "../strings";
import { Failed, Nothing, Waiting } from "./Nothing";

interface Props<T> {
  pages: Pages<T>;
  label: string;
  empty: string;
  hint?: string;
  keyOf: (item: T) => string;
  children: (item: T) => ReactNode;
}

/** A list that grows by a button at its end. */
export function PageList<T>({ pages, label, empty, hint, keyOf, children }: Props<T>) {
  if (pages.error && pages.items.length === 0) return <Failed message={pages.error} retry={pages.reload} />;
  if (pages.items.length === 0) return pages.loading ? <Waiting /> : <Nothing title={empty} hint={hint} />;
  return (
    <>
      <Stack component="ul" gap={2} p={0} m={0} aria-label={label} style={{ listStyle: "none" }}>
        {pages.items.map((item) => (
          <li key={keyOf(item)}>{children(item)}</li>
        ))}
      </Stack>
      {pages.hasMore && (
        <Center p="xs">
          <Button size="xs" variant="subtle" loading={pages.loading} onClick={pages.loadMore}>
            {t.more}
          </Button>
        </Center>
      )}
    </>
  );
}
