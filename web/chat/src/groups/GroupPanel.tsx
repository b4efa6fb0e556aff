import { Button, Stack, Tabs, Text, Title } from "@mantine/core";
import { IconDoorExit, IconPencil, IconPin, IconTrash, IconUserPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useNavigate } from "react-router";
import { PanelHead } from "../chat/PanelHead";
import head from "../chat/PanelHead.module.css";
import { useConfirm } from "../common/confirm";
import { Face } from "../common/Face";
import { MuteButton } from "../common/MuteButton";
import { useChat } from "../model/chat";
import { rightsIn } from "../model/rights";
import type { Group } from "../model/types";
import { t } from "../strings";
import { AddPeople } from "./AddPeople";
import { Banned } from "./Banned";
import { EditGroup } from "./EditGroup";
import { Members } from "./Members";

interface Props {
  group: Group;
  reload: () => void;
  showPinned: () => void;
  close: () => void;
}

/** What a group is, who is in it, and what the viewer may do about that. */
export default function GroupPanel({ group, reload, showPinned, close }: Props) {
  const chat = useChat();
  const rights = rightsIn(group, chat.me.uid);
  const [editing, setEditing] = useState(false);
  const [adding, setAdding] = useState(false);
  return (
    <>
      <PanelHead title={t.group.title} close={close} />
      <div className={head.body}>
        <Stack align="center" gap={4} ta="center" py="md">
          <Face name={group.name} src={group.icon} size={88} />
          <Title order={3} size="h4">
            {group.name}
          </Title>
          <Text size="sm" c="dimmed">
            {t.group.types[group.type]} · {t.newChat.members(group.membersCount)}
          </Text>
          {group.description && <Text size="sm">{group.description}</Text>}
        </Stack>
        <Stack gap="xs" mb="md">
          {rights.edit && (
            <Button variant="default" leftSection={<IconPencil size={16} />} onClick={() => setEditing(true)}>
              {t.group.edit}
            </Button>
          )}
          {rights.addMembers && (
            <Button
              variant="default"
              leftSection={<IconUserPlus size={16} />}
              onClick={() => setAdding(true)}
            >
              {t.group.add}
            </Button>
          )}
          <Button variant="default" leftSection={<IconPin size={16} />} onClick={showPinned}>
            {t.chat.pinnedHere}
          </Button>
          {group.hasJoined && <MuteButton target={{ kind: "group", id: group.guid }} />}
        </Stack>
        {group.hasJoined && (
          <Tabs defaultValue="members" keepMounted={false}>
            <Tabs.List grow mb="xs">
              <Tabs.Tab value="members">{t.group.members}</Tabs.Tab>
              {rights.seeBanned && <Tabs.Tab value="banned">{t.group.banned}</Tabs.Tab>}
            </Tabs.List>
            <Tabs.Panel value="members">
              <Members group={group} rights={rights} changed={reload} />
            </Tabs.Panel>
            <Tabs.Panel value="banned">
              <Banned guid={group.guid} />
            </Tabs.Panel>
          </Tabs>
        )}
        <Endings group={group} reload={reload} />
      </div>
      {editing && <EditGroup group={group} saved={reload} close={() => setEditing(false)} />}
      {adding && <AddPeople guid={group.guid} added={reload} close={() => setAdding(false)} />}
    </>
  );
}

function Endings({ group, reload }: { group: Group; reload: () => void }) {
  const chat = useChat();
  const navigate = useNavigate();
  const rights = rightsIn(group, chat.me.uid);
  const [question, ask] = useConfirm();
  const leave = () =>
    ask({
      title: t.group.leave,
      text: t.group.leaveConfirm,
      act: () => chat.leaveGroup(group.guid),
      after: () => {
        reload();
        navigate("/");
      },
    });
  const remove = () =>
    ask({
      title: t.group.delete,
      text: t.group.deleteConfirm,
      act: () => chat.deleteGroup(group.guid),
      after: () => navigate("/"),
    });
  return (
    <Stack gap="xs" mt="md">
      {rights.isOwner && (
        <Text size="xs" c="dimmed">
          {t.group.ownerLeaves}
        </Text>
      )}
      {rights.leave && (
        <Button color="red" variant="outline" leftSection={<IconDoorExit size={16} />} onClick={leave}>
          {t.group.leave}
        </Button>
      )}
      {rights.delete && (
        <Button color="red" variant="outline" leftSection={<IconTrash size={16} />} onClick={remove}>
          {t.group.delete}
        </Button>
      )}
      {question}
    </Stack>
  );
}
