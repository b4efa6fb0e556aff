import { Button, Paper, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { Navigate, useSearchParams } from "react-router";
import { ApiFault } from "../api/fault";
import { sessionQuery, useSigning } from "../api/session";
import { SchemeSwitch } from "../layout/shell";
import { wayBack } from "../lib/way-back";
import { FaultNote } from "../ui/fault-note";
import classes from "./login.module.css";

/** The log-in form. */
export function Login() {
  const session = useQuery(sessionQuery);
  const [params] = useSearchParams();
  const { signIn } = useSigning();
  const login = useMutation({ mutationFn: signIn });
  const form = useForm({
    initialValues: { email: "", password: "" },
    validate: {
      email: (email) => (email.includes("@") ? null : "Your e-mail address"),
      password: (password) => (password === "" ? "Your password" : null),
    },
  });
  useEffect(() => {
    document.title = "Log in · Halley";
  }, []);
  if (session.data) return <Navigate to={wayBack(params.get("from"))} replace />;
  return (
    <main className={classes.screen}>
      <div className={classes.scheme}>
        <SchemeSwitch />
      </div>
      <Paper withBorder p="xl" className={classes.card ?? ""} shadow="md">
        <img src="/dashboard/icon.svg" alt="" width={44} height={44} />
        <Title order={1} size="h2" mt="sm">
          Halley dashboard
        </Title>
        <Text c="dimmed" mb="lg">
          Log in as an operator.
        </Text>
        <form onSubmit={form.onSubmit((values) => login.mutate(values))} noValidate>
          <Stack>
            <TextInput
              label="E-mail address"
              type="email"
              autoComplete="username"
              autoFocus
              {...form.getInputProps("email")}
            />
            <PasswordInput
              label="Password"
              autoComplete="current-password"
              visibilityToggleButtonProps={{ "aria-label": "Show or hide the password" }}
              {...form.getInputProps("password")}
            />
            {login.error && <FaultNote error={loginFault(login.error)} />}
            {session.error && !login.error && <FaultNote error={session.error} onRetry={session.refetch} />}
            <Button type="submit" loading={login.isPending} fullWidth>
              Log in
            </Button>
          </Stack>
        </form>
        <Text size="sm" c="dimmed" mt="lg">
          The first start of the server writes the first operator's address and password into{" "}
          <code>management.json</code> in its data directory. Later ones are made under Operators, or by{" "}
          <code>halley operator create</code> on the server.
        </Text>
      </Paper>
    </main>
  );
}

function loginFault(error: Error): Error {
  if (!(error instanceof ApiFault)) return error;
  if (error.code === "AUTH_ERR_INVALID_CREDENTIALS") return new Error("Address or password is wrong.");
  if (error.code !== "ERR_TOO_MANY_REQUESTS") return error;
  const wait = error.retryAfter ? `in ${error.retryAfter} seconds` : "later";
  return new Error(`Too many tries. Try again ${wait}.`);
}
