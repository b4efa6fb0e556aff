import {
  Alert,
  Button,
  Checkbox,
  Divider,
  Paper,
  PasswordInput,
  SegmentedControl,
  Stack,
  Text,
  TextInput,
  Title,
  UnstyledButton,
} from "@mantine/core";
import { IconAlertCircle } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { PersonRow } from "../common/PersonRow";
import { messageOf } from "../model/errors";
import type { Credentials } from "../model/session";
import { t } from "../strings";
import type { Invitation } from "./invitation";
import classes from "./Login.module.css";

interface Props {
  invitation: Invitation | null;
  expired: boolean;
  login: (credentials: Credentials) => Promise<void>;
}

type Way = "key" | "token";

export default function Login({ invitation, expired, login }: Props) {
  const [busy, setBusy] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(expired ? t.login.expired : null);
  const attempt = async (name: string, credentials: Credentials) => {
    setBusy(name);
    setProblem(null);
    try {
      await login(credentials);
    } catch (error) {
      setProblem(`${t.login.failed}: ${messageOf(error)}`);
      setBusy(null);
    }
  };
  const users = invitation?.authKey ? invitation.users : [];
  const pick = (uid: string) =>
    invitation &&
    attempt(uid, { appId: invitation.appId, uid, authKey: invitation.authKey, remember: false });

  return (
    <main className={classes.page}>
      <Paper className={classes.card} withBorder shadow="sm" radius="lg" p="xl">
        <Stack gap="md">
          <div>
            <Text c="dimmed" size="sm" fw={600}>
              {t.appName}
            </Text>
            <Title order={1} size="h2">
              {t.login.title}
            </Title>
            <Text c="dimmed" size="sm">
              {t.login.lead}
            </Text>
          </div>
          {problem && (
            <Alert color="red" icon={<IconAlertCircle size={18} />} role="alert">
              {problem}
            </Alert>
          )}
          {users.length > 0 && (
            <section aria-label={t.login.pick}>
              <Text size="sm" fw={600} mb={4}>
                {t.login.pick}
              </Text>
              <ul className={classes.users}>
                {users.map((uid) => (
                  <li key={uid}>
                    <UnstyledButton
                      className={classes.user}
                      disabled={busy !== null}
                      onClick={() => pick(uid)}
                    >
                      <span className="sr-only">{t.login.signInAs("")}</span>
                      <PersonRow name={uid} />
                    </UnstyledButton>
                  </li>
                ))}
              </ul>
              <Divider my="md" label={t.login.other} labelPosition="center" />
            </section>
          )}
          <LoginForm invitation={invitation} busy={busy} attempt={attempt} />
        </Stack>
      </Paper>
    </main>
  );
}

interface FormProps {
  invitation: Invitation | null;
  busy: string | null;
  attempt: (name: string, credentials: Credentials) => Promise<void>;
}

function LoginForm({ invitation, busy, attempt }: FormProps) {
  const [way, setWay] = useState<Way>("key");
  const [appId, setAppId] = useState(invitation?.appId ?? "");
  const [uid, setUid] = useState("");
  const [authKey, setAuthKey] = useState(invitation?.authKey ?? "");
  const [authToken, setAuthToken] = useState("");
  const [remember, setRemember] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const app = appId.trim();
    if (way === "key") attempt("form", { appId: app, uid: uid.trim(), authKey: authKey.trim(), remember });
    else attempt("form", { appId: app, authToken: authToken.trim(), remember });
  };
  return (
    <form onSubmit={submit} aria-label={t.login.title}>
      <Stack gap="sm">
        <TextInput
          label={t.login.appId}
          value={appId}
          onChange={(event) => setAppId(event.currentTarget.value)}
          required
          autoComplete="off"
        />
        <SegmentedControl
          aria-label={t.login.how}
          value={way}
          onChange={(value) => setWay(value as Way)}
          data={[
            { value: "key", label: t.login.withKey },
            { value: "token", label: t.login.withToken },
          ]}
          fullWidth
        />
        {way === "key" ? (
          <>
            <TextInput
              label={t.login.uid}
              value={uid}
              onChange={(event) => setUid(event.currentTarget.value)}
              required
              autoComplete="username"
              autoCapitalize="none"
            />
            <PasswordInput
              label={t.login.authKey}
              description={t.login.authKeyHint}
              value={authKey}
              onChange={(event) => setAuthKey(event.currentTarget.value)}
              required
              autoComplete="off"
            />
          </>
        ) : (
          <PasswordInput
            label={t.login.authToken}
            value={authToken}
            onChange={(event) => setAuthToken(event.currentTarget.value)}
            required
            autoComplete="off"
          />
        )}
        <Checkbox
          label={t.login.remember}
          checked={remember}
          onChange={(event) => setRemember(event.currentTarget.checked)}
        />
        <Button type="submit" loading={busy === "form"} disabled={busy !== null && busy !== "form"}>
          {t.login.submit}
        </Button>
      </Stack>
    </form>
  );
}
