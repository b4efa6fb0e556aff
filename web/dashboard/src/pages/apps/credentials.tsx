import { Badge, Button, Code, Group, Radio, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconPlus } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useApp } from "../../api/app";
import { answer } from "../../api/client";
import type { ApiKey } from "../../api/types";
import { nameProblem } from "../../lib/ids";
import { usePage, useUrlFlag, useUrlState } from "../../lib/url-state";
import { Copyable } from "../../ui/code";
import { ConfirmButton } from "../../ui/confirm-button";
import { DataTable } from "../../ui/data-table";
import { Details, Time } from "../../ui/details";
import { SearchField } from "../../ui/fields";
import { ModalForm } from "../../ui/form";
import { Page } from "../../ui/page";
import { Pager } from "../../ui/pager";
import { type NewKey, NewKeys } from "./new-keys";
import { KEY_SCOPES, masked, scopeName } from "./scopes";

/** The app's id and its API keys. */
export function Credentials() {
  const { api, appId, key, may } = useApp();
  const { get } = useUrlState();
  const place = usePage();
  const [isMaking, making] = useUrlFlag("new");
  const query = { ...place, searchKey: get("q") || undefined };
  const keys = useQuery({
    queryKey: key("keys", query),
    queryFn: () => answer(api.GET("/v3/apikeys", { params: { query } })),
    placeholderData: keepPreviousData,
  });
  const remove = (apiKey: string) =>
    answer(api.DELETE("/v3/apikeys/{apiKey}", { params: { path: { apiKey } } }));
  return (
    <Page
      title="Credentials"
      about="What your app and your server present when they call the API."
      actions={
        may("keys", "C") && (
          <Button leftSection={<IconPlus size={16} />} onClick={making.open}>
            New API key
          </Button>
        )
      }
    >
      <Details rows={[["App id", <Copyable key="id" text={appId} label="Copy the app id" />]]} />
      <Group my="md" align="end">
        <SearchField label="Search" placeholder="Name of a key" />
      </Group>
      <DataTable<ApiKey>
        caption="API keys"
        query={keys}
        rows={keys.data?.data}
        rowKey={(row) => row.apiKey}
        empty={get("q") ? "No key is called so." : "There is no API key."}
        columns={[
          { key: "name", label: "Name", render: (row) => row.name },
          {
            key: "scope",
            label: "Scope",
            render: (row) => (
              <Badge variant="light" color={row.scope === "fullAccess" ? "yellow" : "gray"}>
                {scopeName(row.scope)}
              </Badge>
            ),
          },
          { key: "key", label: "Key", render: (row) => <Code>{masked(row.apiKey)}</Code> },
          { key: "created", label: "Created", render: (row) => <Time seconds={row.createdAt} /> },
          may("keys", "D") && {
            key: "actions",
            label: "Actions",
            isActions: true,
            render: (row) => (
              <ConfirmButton
                size="xs"
                label="Delete"
                ariaLabel={`Delete the key ${row.name} (${masked(row.apiKey)})`}
                title={`Delete the key ${row.name}?`}
                run={() => remove(row.apiKey)}
                done="The key is deleted"
              >
                Whatever calls the API with {masked(row.apiKey)} is refused at once. This can't be undone.
              </ConfirmButton>
            ),
          },
        ]}
      />
      <Pager pagination={keys.data?.meta.pagination} of={["key"]} />
      <NewApiKey isOpen={isMaking} onClose={making.close} />
    </Page>
  );
}

function NewApiKey({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const { api } = useApp();
  const [made, setMade] = useState<NewKey[]>();
  const form = useForm<{ name: string; scope: "authOnly" | "fullAccess" }>({
    initialValues: { name: "", scope: "authOnly" },
    validate: { name: nameProblem },
  });
  return (
    <>
      <ModalForm
        title="New API key"
        label="Create key"
        isOpen={isOpen}
        onClose={onClose}
        form={form}
        run={async (body) => setMade([(await answer(api.POST("/v3/apikeys", { body }))).data])}
        done="The key is created"
      >
        <TextInput label="Name" required data-autofocus {...form.getInputProps("name")} />
        <Radio.Group label="Scope" {...form.getInputProps("scope")}>
          <Stack gap="xs" mt="xs">
            {KEY_SCOPES.map((scope) => (
              <Radio key={scope.value} value={scope.value} label={scope.label} />
            ))}
          </Stack>
        </Radio.Group>
      </ModalForm>
      <NewKeys title="The key is ready" appId={undefined} keys={made} onClose={() => setMade(undefined)} />
    </>
  );
}
