import { ActionIcon, Button, FocusTrap, Group, Modal, Stack, Text, Title, Tooltip } from "@mantine/core";
import {
  IconMicrophone,
  IconMicrophoneOff,
  IconPhone,
  IconPhoneOff,
  IconScreenShare,
  IconScreenShareOff,
  IconVideo,
  IconVideoOff,
  IconWindowMaximize,
  IconWindowMinimize,
} from "@tabler/icons-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { Face } from "../common/Face";
import type { CallView, Participant } from "../model/calls";
import { useChat } from "../model/chat";
import { isMuted } from "../model/quiet";
import { duration } from "../model/time";
import { t } from "../strings";
import classes from "./CallOverlay.module.css";
import { ring } from "./ring";

export default function CallOverlay({ call }: { call: CallView }) {
  return call.state === "incoming" ? <Ringing call={call} /> : <Stage call={call} />;
}

function Ringing({ call }: { call: CallView }) {
  const { uid } = useChat().me;
  const isQuiet = isMuted(uid, call.target);
  useEffect(() => (isQuiet ? undefined : ring()), [isQuiet]);
  const name = call.caller?.name ?? call.title;
  const title = call.target.kind === "group" ? t.call.incomingIn(name, call.title) : t.call.incoming(name);
  return (
    <Modal
      opened
      onClose={call.reject}
      title={title}
      centered
      closeOnClickOutside={false}
      withCloseButton={false}
      zIndex={400}
    >
      <div className={classes.ringing}>
        {/* Who is just writing must not answer with the key that was meant to send. */}
        <FocusTrap.InitialFocus />
        <Face name={name} src={call.caller?.avatar} size={96} />
        <Text c="dimmed">{call.media === "video" ? t.call.video : t.call.audio}</Text>
        <Stack gap="sm" w="100%">
          <Group grow>
            <Button color="red" leftSection={<IconPhoneOff size={18} />} onClick={call.reject}>
              {t.call.reject}
            </Button>
            <Button
              color="green"
              leftSection={call.media === "video" ? <IconVideo size={18} /> : <IconPhone size={18} />}
              onClick={() => call.accept(call.media)}
            >
              {t.call.accept}
            </Button>
          </Group>
          {call.media === "video" && (
            <Button
              variant="default"
              leftSection={<IconPhone size={18} />}
              onClick={() => call.accept("audio")}
            >
              {t.call.acceptAudio}
            </Button>
          )}
        </Stack>
      </div>
    </Modal>
  );
}

function Stage({ call }: { call: CallView }) {
  const [small, setSmall] = useState(false);
  const connected = call.participants.some((participant) => participant.connected);
  const state = call.state === "outgoing" ? "ringing" : connected ? "connected" : "connecting";
  return (
    // Over the whole page nothing behind it can be reached.
    <FocusTrap active={!small}>
      <section
        className={classes.stage}
        data-small={small || undefined}
        data-call={state}
        {...(small ? {} : { role: "dialog", "aria-modal": true })}
        aria-label={`${t.call.title}: ${call.title}`}
      >
        {!small && <FocusTrap.InitialFocus />}
        <header className={classes.head}>
          <div className={classes.about}>
            <Title order={2} size="h5" c="white" lineClamp={1} dir="auto" ta="left">
              {call.title}
            </Title>
            <div role="status">
              <State call={call} state={state} />
            </div>
          </div>
          <Control label={small ? t.call.maximize : t.call.minimize} act={() => setSmall(!small)}>
            {small ? <IconWindowMaximize size={20} /> : <IconWindowMinimize size={20} />}
          </Control>
        </header>
        <div className={classes.grid} data-count={Math.min(call.participants.length, 9)}>
          {call.participants.length === 0 && (
            <div className={classes.tile}>
              <Face name={call.title} size={96} />
              <Text c="white">{call.state === "outgoing" ? t.call.ringing : t.call.alone}</Text>
            </div>
          )}
          {call.participants.map((participant) => (
            <Tile key={participant.key} participant={participant} small={small} />
          ))}
        </div>
        <Own call={call} />
        <Controls call={call} />
      </section>
    </FocusTrap>
  );
}

const STATES = { ringing: t.call.ringing, connecting: t.call.connecting, connected: t.call.connected };

