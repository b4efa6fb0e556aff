import { Button, TagsInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "react-router";
import { useAction } from "../../api/action";
import { useApp } from "../../api/app";
import { answer } from "../../api/client";
import { allWell } from "../../api/fault";
import type { Feature, Role } from "../../api/types";
import { usePage, useUrlFlag } from "../../lib/url-state";
import { ConfirmButton } from "../../ui/confirm-button";
import { DataTable } from "../../ui/data-table";
import { Details, Time } from "../../ui/details";
import { FaultNote } from "../../ui/fault-note";
import { ModalForm, PageForm } from "../../ui/form";
import { Page } from "../../ui/page";
import { Pager } from "../../ui/pager";
import { RouteTabs } from "../../ui/route-tabs";
import { FEATURES } from "./features";
import { RolePermissions } from "./permissions";
import { bodyOf, RoleFields, roleRules, valuesOf } from "./role-fields";

/** One role. */
export function RolePage() {
  const { role = "" } = useParams();
  const { api, key, may, path } = useApp();
  const navigate = useNavigate();
  const params = { path: { role } };
  const { data, error, refetch } = useQuery({
    queryKey: key("role", role),
    queryFn: async () => (await answer(api.GET("/v3/roles/{role}", { params }))).data,
  });
  if (!data) {
    return (
      <Page title={role}>
        {error ? <FaultNote error={error} onRetry={refetch} /> : <p role="status">Loading the role…</p>}
      </Page>
    );
  }
  return (
    <Page
      title={data.name}
      about="A role"
      actions={
        <>
          <Button variant="default" component={Link} to={path(`/users?role=${data.role}`)}>
            Its users
          </Button>
          {may("roles", "D") && data.role !== "default" && (
            <ConfirmButton
              label="Delete"
              title={`Delete the role ${data.name}?`}
              run={() => answer(api.DELETE("/v3/roles/{role}", { params }))}
              done="The role is deleted"
              onDone={() => navigate(path("/roles"))}
            >
              The role and its permissions are deleted. This can't be undone.
            </ConfirmButton>
          )}
        </>
      }
    >
      <RouteTabs
        label="About the role"
        tabs={[
          { value: "details", label: "Details", content: <Profile key={data.updatedAt} role={data} /> },
          { value: "permissions", label: "Permissions", content: <RolePermissions role={data.role} /> },
          { value: "features", label: "Forbidden calls", content: <Restricted role={data.role} /> },
        ]}
      />
    </Page>
  );
}

function Profile({ role }: { role: Role }) {
  const { api, may } = useApp();
  const form = useForm({ initialValues: valuesOf(role), validate: roleRules });
  const isReadOnly = !may("roles", "C");
  return (
    <>
      <Details
        rows={[
          ["Id", role.role],
          ["Created", <Time key="created" seconds={role.createdAt} />],
          ["Changed", role.updatedAt && <Time key="changed" seconds={role.updatedAt} />],
        ]}
      />
      <PageForm
        form={form}
        label="Save"
        isDisabled={isReadOnly}
        run={(values) =>
          answer(
            api.PUT("/v3/roles/{role}", {
              params: { path: { role: role.role } },
              body: bodyOf(values, role),
            }),
          )
        }
        done="The role is saved"
      >
        <RoleFields form={form} readOnly={isReadOnly} />
      </PageForm>
    </>
  );
}

/** Calls that the role's users may not make at all; the older way, which permissions refine. */
function Restricted({ role }: { role: string }) {
  const { api, key, may } = useApp();
  const [isOpen, { open, close }] = useUrlFlag("add");
  const query = usePage();
  const params = { path: { role } };
  const features = useQuery({
    queryKey: key("features", role, query),
    queryFn: () => answer(api.GET("/v3/roles/{role}/restrictedfeatures", { params: { ...params, query } })),
    placeholderData: keepPreviousData,
  });
  const allow = useAction(
    (feature: string) =>
      answer(
        api.DELETE("/v3/roles/{role}/restrictedfeatures", { params, body: { featuresToAllow: [feature] } }),
      ),
    { done: "The call is allowed again" },
  );
  const form = useForm<{ keys: string[] }>({
    initialValues: { keys: [] },
    validate: { keys: (keys) => (keys.length === 0 ? "At least one" : null) },
  });
  const forbid = async ({ keys }: { keys: string[] }) =>
    allWell(
      (
        await answer(
          api.POST("/v3/roles/{role}/restrictedfeatures", { params, body: { featuresToRestrict: keys } }),
        )
      ).data,
    );
  return (
    <>
      {may("roles", "C") && (
        <Button mb="md" onClick={open}>
          Forbid calls
        </Button>
      )}
      <DataTable<Feature>
        caption="Forbidden calls"
        query={features}
        rows={features.data?.data}
        rowKey={(row) => row.key}
        empty="Users of this role may make every call."
        columns={[
          { key: "title", label: "Name", render: (row) => row.title },
          { key: "about", label: "What it is", render: (row) => row.description },
          { key: "since", label: "Since", render: (row) => <Time seconds={row.createdAt} /> },
          may("roles", "D") && {
            key: "actions",
            label: "Actions",
            isActions: true,
            render: (row) => (
              <Button
                size="xs"
                variant="default"
                aria-label={`Allow: ${row.title}`}
                loading={allow.isPending && allow.variables === row.key}
                onClick={() => allow.mutate(row.key)}
              >
                Allow
              </Button>
            ),
          },
        ]}
      />
      <Pager pagination={features.data?.meta.pagination} of={["call"]} />
      <ModalForm
        title="Forbid calls"
        label="Forbid"
        isOpen={isOpen}
        onClose={close}
        form={form}
        run={forbid}
        done="The calls are forbidden"
      >
        <TagsInput
          label="Calls"
          description="Type to search; choose as many as you like"
          data={FEATURES}
          {...form.getInputProps("keys")}
        />
      </ModalForm>
    </>
  );
}
