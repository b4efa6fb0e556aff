import { Button, Center, Loader, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { t } from "../strings";

interface Props {
  title: string;
  hint?: string;
  icon?: ReactNode;
}

/** Stands where a list would be. */
export function Nothing({ title, hint, icon }: Props) {
  return (
    <Center p="xl" h="100%">
      <Stack gap={4} align="center" ta="center" maw={320}>
        {icon}
        <Text fw={600}>{title}</Text>
        {hint && (
          <Text size="sm" c="dimmed">
            {hint}
          </Text>
        )}
      </Stack>
    </Center>
  );
}

export function Waiting() {
  return (
    <Center p="xl" role="status" aria-label={t.loading}>
      <Loader size="sm" />
    </Center>
  );
}

export function Failed({ message, retry }: { message: string; retry: () => void }) {
  return (
    <Center p="md" role="alert">
      <Stack gap="xs" align="center" ta="center">
        <Text size="sm">{t.loadFailed}</Text>
        <Text size="xs" c="dimmed">
          {message}
        </Text>
        <Button size="xs" variant="default" onClick={retry}>
          {t.retry}
        </Button>
      </Stack>
    </Center>
  );
}
