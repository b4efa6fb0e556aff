import { Button, Group, Modal, Text } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { tell } from "../model/errors";
import { t } from "../strings";

interface Question {
  title: string;
  text: string;
  act: () => Promise<unknown>;
  after?: () => void;
}

/** A question before something that can't be undone: the element to show, and how to ask. */
export function useConfirm(): [ReactNode, (question: Question) => void] {
  const [question, setQuestion] = useState<Question | null>(null);
  const [busy, setBusy] = useState(false);
  const answer = async () => {
    if (!question) return;
    setBusy(true);
    const worked = await tell(question.act());
    setBusy(false);
    setQuestion(null);
    if (worked) question.after?.();
  };
  const element = (
    <Modal opened={!!question} onClose={() => setQuestion(null)} title={question?.title} centered size="sm">
      <Text size="sm">{question?.text}</Text>
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={() => setQuestion(null)} data-autofocus>
          {t.cancel}
        </Button>
        <Button color="red" loading={busy} onClick={answer}>
          {question?.title}
        </Button>
      </Group>
    </Modal>
  );
  return [element, setQuestion];
}
