import { Button, Checkbox, Paper, Stack, Text, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate, useParams } from "react-router";
import { useAction } from "../../api/action";
import { useApp } from "../../api/app";
import { answer, management } from "../../api/client";
import { allWell } from "../../api/fault";
import type { Webhook } from "../../api/types";
import { ConfirmButton } from "../../ui/confirm-button";
import { Details, Time } from "../../ui/details";
import { FaultNote } from "../../ui/fault-note";
import { PageForm } from "../../ui/form";
import { Page } from "../../ui/page";
import { RouteTabs } from "../../ui/route-tabs";
import { Deliveries } from "./deliveries";
import { type KnownTrigger, triggersOf } from "./triggers";
import classes from "./webhook.module.css";
import { bodyOf, valuesOf, WebhookFields, webhookRules } from "./webhook-fields";
import { Enabled } from "./webhooks";

/** One webhook. */
export function WebhookPage() {
  const { webhookId = "" } = useParams();
  const { appId, key, may, path } = useApp();
  const navigate = useNavigate();
  const params = { path: { appId, webhookId } };
  const { data, error, refetch } = useQuery({
    queryKey: key("webhook", webhookId),
    queryFn: async () =>
      (await answer(management.GET("/v3/apps/{appId}/webhooks/{webhookId}", { params }))).data,
  });
  if (!data) {
    return (
      <Page title={webhookId}>
        {error ? <FaultNote error={error} onRetry={refetch} /> : <p role="status">Loading the webhook…</p>}
      </Page>
    );
  }
  return (
    <Page
      title={data.name}
      about={<Enabled webhook={data} />}
      actions={
        may("webhooks", "D") && (
          <ConfirmButton
            label="Delete"
            title={`Delete the webhook ${data.name}?`}
            run={() => answer(management.DELETE("/v3/apps/{appId}/webhooks/{webhookId}", { params }))}
            done="The webhook is deleted"
            onDone={() => navigate(path("/webhooks"))}
          >
            {data.webhookURL} is told of nothing any more. This can't be undone.
          </ConfirmButton>
        )
      }
    >
      <RouteTabs
        label="About the webhook"
        tabs={[
          { value: "details", label: "Details", content: <Profile key={data.updatedAt} webhook={data} /> },
          { value: "triggers", label: "Triggers", content: <Triggers webhook={data} /> },
          { value: "deliveries", label: "Deliveries", content: <Deliveries webhook={data} /> },
        ]}
      />
    </Page>
  );
}

function Profile({ webhook }: { webhook: Webhook }) {
  const { appId, may } = useApp();
  const form = useForm({ initialValues: valuesOf(webhook), validate: webhookRules });
  const params = { path: { appId, webhookId: webhook.id } };
  const isReadOnly = !may("webhooks", "C");
  return (
    <>
      <Details
        rows={[
          ["Id", webhook.id],
          ["Version", webhook.version],
          ["Created", <Time key="created" seconds={webhook.createdAt} />],
          ["Changed", webhook.updatedAt && <Time key="changed" seconds={webhook.updatedAt} />],
        ]}
      />
      <PageForm
        form={form}
        label="Save"
        isDisabled={isReadOnly}
        run={(values) =>
          answer(management.PUT("/v3/apps/{appId}/webhooks/{webhookId}", { params, body: bodyOf(values) }))
        }
        done="The webhook is saved"
      >
        <WebhookFields form={form} readOnly={isReadOnly} />
      </PageForm>
    </>
  );
}

/** What the webhook is told of. There are some 60 events, so one page holds what it has. */
function Triggers({ webhook }: { webhook: Webhook }) {
  const { appId, key } = useApp();
  const params = { path: { appId, webhookId: webhook.id } };
  const { data, error, refetch } = useQuery({
    queryKey: key("triggers", webhook.id),
    queryFn: async () => {
      const query = { perPage: 1000 };
      const call = management.GET("/v3/apps/{appId}/webhooks/{webhookId}/triggers", {
        params: { ...params, query },
      });
      return (await answer(call)).data.map((trigger) => trigger.id);
    },
  });
  if (error) return <FaultNote error={error} onRetry={refetch} />;
  if (!data) return <p role="status">Loading the triggers…</p>;
  return <Choice key={data.join()} webhook={webhook} chosen={data} />;
}

function Choice({ webhook, chosen }: { webhook: Webhook; chosen: string[] }) {
  const { appId, may } = useApp();
  const [draft, setDraft] = useState(new Set(chosen));
  const params = { path: { appId, webhookId: webhook.id } };
  const added = [...draft].filter((id) => !chosen.includes(id));
  const removed = chosen.filter((id) => !draft.has(id));
  const save = useAction(
    async () => {
      const path = "/v3/apps/{appId}/webhooks/{webhookId}/triggers" as const;
      if (added.length > 0) {
        const { data } = await answer(management.POST(path, { params, body: { triggerIds: added } }));
        allWell(data);
      }
      if (removed.length > 0)
        await answer(management.DELETE(path, { params, body: { triggerIds: removed } }));
    },
    { done: "The triggers are saved" },
  );
  const toggle = (id: string, isOn: boolean) =>
    setDraft((old) => {
      const next = new Set(old);
      if (isOn) next.add(id);
      else next.delete(id);
      return next;
    });
  const canChange = may("webhooks", "C");
  return (
    <Stack>
      {byCategory(triggersOf(webhook.version)).map(([category, triggers]) => (
        <Paper key={category} withBorder p="md" component="fieldset">
          <Title component="legend" order={2} size="h5" tt="capitalize">
            {category}
          </Title>
          <div className={classes.triggers}>
            {triggers.map((trigger) => (
              <Checkbox
                key={trigger.id}
                label={trigger.id}
                description={trigger.description}
                checked={draft.has(trigger.id)}
                disabled={!canChange}
                onChange={(event) => toggle(trigger.id, event.currentTarget.checked)}
              />
            ))}
          </div>
        </Paper>
      ))}
      {canChange && (
        <div>
          <Button
            onClick={() => save.mutate()}
            loading={save.isPending}
            disabled={added.length + removed.length === 0}
          >
            Save triggers
          </Button>
          <Text size="sm" c="dimmed" mt="xs" role="status">
            {added.length} to add, {removed.length} to remove
          </Text>
        </div>
      )}
    </Stack>
  );
}

function byCategory(triggers: KnownTrigger[]): [string, KnownTrigger[]][] {
  const groups = new Map<string, KnownTrigger[]>();
  for (const trigger of triggers) {
    const group = groups.get(trigger.category) ?? [];
    group.push(trigger);
    groups.set(trigger.category, group);
  }
  return [...groups];
}
