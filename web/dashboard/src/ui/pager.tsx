import { Button, Group, NativeSelect, Text } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import type { Pagination } from "../api/types";
import { countOf } from "../lib/format";
import { PAGE_SIZES, usePage, useUrlState } from "../lib/url-state";

type Props = {
  pagination: Pagination | undefined;
  /** The singular of what is listed, and the plural where it is not made by an s. */
  of: [string, string?];
};

/** Walks a numbered list. `total_pages` says whether another page follows; a total of 0 is one that nobody counted. */
export function Pager({ pagination, of: [one, many] }: Props) {
  const { set } = useUrlState();
  const { page, perPage } = usePage();
  if (!pagination) return null;
  const hasMore = pagination.total_pages > pagination.current_page;
  if (page === 1 && !hasMore && pagination.count < Number(PAGE_SIZES[0])) {
    return pagination.count === 0 ? null : (
      <Text size="sm" c="dimmed" mt="sm">
        {countOf(pagination.count, one, many)}
      </Text>
    );
  }
  const total = pagination.total > 0 ? `, ${countOf(pagination.total, one, many)}` : "";
  return (
    <Group component="nav" aria-label="Pages" justify="space-between" mt="md">
      <Text size="sm" c="dimmed" role="status">
        {`Page ${page}${total}`}
      </Text>
      <Group gap="xs">
        <NativeSelect
          aria-label="Rows of a page"
          size="xs"
          data={PAGE_SIZES.map((size) => ({ value: size, label: `${size} rows` }))}
          value={String(perPage)}
          onChange={(event) => set({ perPage: event.currentTarget.value, page: "" })}
        />
        <Button
          size="xs"
          variant="default"
          leftSection={<IconChevronLeft size={14} />}
          disabled={page <= 1}
          onClick={() => set({ page: page - 1 > 1 ? String(page - 1) : "" })}
        >
          Previous
        </Button>
        <Button
          size="xs"
          variant="default"
          rightSection={<IconChevronRight size={14} />}
          disabled={!hasMore}
          onClick={() => set({ page: String(page + 1) })}
        >
          Next
        </Button>
      </Group>
    </Group>
  );
}
