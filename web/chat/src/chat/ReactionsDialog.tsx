import { Modal, Tabs } from "@mantine/core";
import { PageList } from "../common/PageList";
import { PersonRow } from "../common/PersonRow";
import { useChat } from "../model/chat";
import { usePages } from "../model/pages";
import { exactTime } from "../model/time";
import type { ChatMessage } from "../model/types";
import { t } from "../strings";

/** Who reacted to a message, by reaction. */
export default function ReactionsDialog({ message, close }: { message: ChatMessage; close: () => void }) {
  const { reactions } = message;
  return (
    <Modal opened onClose={close} title={t.reactions.title} centered>
      <Tabs defaultValue={reactions[0]?.reaction} keepMounted={false}>
        <Tabs.List mb="xs">
          {reactions.map(({ reaction, count }) => (
            <Tabs.Tab
              key={reaction}
              value={reaction}
              aria-label={t.message.reactionOf(reaction, count, false)}
            >
              {reaction} {count}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {reactions.map(({ reaction }) => (
          <Tabs.Panel key={reaction} value={reaction}>
            <People message={message} reaction={reaction} />
          </Tabs.Panel>
        ))}
      </Tabs>
    </Modal>
  );
}

function People({ message, reaction }: { message: ChatMessage; reaction: string }) {
  const chat = useChat();
  const pages = usePages(`${message.id}/${reaction}`, () => chat.reactors(message, reaction));
  return (
    <PageList
      pages={pages}
      label={t.reactions.by(reaction)}
      empty={t.readers.nobody}
      keyOf={({ person }) => person.uid}
    >
      {({ person, at }) => (
        <PersonRow
          name={person.uid === chat.me.uid ? t.you : person.name}
          face={person.name}
          avatar={person.avatar}
          line={exactTime(at)}
        />
      )}
    </PageList>
  );
}
