import { Divider, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { answer, management } from "../../api/client";
import { sessionQuery, useOperator, useSigning } from "../../api/session";
import { nameProblem } from "../../lib/ids";
import { Details, Time } from "../../ui/details";
import { PageForm } from "../../ui/form";
import { Page } from "../../ui/page";
import { ManagementKeys } from "./management-keys";
import { passwordProblem } from "./passwords";

/** The operator's own account. */
export function Account() {
  const operator = useOperator();
  return (
    <Page title="Account">
      <Stack gap="xl">
        <Details
          rows={[
            ["E-mail address", operator.email],
            ["Role", operator.role],
            ["Created", <Time key="created" seconds={operator.createdAt} />],
          ]}
        />
        <Name />
        <Divider />
        <Password />
        <Divider />
        <Keys />
      </Stack>
    </Page>
  );
}

function Keys() {
  const operator = useOperator();
  return (
    <section aria-label="Management keys">
      <Title order={2} size="h4" mb="xs">
        Management keys
      </Title>
      <Text c="dimmed" mb="md">
        With a key and its secret a program may do what you may. New ones are made on the command line.
      </Text>
      <ManagementKeys operatorId={operator.id} />
    </section>
  );
}

function Name() {
  const operator = useOperator();
  const queries = useQueryClient();
  const form = useForm({ initialValues: { name: operator.name }, validate: { name: nameProblem } });
  const save = async (body: { name: string }) => {
    await answer(management.PUT("/v3/operators/me", { body }));
    await queries.invalidateQueries(sessionQuery);
  };
  return (
    <PageForm form={form} label="Save name" run={save} done="The name is saved">
      <Title order={2} size="h4">
        Name
      </Title>
      <TextInput label="Name" required {...form.getInputProps("name")} />
    </PageForm>
  );
}

function Password() {
  const operator = useOperator();
  const { forget } = useSigning();
  const form = useForm({
    initialValues: { oldPassword: "", password: "", again: "" },
    validate: {
      oldPassword: (password) => (password === "" ? "The password until now" : null),
      password: passwordProblem,
      again: (again, values) => (again === values.password ? null : "The two are not the same"),
    },
  });
  const field = {
    visibilityToggleButtonProps: { "aria-label": "Show or hide the password" },
    required: true,
  };
  return (
    <PageForm
      form={form}
      label="Change password"
      run={({ oldPassword, password }) =>
        answer(management.PUT("/v3/operators/me", { body: { oldPassword, password } }))
      }
      done="The password is changed: log in with the new one"
      onDone={forget}
    >
      <Title order={2} size="h4">
        Password
      </Title>
      {/* Password managers want to know whose password it is. */}
      <input type="hidden" name="username" autoComplete="username" value={operator.email} readOnly />
      <PasswordInput
        label="Password until now"
        autoComplete="current-password"
        {...field}
        {...form.getInputProps("oldPassword")}
      />
      <PasswordInput
        label="New password"
        description="At least 10 characters. All your sessions end, this one too."
        autoComplete="new-password"
        {...field}
        {...form.getInputProps("password")}
      />
      <PasswordInput
        label="New password once more"
        autoComplete="new-password"
        {...field}
        {...form.getInputProps("again")}
      />
    </PageForm>
  );
}
