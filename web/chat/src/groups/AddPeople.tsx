import { Button, Modal, Stack } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { PeoplePicker } from "../common/PeoplePicker";
import { useChat } from "../model/chat";
import { tell } from "../model/errors";
import { t } from "../strings";

interface Props {
  guid: string;
  added: () => void;
  close: () => void;
}

export function AddPeople({ guid, added, close }: Props) {
  const chat = useChat();
  const [uids, setUids] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const worked = await tell(chat.addMembers(guid, uids));
    setBusy(false);
    if (!worked) return;
    added();
    close();
  };
  return (
    <Modal opened onClose={close} title={t.group.add} centered>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <PeoplePicker value={uids} change={setUids} />
          <Button type="submit" loading={busy} disabled={uids.length === 0}>
            {t.group.add}
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}
