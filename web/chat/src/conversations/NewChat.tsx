import {
  Button,
  Modal,
  PasswordInput,
  Radio,
  Group as Row,
  ScrollArea,
  Stack,
  Tabs,
  Textarea,
  TextInput,
  UnstyledButton,
} from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { useNavigate } from "react-router";
import { PageList } from "../common/PageList";
import { PeoplePicker } from "../common/PeoplePicker";
import { PersonRow } from "../common/PersonRow";
import { useChat } from "../model/chat";
import { showError, tell } from "../model/errors";
import { usePages } from "../model/pages";
import { pathOf } from "../model/target";
import type { Group, GroupType, Person, Target } from "../model/types";
import { t } from "../strings";
import classes from "./NewChat.module.css";

export default function NewChat({ close }: { close: () => void }) {
  const navigate = useNavigate();
  const go = (target: Target) => {
    close();
    navigate(pathOf(target));
  };
  return (
    <Modal opened onClose={close} title={t.newChat.title} size="md">
      <Tabs defaultValue="people" keepMounted={false}>
        <Tabs.List grow mb="sm">
          <Tabs.Tab value="people">{t.newChat.people}</Tabs.Tab>
          <Tabs.Tab value="groups">{t.newChat.groups}</Tabs.Tab>
          <Tabs.Tab value="create">{t.newChat.create}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="people">
          <People go={go} />
        </Tabs.Panel>
        <Tabs.Panel value="groups">
          <Groups go={go} />
        </Tabs.Panel>
        <Tabs.Panel value="create">
          <CreateGroup go={go} />
        </Tabs.Panel>
      </Tabs>
    </Modal>
  );
}

interface Going {
  go: (target: Target) => void;
}

function SearchField({
  label,
  value,
  change,
}: {
  label: string;
  value: string;
  change: (value: string) => void;
}) {
  return (
    <TextInput
      type="search"
      aria-label={label}
      placeholder={label}
      leftSection={<IconSearch size={16} />}
      value={value}
      onChange={(event) => change(event.currentTarget.value)}
      data-autofocus
      mb="xs"
    />
  );
}

function People({ go }: Going) {
  const chat = useChat();
  const [search, setSearch] = useState("");
  const [needle] = useDebouncedValue(search.trim(), 250);
  const pages = usePages<Person>(needle, () => chat.people(needle));
  return (
    <>
      <SearchField label={t.newChat.searchPeople} value={search} change={setSearch} />
      <ScrollArea.Autosize mah="50dvh" viewportProps={{ tabIndex: 0 }}>
        <PageList
          pages={pages}
          label={t.newChat.people}
          empty={t.nothingFound}
          keyOf={(person) => person.uid}
        >
          {(person) => (
            <UnstyledButton className={classes.pick} onClick={() => go({ kind: "user", id: person.uid })}>
              <PersonRow
                name={person.name}
                avatar={person.avatar}
                online={person.online}
                line={person.statusMessage || person.uid}
              />
            </UnstyledButton>
          )}
        </PageList>
      </ScrollArea.Autosize>
    </>
  );
}

function Groups({ go }: Going) {
  const chat = useChat();
  const [search, setSearch] = useState("");
  const [needle] = useDebouncedValue(search.trim(), 250);
  const [locked, setLocked] = useState<Group | null>(null);
  const pages = usePages<Group>(needle, () => chat.groups(needle));
  const join = async (group: Group, password: string) => {
    if (await tell(chat.joinGroup(group, password))) go({ kind: "group", id: group.guid });
  };
  if (locked) return <Password group={locked} join={join} back={() => setLocked(null)} />;
  return (
    <>
      <SearchField label={t.newChat.searchGroups} value={search} change={setSearch} />
      <ScrollArea.Autosize mah="50dvh" viewportProps={{ tabIndex: 0 }}>
        <PageList pages={pages} label={t.newChat.groups} empty={t.nothingFound} keyOf={(group) => group.guid}>
          {(group) => (
            <PersonRow
              name={group.name}
              avatar={group.icon}
              line={`${t.group.types[group.type]} · ${t.newChat.members(group.membersCount)}`}
            >
              {group.hasJoined ? (
                <Button size="xs" variant="default" onClick={() => go({ kind: "group", id: group.guid })}>
                  {t.newChat.open}
                </Button>
              ) : (
                <Button
                  size="xs"
                  onClick={() => (group.type === "password" ? setLocked(group) : join(group, ""))}
                >
                  {t.newChat.join}
                </Button>
              )}
            </PersonRow>
          )}
        </PageList>
      </ScrollArea.Autosize>
    </>
  );
}

interface PasswordProps {
  group: Group;
  join: (group: Group, password: string) => Promise<void>;
  back: () => void;
}

function Password({ group, join, back }: PasswordProps) {
  const [password, setPassword] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    join(group, password);
  };
  return (
    <form onSubmit={submit}>
      <PasswordInput
        label={t.newChat.passwordFor(group.name)}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        autoComplete="off"
        required
        data-autofocus
      />
      <Row justify="flex-end" mt="md">
        <Button variant="default" onClick={back}>
          {t.back}
        </Button>
        <Button type="submit">{t.newChat.join}</Button>
      </Row>
    </form>
  );
}

const TYPES: readonly { value: GroupType; label: string; hint: string }[] = [
  { value: "public", label: t.newChat.public, hint: t.newChat.publicHint },
  { value: "password", label: t.newChat.passwordType, hint: t.newChat.passwordHint },
  { value: "private", label: t.newChat.private, hint: t.newChat.privateHint },
];

function CreateGroup({ go }: Going) {
  const chat = useChat();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [type, setType] = useState<GroupType>("public");
  const [password, setPassword] = useState("");
  const [members, setMembers] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      const group = await chat.createGroup({
        name: name.trim(),
        description: description.trim(),
        type,
        password,
        members,
      });
      go({ kind: "group", id: group.guid });
    } catch (error) {
      setBusy(false);
      showError(error);
    }
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <TextInput
          label={t.newChat.name}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={100}
          required
          data-autofocus
        />
        <Textarea
          label={t.newChat.description}
          value={description}
          onChange={(event) => setDescription(event.currentTarget.value)}
          maxLength={255}
          rows={2}
        />
        <Radio.Group label={t.newChat.type} value={type} onChange={(value) => setType(value as GroupType)}>
          <Stack gap={6} mt={4}>
            {TYPES.map(({ value, label, hint }) => (
              <Radio key={value} value={value} label={label} description={hint} />
            ))}
          </Stack>
        </Radio.Group>
        {type === "password" && (
          <PasswordInput
            label={t.newChat.password}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            maxLength={100}
            autoComplete="off"
            required
          />
        )}
        <PeoplePicker value={members} change={setMembers} />
        <Button type="submit" loading={busy}>
          {t.newChat.submit}
        </Button>
      </Stack>
    </form>
  );
}