function State({ call, state }: { call: CallView; state: keyof typeof STATES }) {
  const clock = useClock(state === "connected" ? call.connectedAt : undefined);
  if (call.problem) {
    return (
      <Text size="sm" c="red.3" role="alert">
        {call.problem}
      </Text>
    );
  }
  return (
    <Text size="sm" c="gray.4">
      {STATES[state]}
      {clock !== undefined && <span aria-hidden="true"> · {duration(clock)}</span>}
    </Text>
  );
}

/** How long since then, in ms; it ticks once a second. */
function useClock(since: number | undefined): number | undefined {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (since === undefined) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [since]);
  return since === undefined ? undefined : now - since;
}

function Tile({ participant, small }: { participant: Participant; small: boolean }) {
  const { person, stream, showsVideo, connected, muted, sharing } = participant;
  return (
    <div
      className={classes.tile}
      data-participant={person.uid}
      data-connected={connected}
      data-sharing={sharing || undefined}
    >
      {stream && <Media stream={stream} hidden={!showsVideo} label={person.name} />}
      {!showsVideo && <Face name={person.name} src={person.avatar} size={small ? 32 : 96} />}
      <span className={classes.label}>
        {muted && <IconMicrophoneOff size={14} aria-label={t.call.mutedMark} />}
        <span className={classes.who}>
          {sharing ? t.call.screenOf(person.name) : person.name}
          {!connected && ` · ${t.call.connecting}`}
        </span>
      </span>
    </div>
  );
}

/** Sound and picture of a stream; the sound goes on when there is no picture. */
function Media({
  stream,
  hidden,
  label,
  silent,
}: {
  stream: MediaStream;
  hidden: boolean;
  label: string;
  silent?: boolean;
}) {
  const element = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const video = element.current;
    if (!video) return;
    video.srcObject = stream;
    video.play().catch(() => undefined);
    return () => {
      video.srcObject = null;
    };
  }, [stream]);
  return (
    <video
      ref={element}
      className={hidden ? classes.soundOnly : classes.video}
      autoPlay
      playsInline
      muted={silent}
      aria-label={label}
    />
  );
}

function Own({ call }: { call: CallView }) {
  const chat = useChat();
  const shows = (call.cameraOn || call.sharing) && (call.local?.getVideoTracks().length ?? 0) > 0;
  if (!call.local || !shows) return null;
  return (
    <div className={classes.own} data-own>
      <Media stream={call.local} hidden={false} label={chat.me.name} silent />
    </div>
  );
}

interface ControlProps {
  label: string;
  act: () => void;
  active?: boolean;
  danger?: boolean;
  children: ReactNode;
}

function Control({ label, act, active, danger, children }: ControlProps) {
  return (
    <Tooltip label={label} zIndex={500}>
      <ActionIcon
        className={classes.control}
        size={48}
        radius="xl"
        variant="filled"
        color={danger ? "red" : "dark"}
        aria-label={label}
        aria-pressed={active}
        onClick={act}
      >
        {children}
      </ActionIcon>
    </Tooltip>
  );
}

function Controls({ call }: { call: CallView }) {
  const mayShare = call.hasCamera && "getDisplayMedia" in (navigator.mediaDevices ?? {});
  return (
    <div className={classes.controls} role="toolbar" aria-label={t.call.title}>
      <Control
        label={call.muted ? t.call.unmute : t.call.mute}
        act={() => call.setMuted(!call.muted)}
        active={call.muted}
      >
        {call.muted ? <IconMicrophoneOff size={22} /> : <IconMicrophone size={22} />}
      </Control>
      {call.hasCamera && (
        <Control
          label={call.cameraOn ? t.call.cameraOff : t.call.cameraOn}
          act={() => call.setCamera(!call.cameraOn)}
          active={call.cameraOn}
        >
          {call.cameraOn ? <IconVideo size={22} /> : <IconVideoOff size={22} />}
        </Control>
      )}
      {mayShare && (
        <Control
          label={call.sharing ? t.call.stopSharing : t.call.share}
          act={() => call.setSharing(!call.sharing)}
          active={call.sharing}
        >
          {call.sharing ? <IconScreenShareOff size={22} /> : <IconScreenShare size={22} />}
        </Control>
      )}
      <Control label={t.call.hangUp} act={call.hangUp} danger>
        <IconPhoneOff size={22} />
      </Control>
    </div>
  );
}
