import { Button, Modal, Stack, Textarea, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useChat } from "../model/chat";
import { tell } from "../model/errors";
import type { Group } from "../model/types";
import { t } from "../strings";

interface Props {
  group: Group;
  saved: () => void;
  close: () => void;
}

export function EditGroup({ group, saved, close }: Props) {
  const chat = useChat();
  const [name, setName] = useState(group.name);
  const [icon, setIcon] = useState(group.icon ?? "");
  const [description, setDescription] = useState(group.description ?? "");
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const change = { name: name.trim(), icon: icon.trim(), description: description.trim() };
    const worked = await tell(chat.updateGroup(group.guid, change));
    setBusy(false);
    if (!worked) return;
    saved();
    close();
  };
  return (
    <Modal opened onClose={close} title={t.group.edit} centered>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput
            label={t.group.name}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            maxLength={100}
            required
            data-autofocus
          />
          <TextInput
            label={t.group.icon}
            type="url"
            value={icon}
            onChange={(event) => setIcon(event.currentTarget.value)}
          />
          <Textarea
            label={t.group.description}
            value={description}
            onChange={(event) => setDescription(event.currentTarget.value)}
            maxLength={255}
            rows={3}
          />
          <Button type="submit" loading={busy}>
            {t.save}
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}
