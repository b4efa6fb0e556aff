import { Anchor, Badge, Button, Group, Switch, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconPlus } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { roleIn } from "../../api/app";
import { answer, management } from "../../api/client";
import type { App } from "../../api/types";
import { nameProblem } from "../../lib/ids";
import { usePage, useUrlFlag, useUrlState } from "../../lib/url-state";
import { ConfirmButton } from "../../ui/confirm-button";
import { DataTable } from "../../ui/data-table";
import { Time } from "../../ui/details";
import { SearchField } from "../../ui/fields";
import { ModalForm } from "../../ui/form";
import { Page } from "../../ui/page";
import { Pager } from "../../ui/pager";
import { type NewKey, NewKeys } from "./new-keys";

/** The operator's apps. */
export function Apps() {
  const { get } = useUrlState();
  const place = usePage();
  const [isMaking, making] = useUrlFlag("new");
  const query = { ...place, searchKey: get("q") || undefined };
  const apps = useQuery({
    queryKey: ["apps", query],
    queryFn: () => answer(management.GET("/v3/apps", { params: { query } })),
    placeholderData: keepPreviousData,
  });
  return (
    <Page
      title="Apps"
      about="Each app has its own users, groups, messages and keys."
      actions={
        <Button leftSection={<IconPlus size={16} />} onClick={making.open}>
          New app
        </Button>
      }
    >
      <Group mb="md" align="end">
        <SearchField label="Search" placeholder="Name or id" />
      </Group>
      <DataTable<App>
        caption="Apps"
        query={apps}
        rows={apps.data?.data}
        rowKey={(app) => app.appId}
        empty={get("q") ? "No app is called so." : "There is no app yet. Make the first one."}
        columns={[
          {
            key: "name",
            label: "Name",
            render: (app) => (
              <Anchor component={Link} to={`/apps/${app.appId}`} fw={600}>
                {app.name}
              </Anchor>
            ),
          },
          { key: "id", label: "App id", render: (app) => app.appId },
          {
            key: "role",
            label: "Your role",
            render: (app) => (
              <Badge variant="light" color="gray">
                {roleIn(app)}
              </Badge>
            ),
          },
          { key: "created", label: "Created", render: (app) => <Time seconds={app.createdAt} /> },
          { key: "actions", label: "Actions", isActions: true, render: (app) => <Archive app={app} /> },
        ]}
      />
      <Pager pagination={apps.data?.meta.pagination} of={["app"]} />
      <NewApp isOpen={isMaking} onClose={making.close} />
    </Page>
  );
}

function NewApp({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const navigate = useNavigate();
  const [made, setMade] = useState<{ appId: string; name: string; keys: NewKey[] }>();
  const form = useForm({ initialValues: { name: "", withSample: false }, validate: { name: nameProblem } });
  const create = async (values: { name: string; withSample: boolean }) => {
    const body = { name: values.name.trim(), skipSampleData: !values.withSample };
    const { data } = await answer(management.POST("/v3/apps", { body }));
    setMade({ appId: data.appId, name: data.name, keys: Object.values(data.apiKeys) });
  };
  return (
    <>
      <ModalForm
        title="New app"
        label="Create app"
        isOpen={isOpen}
        onClose={onClose}
        form={form}
        run={create}
        done="The app is created"
      >
        <TextInput label="Name" required data-autofocus {...form.getInputProps("name")} />
        <Switch
          label="With sample users and a group, to try it out"
          {...form.getInputProps("withSample", { type: "checkbox" })}
        />
      </ModalForm>
      <NewKeys
        title={`${made?.name ?? "The app"} is ready`}
        appId={made?.appId}
        keys={made?.keys}
        onClose={() => {
          const appId = made?.appId;
          setMade(undefined);
          if (appId) navigate(`/apps/${appId}`);
        }}
      />
    </>
  );
}

/** Archiving an app; its owner's alone. */
export function Archive({ app, onDone }: { app: App; onDone?: () => void }) {
  if (roleIn(app) !== "owner") return null;
  return (
    <ConfirmButton
      size="xs"
      label="Archive"
      ariaLabel={`Archive ${app.name}`}
      title={`Archive ${app.name}?`}
      typed={app.appId}
      run={() => answer(management.DELETE("/v3/apps/{appId}", { params: { path: { appId: app.appId } } }))}
      done="The app is archived"
      {...(onDone ? { onDone } : {})}
    >
      Its keys, tokens and connections stop at once. After the server's time of grace (30 days, unless it is
      configured otherwise) the app is deleted for good with all its users, messages and files. The dashboard
      can't undo this.
    </ConfirmButton>
  );
}
