import { Anchor, Badge, Button, NativeSelect, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconPlus } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "react-router";
import { useApp } from "../../api/app";
import { answer, management } from "../../api/client";
import type { Webhook } from "../../api/types";
import { usePage, useUrlFlag, useUrlState } from "../../lib/url-state";
import { DataTable } from "../../ui/data-table";
import { SearchField } from "../../ui/fields";
import classes from "../../ui/filters.module.css";
import { ModalForm } from "../../ui/form";
import { Page } from "../../ui/page";
import { Pager } from "../../ui/pager";
import { bodyOf, EMPTY_WEBHOOK, WebhookFields, type WebhookValues, webhookRules } from "./webhook-fields";

/** Where the platform is to tell of events. */
export function Webhooks() {
  const { appId, key, may, path } = useApp();
  const { get } = useUrlState();
  const [isMaking, making] = useUrlFlag("new");
  const query = { ...usePage(), searchKey: get("q") || undefined };
  const webhooks = useQuery({
    queryKey: key("webhooks", query),
    queryFn: () =>
      answer(management.GET("/v3/apps/{appId}/webhooks", { params: { path: { appId }, query } })),
    placeholderData: keepPreviousData,
  });
  return (
    <Page
      title="Webhooks"
      about="Addresses of yours that are called when something happens."
      actions={
        may("webhooks", "C") && (
          <Button leftSection={<IconPlus size={16} />} onClick={making.open}>
            New webhook
          </Button>
        )
      }
    >
      <div className={classes.filters}>
        <SearchField label="Search" placeholder="Name or id" />
      </div>
      <DataTable<Webhook>
        caption="Webhooks"
        query={webhooks}
        rows={webhooks.data?.data}
        rowKey={(row) => row.id}
        empty={get("q") ? "No webhook is called so." : "There is no webhook."}
        columns={[
          {
            key: "name",
            label: "Name",
            render: (row) => (
              <Anchor component={Link} to={path(`/webhooks/${row.id}`)} fw={600}>
                {row.name}
              </Anchor>
            ),
          },
          { key: "id", label: "Id", render: (row) => row.id },
          { key: "url", label: "Address", render: (row) => row.webhookURL },
          { key: "state", label: "State", render: (row) => <Enabled webhook={row} /> },
          { key: "version", label: "Version", render: (row) => row.version },
        ]}
      />
      <Pager pagination={webhooks.data?.meta.pagination} of={["webhook"]} />
      <NewWebhook isOpen={isMaking} onClose={making.close} />
    </Page>
  );
}

/** Whether a webhook is to be called. */
export function Enabled({ webhook }: { webhook: Webhook }) {
  return (
    <Badge variant="light" color={webhook.enabled ? "green" : "gray"}>
      {webhook.enabled ? "enabled" : "off"}
    </Badge>
  );
}

const VERSIONS = [
  { value: "2", label: "2: the current list of events" },
  { value: "1", label: "1: the older names, too" },
];

type Values = WebhookValues & { id: string; version: string };

function NewWebhook({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const { appId, path } = useApp();
  const navigate = useNavigate();
  const form = useForm<Values>({
    initialValues: { ...EMPTY_WEBHOOK, id: "", version: "2" },
    validate: {
      ...webhookRules,
      id: (id: string) => (/^[A-Za-z0-9_-]{1,50}$/.test(id) ? null : "1 to 50 letters, digits, - and _"),
    },
  });
  const create = async (values: Values) => {
    const params = { path: { appId }, header: { "X-Webhook-Version": values.version } };
    const body = { ...bodyOf(values), id: values.id };
    return (await answer(management.POST("/v3/apps/{appId}/webhooks", { params, body }))).data.id;
  };
  return (
    <ModalForm
      title="New webhook"
      label="Create webhook"
      isOpen={isOpen}
      onClose={onClose}
      form={form}
      run={create}
      done="The webhook is created; choose what it is told of"
      onDone={(id) => navigate(path(`/webhooks/${id}`))}
    >
      <TextInput label="Id" required data-autofocus {...form.getInputProps("id")} />
      <NativeSelect label="Version" data={VERSIONS} {...form.getInputProps("version")} />
      {/* The form holds all fields of a webhook and two more. */}
      <WebhookFields form={form as never} />
    </ModalForm>
  );
}
