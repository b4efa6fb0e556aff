import { Anchor, Button, Group, Stack, Text, Title } from "@mantine/core";
import { Link, useRouteError } from "react-router";
import { Page } from "../ui/page";

/** An error of the page itself, or a part of it that can't be fetched: a newer version may be out. */
export function Crash() {
  const error = useRouteError();
  return (
    <Stack component="main" align="center" justify="center" mih="100vh" p="md">
      <Title order={1} size="h2">
        This page has failed
      </Title>
      <Text c="dimmed" maw={500} ta="center">
        {error instanceof Error ? error.message : "Something went wrong."}
      </Text>
      <Group>
        <Button onClick={() => window.location.reload()}>Load it again</Button>
        <Button component="a" href="/dashboard/" variant="default">
          To the apps
        </Button>
      </Group>
    </Stack>
  );
}

/** No such address. */
export function Missing() {
  return (
    <Page title="There is no such page">
      <Text>
        The address leads nowhere.{" "}
        <Anchor component={Link} to="/apps" underline="always">
          Go to the apps
        </Anchor>
        .
      </Text>
    </Page>
  );
}
