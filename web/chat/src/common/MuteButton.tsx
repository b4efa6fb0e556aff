import { Button } from "@mantine/core";
import { IconBell, IconBellOff } from "@tabler/icons-react";
import { useChat } from "../model/chat";
import { mute, useMuted } from "../model/quiet";
import type { Target } from "../model/types";
import { t } from "../strings";

export function MuteButton({ target }: { target: Target }) {
  const { me } = useChat();
  const muted = useMuted(me.uid, target);
  return (
    <Button
      variant="default"
      leftSection={muted ? <IconBell size={16} /> : <IconBellOff size={16} />}
      onClick={() => mute(me.uid, target, !muted)}
    >
      {muted ? t.list.unmute : t.list.mute}
    </Button>
  );
}
