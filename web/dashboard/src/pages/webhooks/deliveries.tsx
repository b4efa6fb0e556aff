import { Anchor, Badge, Button, Code, Group, Modal, NativeSelect, Stack, Text, Title } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useAction } from "../../api/action";
import { useApp } from "../../api/app";
import { answer, management } from "../../api/client";
import type { Delivery, DeliveryDetails, Webhook } from "../../api/types";
import { formatJson } from "../../lib/format";
import { useUrlState } from "../../lib/url-state";
import { CodeView } from "../../ui/code";
import { DataTable } from "../../ui/data-table";
import { Details, Time } from "../../ui/details";
import { FaultNote } from "../../ui/fault-note";
import classes from "../../ui/filters.module.css";
import { triggersOf } from "./triggers";

type State = Delivery["state"];

const STATES: Record<State, { label: string; color: string }> = {
  pending: { label: "waits", color: "yellow" },
  delivered: { label: "delivered", color: "green" },
  failed: { label: "failed", color: "red" },
};

/** How often what waits is looked at again, in milliseconds. */
const LOOK_AGAIN = 2000;

/** What a webhook was called with, and what came of it. */
export function Deliveries({ webhook }: { webhook: Webhook }) {
  const { appId, key, may } = useApp();
  const { get, set } = useUrlState();
  const state = get("state");
  const query = {
    limit: 25,
    cursor: get("cursor") || undefined,
    trigger: get("trigger") || undefined,
    state: state in STATES ? (state as State) : undefined,
  };
  const path = { appId, webhookId: webhook.id };
  const deliveries = useQuery({
    queryKey: key("deliveries", webhook.id, query),
    queryFn: () =>
      answer(management.GET("/v3/apps/{appId}/webhooks/{webhookId}/deliveries", { params: { path, query } })),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state: { data } }) =>
      data?.data.some((row) => row.state === "pending") ? LOOK_AGAIN : false,
  });
  const test = useAction(
    () => answer(management.POST("/v3/apps/{appId}/webhooks/{webhookId}/test", { params: { path } })),
    { done: "The test is on its way" },
  );
  const cursor = deliveries.data?.meta.cursor;
  const isFiltered = get("trigger") !== "" || state !== "";
  return (
    <>
      <div className={classes.filters}>
        <NativeSelect
          label="Event"
          data={[
            { value: "", label: "All" },
            ...["ping", ...triggersOf(webhook.version).map((trigger) => trigger.id)],
          ]}
          value={get("trigger")}
          onChange={(event) => set({ trigger: event.currentTarget.value })}
        />
        <NativeSelect
          label="State"
          data={[
            { value: "", label: "All" },
            ...Object.entries(STATES).map(([value, { label }]) => ({ value, label })),
          ]}
          value={state}
          onChange={(event) => set({ state: event.currentTarget.value })}
        />
        {may("webhooks", "C") && (
          <Button variant="default" onClick={() => test.mutate()} loading={test.isPending}>
            Send a test
          </Button>
        )}
      </div>
      <DataTable<Delivery>
        caption="Deliveries"
        query={deliveries}
        rows={deliveries.data?.data}
        rowKey={(row) => row.id}
        empty={isFiltered ? "There is no delivery like that." : "Nothing was delivered yet."}
        columns={[
          {
            key: "trigger",
            label: "Event",
            render: (row) => (
              <Anchor
                component="button"
                type="button"
                size="sm"
                onClick={() => set({ delivery: row.id, cursor: get("cursor") })}
              >
                {row.trigger}
              </Anchor>
            ),
          },
          { key: "at", label: "When", render: (row) => <Time seconds={row.createdAtMs / 1000} /> },
          { key: "state", label: "State", render: (row) => <DeliveryState of={row} /> },
          { key: "calls", label: "Calls", render: (row) => row.attempts.length },
          { key: "result", label: "Last answer", render: (row) => <Outcome of={row.attempts.at(-1)} /> },
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
      <Modal
        opened={get("delivery") !== ""}
        onClose={() => set({ delivery: "", cursor: get("cursor") })}
        title="Delivery"
        size="xl"
      >
        {get("delivery") !== "" && <OneDelivery webhook={webhook} deliveryId={get("delivery")} />}
      </Modal>
    </>
  );
}

function DeliveryState({ of }: { of: Delivery }) {
  const { label, color } = STATES[of.state];
  return (
    <Badge variant="light" color={color}>
      {label}
    </Badge>
  );
}

/** The status of an answer, or why there was none. */
function Outcome({ of }: { of: Delivery["attempts"][number] | undefined }) {
  if (!of) return <Text size="sm">not called yet</Text>;
  return <Text size="sm">{of.status ?? of.error}</Text>;
}

/** What was sent and answered. */
function OneDelivery({ webhook, deliveryId }: { webhook: Webhook; deliveryId: string }) {
  const { appId, key, may } = useApp();
  const params = { path: { appId, webhookId: webhook.id, deliveryId } };
  const { data, error, refetch } = useQuery({
    queryKey: key("delivery", webhook.id, deliveryId),
    queryFn: async () =>
      (
        await answer(
          management.GET("/v3/apps/{appId}/webhooks/{webhookId}/deliveries/{deliveryId}", { params }),
        )
      ).data,
    refetchInterval: ({ state }) => (state.data?.state === "pending" ? LOOK_AGAIN : false),
  });
  const again = useAction(
    () =>
      answer(
        management.POST("/v3/apps/{appId}/webhooks/{webhookId}/deliveries/{deliveryId}/redeliver", {
          params,
        }),
      ),
    { done: "It is sent again" },
  );
  if (error && !data) return <FaultNote error={error} onRetry={refetch} />;
  if (!data) return <p role="status">Loading the delivery…</p>;
  return (
    <Stack>
      <Details
        rows={[
          ["Id", <Code key="id">{data.id}</Code>],
          ["Event", data.trigger],
          ["State", <DeliveryState key="state" of={data} />],
          ["Taken up", <Time key="taken" seconds={data.createdAtMs / 1000} />],
          ["Sent next", data.dueAtMs && <Time key="due" seconds={data.dueAtMs / 1000} />],
          ["Done", data.finishedAtMs && <Time key="done" seconds={data.finishedAtMs / 1000} />],
        ]}
      />
      <Attempts of={data} />
      <Title order={3} size="h6">
        Sent
      </Title>
      {data.request ? (
        <CodeView text={formatJson(data.request)} label="What is sent" />
      ) : (
        <Text size="sm">It is not kept any more: a user whom it named was deleted.</Text>
      )}
      {may("webhooks", "C") && (
        <div>
          <Button
            onClick={() => again.mutate()}
            loading={again.isPending}
            disabled={data.state === "pending" || !data.request}
          >
            Send again
          </Button>
        </div>
      )}
    </Stack>
  );
}

function Attempts({ of }: { of: DeliveryDetails }) {
  return (
    <>
      {of.attempts.map((attempt, place) => {
        const text = of.answers[place];
        return (
          <section key={`${attempt.atMs}-${attempt.error}`} aria-label={`Call ${place + 1}`}>
            <Group gap="xs">
              <Title order={3} size="h6">
                {`Call ${place + 1}`}
              </Title>
              <Badge variant="light" color={attempt.error ? "red" : "green"}>
                {attempt.status ?? attempt.error}
              </Badge>
              <Text size="sm" c="dimmed">
                <Time seconds={attempt.atMs / 1000} />
                {`, ${attempt.durationMs} ms`}
              </Text>
            </Group>
            {text && <CodeView text={text} label={`Answer to call ${place + 1}`} />}
          </section>
        );
      })}
    </>
  );
}
