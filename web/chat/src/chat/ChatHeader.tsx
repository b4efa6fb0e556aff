import { Text, Title } from "@mantine/core";
import {
  IconArrowLeft,
  IconInfoCircle,
  IconPhone,
  IconPin,
  IconSearch,
  IconVideo,
} from "@tabler/icons-react";
import { useNavigate } from "react-router";
import { Face } from "../common/Face";
import { IconButton } from "../common/IconButton";
import { useCall } from "../model/calls";
import { useChat } from "../model/chat";
import { tell } from "../model/errors";
import { type Peer, useLeftAt, useOnline } from "../model/live";
import { lastSeen } from "../model/time";
import type { CallMedia, Target } from "../model/types";
import { t } from "../strings";
import classes from "./ChatHeader.module.css";
import type { PanelName } from "./ChatPage";

interface Props {
  target: Target;
  peer: Peer;
  open: (panel: PanelName) => void;
}

export function ChatHeader({ target, peer, open }: Props) {
  const navigate = useNavigate();
  const chat = useChat();
  const busy = useCall() !== null;
  const mayCall = peer.group ? peer.group.hasJoined : !peer.person?.blockedByMe && !peer.person?.hasBlockedMe;
  const call = (media: CallMedia) => tell(chat.call(target, media));
  return (
    <header className={classes.header}>
      <IconButton label={t.back} className={classes.back} onClick={() => navigate("/")}>
        <IconArrowLeft size={20} />
      </IconButton>
      <PeerFace target={target} peer={peer} />
      <div className={classes.who}>
        <Title order={1} size="h5" className={classes.name} dir="auto">
          {peer.name}
        </Title>
        <Subtitle target={target} peer={peer} />
      </div>
      <IconButton label={t.chat.audioCall} disabled={busy || !mayCall} onClick={() => call("audio")}>
        <IconPhone size={20} />
      </IconButton>
      <IconButton label={t.chat.videoCall} disabled={busy || !mayCall} onClick={() => call("video")}>
        <IconVideo size={20} />
      </IconButton>
      <IconButton label={t.chat.searchHere} onClick={() => open("search")}>
        <IconSearch size={20} />
      </IconButton>
      <IconButton label={t.chat.pinnedHere} className={classes.roomy} onClick={() => open("pinned")}>
        <IconPin size={20} />
      </IconButton>
      <IconButton label={t.chat.details} onClick={() => open("details")}>
        <IconInfoCircle size={20} />
      </IconButton>
    </header>
  );
}

function PeerFace({ target, peer }: { target: Target; peer: Peer }) {
  const online = useOnline(target.kind === "user" ? target.id : undefined) ?? peer.person?.online;
  return (
    <Face
      name={peer.name}
      src={peer.avatar}
      online={target.kind === "user" ? (online ?? false) : undefined}
    />
  );
}

function Subtitle({ target, peer }: { target: Target; peer: Peer }) {
  const told = useOnline(target.kind === "user" ? target.id : undefined);
  const leftAt = useLeftAt(target.kind === "user" ? target.id : undefined);
  const text = () => {
    if (peer.group) return t.newChat.members(peer.group.membersCount);
    if (!peer.person) return "";
    if (told ?? peer.person.online) return t.online;
    const at = leftAt ?? peer.person.lastActiveAt;
    return at ? lastSeen(at) : t.offline;
  };
  return (
    <Text size="xs" c="dimmed" truncate data-presence={told ?? peer.person?.online}>
      {text()}
    </Text>
  );
}
