import { Badge, Button, Group, Modal, NativeSelect, PasswordInput, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconPlus } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answer, management } from "../../api/client";
import { OPERATOR_ROLES, type OperatorRole } from "../../api/rights";
import { type Operator, useOperator } from "../../api/session";
import { nameProblem } from "../../lib/ids";
import { usePage, useUrlFlag } from "../../lib/url-state";
import { ConfirmButton } from "../../ui/confirm-button";
import { DataTable } from "../../ui/data-table";
import { Time } from "../../ui/details";
import { NotAllowed } from "../../ui/fault-note";
import { ModalForm } from "../../ui/form";
import { Page } from "../../ui/page";
import { Pager } from "../../ui/pager";
import { ManagementKeys } from "./management-keys";
import { passwordProblem } from "./passwords";

/** Everybody who may log in; owners of the installation only. */
export function Operators() {
  const me = useOperator();
  if (me.role !== "owner") {
    return (
      <Page title="Operators">
        <NotAllowed>Only owners of the installation manage operators.</NotAllowed>
      </Page>
    );
  }
  return <List me={me} />;
}

function List({ me }: { me: Operator }) {
  const query = usePage();
  const [isMaking, making] = useUrlFlag("new");
  const [changed, setChanged] = useState<Operator>();
  const [keysOf, setKeysOf] = useState<Operator>();
  const operators = useQuery({
    queryKey: ["operators", query],
    queryFn: () => answer(management.GET("/v3/operators", { params: { query } })),
    placeholderData: keepPreviousData,
  });
  const remove = (operatorId: string) =>
    answer(management.DELETE("/v3/operators/{operatorId}", { params: { path: { operatorId } } }));
  return (
    <Page
      title="Operators"
      about="Who may log in here. What an operator may do in an app is set with the app's collaborators."
      actions={
        <Button leftSection={<IconPlus size={16} />} onClick={making.open}>
          New operator
        </Button>
      }
    >
      <DataTable<Operator>
        caption="Operators"
        query={operators}
        rows={operators.data?.data}
        rowKey={(row) => row.id}
        empty="Nobody."
        columns={[
          {
            key: "name",
            label: "Name",
            render: (row) => (row.id === me.id ? `${row.name} (you)` : row.name),
          },
          { key: "email", label: "E-mail address", render: (row) => row.email },
          {
            key: "role",
            label: "Role",
            render: (row) => (
              <Badge variant="light" color={row.role === "owner" ? "yellow" : "gray"}>
                {row.role}
              </Badge>
            ),
          },
          { key: "created", label: "Created", render: (row) => <Time seconds={row.createdAt} /> },
          {
            key: "actions",
            label: "Actions",
            isActions: true,
            render: (row) => (
              <Group gap="xs" wrap="nowrap" justify="flex-end">
                <Button
                  size="xs"
                  variant="default"
                  onClick={() => setChanged(row)}
                  aria-label={`Edit ${row.name}`}
                >
                  Edit
                </Button>
                <Button
                  size="xs"
                  variant="default"
                  onClick={() => setKeysOf(row)}
                  aria-label={`Management keys of ${row.name}`}
                >
                  Keys
                </Button>
                <ConfirmButton
                  size="xs"
                  label="Delete"
                  ariaLabel={`Delete ${row.name}`}
                  title={`Delete the operator ${row.name}?`}
                  typed={row.email}
                  run={() => remove(row.id)}
                  done="The operator is deleted"
                >
                  {row.email} is signed out at once and can't log in any more. Apps that are {row.name}'s
                  stay; owners of the installation look after them.
                </ConfirmButton>
              </Group>
            ),
          },
        ]}
      />
      <Pager pagination={operators.data?.meta.pagination} of={["operator"]} />
      <NewOperator isOpen={isMaking} onClose={making.close} />
      {changed && (
        <EditOperator
          key={changed.id}
          operator={changed}
          isOwn={changed.id === me.id}
          onClose={() => setChanged(undefined)}
        />
      )}
      {keysOf && <KeysOf key={keysOf.id} operator={keysOf} onClose={() => setKeysOf(undefined)} />}
    </Page>
  );
}

const ROLE_NAMES: Record<OperatorRole, string> = {
  owner: "Owner: everything, in every app",
  admin: "Admin",
  moderator: "Moderator",
  developer: "Developer",
};
const ROLES = OPERATOR_ROLES.map((role) => ({ value: role, label: ROLE_NAMES[role] }));

function NewOperator({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const form = useForm<{ email: string; name: string; password: string; role: OperatorRole }>({
    initialValues: { email: "", name: "", password: "", role: "developer" },
    validate: {
      email: (email) => (/^\S+@\S+$/.test(email) ? null : "An e-mail address"),
      name: nameProblem,
      password: passwordProblem,
    },
  });
  return (
    <ModalForm
      title="New operator"
      label="Create operator"
      isOpen={isOpen}
      onClose={onClose}
      form={form}
      run={(body) => answer(management.POST("/v3/operators", { body }))}
      done="The operator is created"
    >
      <TextInput label="Name" required data-autofocus {...form.getInputProps("name")} />
      <TextInput
        label="E-mail address"
        type="email"
        required
        autoComplete="off"
        {...form.getInputProps("email")}
      />
      <NativeSelect label="Role" data={ROLES} {...form.getInputProps("role")} />
      <Password
        label="First password"
        description="At least 10 characters; to be changed after the first log-in"
        {...form.getInputProps("password")}
      />
    </ModalForm>
  );
}

function KeysOf({ operator, onClose }: { operator: Operator; onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} title={`Management keys of ${operator.name}`} size="lg">
      <ManagementKeys operatorId={operator.id} />
    </Modal>
  );
}

type EditProps = { operator: Operator; isOwn: boolean; onClose: () => void };

function EditOperator({ operator, isOwn, onClose }: EditProps) {
  const form = useForm<{ name: string; role: OperatorRole; password: string }>({
    initialValues: { name: operator.name, role: operator.role, password: "" },
    validate: {
      name: nameProblem,
      password: (password) => (password === "" ? null : passwordProblem(password)),
    },
  });
  const params = { path: { operatorId: operator.id } };
  return (
    <ModalForm
      title={`Edit ${operator.email}`}
      label="Save"
      isOpen
      onClose={onClose}
      form={form}
      run={({ password, ...rest }) =>
        answer(
          management.PUT("/v3/operators/{operatorId}", {
            params,
            body: password === "" ? rest : { ...rest, password },
          }),
        )
      }
      done="The operator is saved"
    >
      <TextInput label="Name" required data-autofocus {...form.getInputProps("name")} />
      <NativeSelect label="Role" data={ROLES} {...form.getInputProps("role")} />
      {isOwn ? (
        <Text size="sm" c="dimmed">
          Your own password is changed on the page Account.
        </Text>
      ) : (
        <Password
          label="New password"
          description="Empty leaves it; a new one signs the operator out everywhere"
          {...form.getInputProps("password")}
        />
      )}
    </ModalForm>
  );
}

type PasswordProps = { label: string; description: string };

function Password(props: PasswordProps) {
  return (
    <PasswordInput
      autoComplete="new-password"
      visibilityToggleButtonProps={{ "aria-label": "Show or hide the password" }}
      {...props}
    />
  );
}
