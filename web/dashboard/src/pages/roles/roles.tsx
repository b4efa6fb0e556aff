import { Anchor, Button, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconPlus } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "react-router";
import { useApp } from "../../api/app";
import { answer } from "../../api/client";
import type { Role } from "../../api/types";
import { idProblem } from "../../lib/ids";
import { usePage, useUrlFlag } from "../../lib/url-state";
import { DataTable } from "../../ui/data-table";
import { Maybe, Time } from "../../ui/details";
import { ModalForm } from "../../ui/form";
import { Page } from "../../ui/page";
import { Pager } from "../../ui/pager";
import { bodyOf, EMPTY_ROLE, RoleFields, type RoleValues, roleRules } from "./role-fields";

/** The app's roles. */
export function Roles() {
  const { api, key, may, path } = useApp();
  const query = usePage();
  const [isMaking, making] = useUrlFlag("new");
  const roles = useQuery({
    queryKey: key("roles", query),
    queryFn: () => answer(api.GET("/v3/roles", { params: { query } })),
    placeholderData: keepPreviousData,
  });
  return (
    <Page
      title="Roles"
      about="What kinds of users there are, and what each may do."
      actions={
        <>
          <Button variant="default" component={Link} to={path("/permissions")}>
            Compare permissions
          </Button>
          {may("roles", "C") && (
            <Button leftSection={<IconPlus size={16} />} onClick={making.open}>
              New role
            </Button>
          )}
        </>
      }
    >
      <DataTable<Role>
        caption="Roles"
        query={roles}
        rows={roles.data?.data}
        rowKey={(role) => role.role}
        empty="There is no role."
        columns={[
          {
            key: "name",
            label: "Name",
            render: (role) => (
              <Anchor component={Link} to={path(`/roles/${role.role}`)} fw={600}>
                {role.name}
              </Anchor>
            ),
          },
          { key: "id", label: "Id", render: (role) => role.role },
          { key: "about", label: "Description", render: (role) => <Maybe of={role.description} /> },
          { key: "created", label: "Created", render: (role) => <Time seconds={role.createdAt} /> },
        ]}
      />
      <Pager pagination={roles.data?.meta.pagination} of={["role"]} />
      <NewRole isOpen={isMaking} onClose={making.close} />
    </Page>
  );
}

function NewRole({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const { api, path } = useApp();
  const navigate = useNavigate();
  const form = useForm<RoleValues & { role: string }>({
    initialValues: { ...EMPTY_ROLE, role: "" },
    validate: { ...roleRules, role: idProblem },
  });
  const create = async (values: RoleValues & { role: string }) => {
    const body = { ...bodyOf(values), role: values.role };
    return (await answer(api.POST("/v3/roles", { body }))).data.role;
  };
  return (
    <ModalForm
      title="New role"
      label="Create role"
      isOpen={isOpen}
      onClose={onClose}
      form={form}
      run={create}
      done="The role is created"
      onDone={(role) => navigate(path(`/roles/${role}`))}
    >
      <TextInput
        label="Id"
        description="Kept in lower case, never changed"
        required
        data-autofocus
        {...form.getInputProps("role")}
      />
      {/* The form holds all fields of a role and its id. */}
      <RoleFields form={form as never} />
    </ModalForm>
  );
}
