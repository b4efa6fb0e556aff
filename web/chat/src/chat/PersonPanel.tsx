import { Button, Stack, Text, Title } from "@mantine/core";
import { IconBan, IconPin } from "@tabler/icons-react";
import { useConfirm } from "../common/confirm";
import { Face } from "../common/Face";
import { MuteButton } from "../common/MuteButton";
import { useChat } from "../model/chat";
import { tell } from "../model/errors";
import type { Peer } from "../model/live";
import type { Person } from "../model/types";
import { t } from "../strings";
import { PanelHead } from "./PanelHead";
import head from "./PanelHead.module.css";

interface Props {
  peer: Peer;
  person: Person;
  showPinned: () => void;
  close: () => void;
}

export default function PersonPanel({ peer, person, showPinned, close }: Props) {
  const chat = useChat();
  const [question, ask] = useConfirm();
  const block = () =>
    ask({
      title: t.person.block,
      text: t.person.blockConfirm(person.name),
      act: () => chat.block(person.uid, true),
      after: peer.reload,
    });
  const unblock = async () => {
    if (await tell(chat.block(person.uid, false))) peer.reload();
  };
  return (
    <>
      <PanelHead title={t.person.title} close={close} />
      <div className={head.body}>
        <Stack align="center" gap="xs" ta="center" py="md">
          <Face name={person.name} src={person.avatar} size={96} />
          <Title order={3} size="h4">
            {person.name}
          </Title>
          <Text size="sm" c="dimmed">
            {person.uid}
          </Text>
          {person.statusMessage && <Text size="sm">{person.statusMessage}</Text>}
        </Stack>
        <Stack gap="xs">
          <Button variant="default" leftSection={<IconPin size={16} />} onClick={showPinned}>
            {t.chat.pinnedHere}
          </Button>
          <MuteButton target={{ kind: "user", id: person.uid }} />
          {person.blockedByMe ? (
            <Button variant="default" leftSection={<IconBan size={16} />} onClick={unblock}>
              {t.person.unblock}
            </Button>
          ) : (
            <Button color="red" variant="outline" leftSection={<IconBan size={16} />} onClick={block}>
              {t.person.block}
            </Button>
          )}
        </Stack>
        {question}
      </div>
    </>
  );
}
