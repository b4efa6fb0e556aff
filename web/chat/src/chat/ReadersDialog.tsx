import { List, Modal, Text, Title } from "@mantine/core";
import { useEffect, useState } from "react";
import { Failed, Waiting } from "../common/Nothing";
import { PersonRow } from "../common/PersonRow";
import { type Reader, useChat } from "../model/chat";
import { messageOf } from "../model/errors";
import { exactTime } from "../model/time";
import type { ChatMessage } from "../model/types";
import { t } from "../strings";

type State = { read: readonly Reader[]; delivered: readonly Reader[] } | { error: string } | null;

export default function ReadersDialog({ message, close }: { message: ChatMessage; close: () => void }) {
  const chat = useChat();
  const [state, setState] = useState<State>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    chat.readers(message).then(setState, (error) => setState({ error: messageOf(error) }));
  }, [chat, message, round]);
  return (
    <Modal opened onClose={close} title={t.readers.title} centered>
      {!state && <Waiting />}
      {state && "error" in state && <Failed message={state.error} retry={() => setRound((n) => n + 1)} />}
      {state && "read" in state && (
        <>
          <Text size="sm">{t.readers.sent(exactTime(message.sentAt))}</Text>
          {message.editedAt && <Text size="sm">{t.readers.edited(exactTime(message.editedAt))}</Text>}
          <Readers title={t.readers.read} readers={state.read} />
          <Readers title={t.readers.delivered} readers={state.delivered} />
        </>
      )}
    </Modal>
  );
}

function Readers({ title, readers }: { title: string; readers: readonly Reader[] }) {
  return (
    <section aria-label={title}>
      <Title order={3} size="h6" mt="sm">
        {title}
      </Title>
      {readers.length === 0 && (
        <Text size="sm" c="dimmed">
          {t.readers.nobody}
        </Text>
      )}
      <List listStyleType="none">
        {readers.map(({ person, at }) => (
          <li key={person.uid}>
            <PersonRow name={person.name} avatar={person.avatar} line={exactTime(at)} />
          </li>
        ))}
      </List>
    </section>
  );
}
