import { Button, Group, Modal, Select, Stack, Textarea } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { notify } from "../common/notify";
import { useChat } from "../model/chat";
import { tell } from "../model/errors";
import type { ChatMessage } from "../model/types";
import { t } from "../strings";

export default function FlagDialog({ message, close }: { message: ChatMessage; close: () => void }) {
  const chat = useChat();
  const [reason, setReason] = useState<string | null>(null);
  const [remark, setRemark] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!reason) return;
    setBusy(true);
    const worked = await tell(chat.flag(message, reason, remark.trim()));
    setBusy(false);
    if (!worked) return;
    notify({ color: "green", message: t.flag.done });
    close();
  };
  return (
    <Modal opened onClose={close} title={t.flag.title} centered>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Select
            label={t.flag.reason}
            data={chat.flagReasons().map(({ id, name }) => ({ value: id, label: name }))}
            value={reason}
            onChange={setReason}
            required
            data-autofocus
          />
          <Textarea
            label={t.flag.remark}
            value={remark}
            onChange={(event) => setRemark(event.currentTarget.value)}
            rows={3}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t.cancel}
            </Button>
            <Button type="submit" color="red" loading={busy} disabled={!reason}>
              {t.flag.submit}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
