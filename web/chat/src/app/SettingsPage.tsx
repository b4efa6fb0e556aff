import {
  Button,
  Group,
  SegmentedControl,
  Stack,
  Text,
  TextInput,
  Title,
  useMantineColorScheme,
} from "@mantine/core";
import { type FormEvent, useState } from "react";
import { Face } from "../common/Face";
import { notify } from "../common/notify";
import { PageList } from "../common/PageList";
import { PersonRow } from "../common/PersonRow";
import { useChat } from "../model/chat";
import { tell } from "../model/errors";
import { usePages } from "../model/pages";
import { t } from "../strings";
import { NoticeSettings } from "./NoticeSettings";
import { PlainPage } from "./PlainPage";

export default function SettingsPage() {
  return (
    <PlainPage title={t.settings.title}>
      <Stack gap="xl" maw={520}>
        <Profile />
        <Appearance />
        <NoticeSettings />
        <Blocked />
      </Stack>
    </PlainPage>
  );
}

function Profile() {
  const chat = useChat();
  const [name, setName] = useState(chat.me.name);
  const [avatar, setAvatar] = useState(chat.me.avatar ?? "");
  const [status, setStatus] = useState(chat.me.statusMessage ?? "");
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const worked = await tell(
      chat.updateMe({ name: name.trim(), avatar: avatar.trim(), statusMessage: status.trim() }),
    );
    setBusy(false);
    if (worked) notify({ color: "green", message: t.settings.saved });
  };
  return (
    <form onSubmit={submit} aria-label={t.settings.profile}>
      <Title order={2} size="h4" mb="sm">
        {t.settings.profile}
      </Title>
      <Stack gap="sm">
        <Group>
          <Face name={name || chat.me.uid} src={avatar} size={64} />
          <Text c="dimmed">{t.settings.uid(chat.me.uid)}</Text>
        </Group>
        <TextInput
          label={t.settings.name}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={100}
          required
        />
        <TextInput
          label={t.settings.avatar}
          type="url"
          value={avatar}
          onChange={(event) => setAvatar(event.currentTarget.value)}
        />
        <TextInput
          label={t.settings.status}
          value={status}
          onChange={(event) => setStatus(event.currentTarget.value)}
        />
        <Group>
          <Button type="submit" loading={busy}>
            {t.save}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Appearance() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <section aria-label={t.me.theme}>
      <Title order={2} size="h4" mb="sm">
        {t.me.theme}
      </Title>
      <SegmentedControl
        aria-label={t.me.theme}
        value={colorScheme}
        onChange={(value) => setColorScheme(value as typeof colorScheme)}
        data={[
          { value: "auto", label: t.me.auto },
          { value: "light", label: t.me.light },
          { value: "dark", label: t.me.dark },
        ]}
      />
    </section>
  );
}

function Blocked() {
  const chat = useChat();
  const pages = usePages("blocked", () => chat.blocked());
  const unblock = async (uid: string) => {
    if (await tell(chat.block(uid, false))) pages.reload();
  };
  return (
    <section aria-label={t.settings.blocked}>
      <Title order={2} size="h4" mb="sm">
        {t.settings.blocked}
      </Title>
      <PageList
        pages={pages}
        label={t.settings.blocked}
        empty={t.settings.nobodyBlocked}
        keyOf={(person) => person.uid}
      >
        {(person) => (
          <PersonRow name={person.name} avatar={person.avatar} line={person.uid}>
            <Button size="xs" variant="default" onClick={() => unblock(person.uid)}>
              {t.settings.unblock}
            </Button>
          </PersonRow>
        )}
      </PageList>
    </section>
  );
}
