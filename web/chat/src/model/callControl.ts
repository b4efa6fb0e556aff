import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { t } from "../strings";
import type { CallView, Participant } from "./calls";
import { messageOf, showError } from "./errors";
import { peerFrom, personOf, targetOf } from "./map";
import { type CallEvent, type CallSession, type Client, peerOf } from "./sdk";
import type { CallMedia, CallMessage, Person, Target } from "./types";

/** The call that this page has to do with. */
interface Current {
  readonly sessionId: string;
  readonly phase: "incoming" | "outgoing" | "ongoing";
  readonly media: CallMedia;
  readonly target: Target;
  readonly title: string;
  readonly caller?: Person;
  readonly session?: CallSession;
  readonly problem?: string;
}

export interface CallControl {
  readonly view: CallView | null;
  start(target: Target, media: CallMedia): Promise<void>;
  join(message: CallMessage): Promise<void>;
}

/** After these nobody is called any more. */
const OVER = ["rejected", "busy", "cancelled", "unanswered", "ended"];

export function useCallControl(client: Client): CallControl {
  const [current, setCurrent] = useState<Current | null>(null);
  const now = useRef<Current | null>(null);
  const put = useCallback((next: Current | null) => {
    now.current = next;
    setCurrent(next);
  }, []);
  const close = useCallback(() => {
    now.current?.session?.leave();
    put(null);
  }, [put]);

  const openMedia = useCallback(
    async (sessionId: string, media: CallMedia) => {
      try {
        const { session, problem } = await opened(client, sessionId, media);
        const call = now.current;
        if (call?.sessionId === sessionId) put({ ...call, session, problem });
        else session.leave();
      } catch (error) {
        const call = now.current;
        if (call?.sessionId === sessionId) put({ ...call, problem: messageOf(error) });
      }
    },
    [client, put],
  );

  useEffect(
    () => client.on("call", (event) => follow(client, event, { now: () => now.current, put, close })),
    [client, put, close],
  );

  // A second click before the server has answered the first is no second call.
  const isStarting = useRef(false);
  const start = useCallback(
    async (target: Target, media: CallMedia) => {
      if (now.current || isStarting.current) return;
      isStarting.current = true;
      try {
        const { call } = await client.calls.initiate(peerFrom(target), media);
        const title = await nameOf(client, target);
        put({ sessionId: call.sessionId, phase: "outgoing", media, target, title });
        await openMedia(call.sessionId, media);
      } finally {
        isStarting.current = false;
      }
    },
    [client, put, openMedia],
  );

  const enter = useCallback(
    async (call: Omit<Current, "phase">, media: CallMedia) => {
      await client.calls.accept(call.sessionId);
      put({ ...call, media, phase: "ongoing" });
      await openMedia(call.sessionId, media);
    },
    [client, put, openMedia],
  );

  const join = useCallback(
    async (message: CallMessage) => {
      if (now.current) return;
      const { call } = await callOf(client, message);
      const title = await nameOf(client, call.target);
      await enter(
        { sessionId: message.sessionId, media: message.media, target: call.target, title },
        message.media,
      );
    },
    [client, enter],
  );

  return { view: useView(client, current, { enter, close }), start, join };
}

/** Who has no camera can still be heard, and who has no microphone can still hear. */
async function opened(
  client: Client,
  sessionId: string,
  media: CallMedia,
): Promise<{ session: CallSession; problem?: string }> {
  const { CallSession } = await import("../calls/media");
  const wishes = [{ audio: true, video: media === "video" }, { audio: true }, { audio: false }];
  for (const [at, wish] of wishes.entries()) {
    try {
      const session = await CallSession.start(client, sessionId, wish);
      return { session, problem: at > 0 ? t.call.noDevice : undefined };
    } catch (error) {
      if (at === wishes.length - 1) throw error;
    }
  }
  throw new Error(t.call.failed);
}

async function callOf(client: Client, message: CallMessage): Promise<{ call: { target: Target } }> {
  const found = await client.calls.get(message.sessionId);
  return { call: { target: targetOf(peerOf(client.uid, found.initiator, found.receiver)) } };
}

async function nameOf(client: Client, target: Target): Promise<string> {
  const found = target.kind === "user" ? client.users.get(target.id) : client.groups.get(target.id);
  return found.then(
    ({ name }) => name,
    () => target.id,
  );
}

interface Hold {
  now(): Current | null;
  put(next: Current | null): void;
  close(): void;
}

/** What others, and other devices of the same user, did with a call. */
function follow(client: Client, event: CallEvent, hold: Hold): void {
  const { call, by } = event;
  const current = hold.now();
  const mine = by.uid === client.uid;
  if (call.status === "initiated") {
    if (!mine) ring(client, event, current, hold);
    return;
  }
  if (current?.sessionId !== call.sessionId) return;
  const elsewhere = mine && event.deviceId !== client.deviceId;
  if (current.phase === "incoming") {
    // Answered or declined on another device, or nobody calls any more.
    const declinedByOther = current.target.kind === "group" && !mine && call.status === "rejected";
    const answeredByOther = current.target.kind === "group" && !mine && call.status === "ongoing";
    if (!declinedByOther && !answeredByOther && (elsewhere || OVER.includes(call.status))) hold.close();
    return;
  }
  if (mine) return;
  if (call.status === "ongoing") hold.put({ ...current, phase: "ongoing" });
  else if (current.target.kind === "user") hold.close();
  else closeIfOver(client, call.sessionId, hold);
}

function ring(client: Client, event: CallEvent, current: Current | null, hold: Hold): void {
  const { call, by } = event;
  if (current) {
    if (call.receiver.type === "user") client.calls.reject(call.sessionId, "busy").catch(() => undefined);
    return;
  }
  const target = targetOf(peerOf(client.uid, call.initiator.uid, call.receiver));
  const group = event.message.receiverEntity;
  const title = target.kind === "group" && "guid" in group ? group.name : by.name;
  hold.put({
    sessionId: call.sessionId,
    phase: "incoming",
    media: call.type,
    target,
    title,
    caller: personOf(by),
  });
}

/** In a group one who leaves does not end the call for the others. */
function closeIfOver(client: Client, sessionId: string, hold: Hold): void {
  client.calls.get(sessionId).then(
    (call) => {
      if (OVER.includes(call.status) && hold.now()?.sessionId === sessionId) hold.close();
    },
    () => undefined,
  );
}

const NOTHING = { subscribe: () => () => undefined, getSnapshot: () => null };

interface Moves {
  enter(call: Omit<Current, "phase">, media: CallMedia): Promise<void>;
  close(): void;
}

function useView(client: Client, current: Current | null, { enter, close }: Moves): CallView | null {
  const session = current?.session;
  const store = session ?? NOTHING;
  const live = useSyncExternalStore<ReturnType<CallSession["getSnapshot"]> | null>(
    store.subscribe,
    store.getSnapshot,
  );
  const { screen, share } = useSharing(session);
  const people = useNames(client, live?.peers.map((peer) => peer.uid) ?? []);
  const connected = live?.peers.some((peer) => peer.state === "connected") ?? false;
  const [connectedAt, setConnectedAt] = useState<number>();
  useEffect(() => {
    if (!current) setConnectedAt(undefined);
    else if (connected) setConnectedAt((before) => before ?? Date.now());
  }, [current, connected]);
  if (!current) return null;

  const participants: Participant[] = (live?.peers ?? []).map((peer) => ({
    key: `${peer.uid}/${peer.deviceId ?? ""}`,
    person: people.get(peer.uid) ?? { uid: peer.uid, name: peer.uid },
    stream: peer.stream,
    connected: peer.state === "connected",
    showsVideo: peer.stream.getVideoTracks().length > 0 && (peer.isSharing || !peer.isCameraOff),
    muted: peer.isMuted,
    sharing: peer.isSharing,
  }));
  const guarded = async (work: Promise<unknown>) => {
    try {
      await work;
    } catch (error) {
      showError(error);
    }
  };
  return {
    state: current.phase === "outgoing" && connected ? "ongoing" : current.phase,
    media: current.media,
    target: current.target,
    title: current.title,
    caller: current.caller,
    participants,
    local: screen ?? live?.localStream,
    muted: live?.isMuted ?? false,
    hasCamera: (live?.localStream?.getVideoTracks().length ?? 0) > 0,
    cameraOn: live ? !live.isCameraOff : false,
    sharing: screen !== null,
    connectedAt,
    problem: current.problem ?? (live?.error ? t.call.noDevice : undefined),
    accept: (media) => guarded(enter(current, media)),
    async reject() {
      close();
      await guarded(client.calls.reject(current.sessionId, "rejected"));
    },
    async hangUp() {
      const answered = current.phase === "ongoing" || connected;
      close();
      await guarded(answered ? client.calls.end(current.sessionId) : client.calls.cancel(current.sessionId));
    },
    setMuted: (muted) => guarded(Promise.resolve(session?.setMuted(muted))),
    setCamera: (on) => guarded(Promise.resolve(session?.setCameraOff(!on))),
    setSharing: (on) => guarded(share(on)),
  };
}

/** The screen in place of the camera. */
function useSharing(session: CallSession | undefined) {
  const [screen, setScreen] = useState<MediaStream | null>(null);
  useEffect(
    () => () => {
      for (const track of screen?.getTracks() ?? []) track.stop();
    },
    [screen],
  );
  // A call that is over shares nothing.
  useEffect(() => {
    if (!session) setScreen(null);
  }, [session]);
  const share = useCallback(
    async (on: boolean) => {
      if (!session) return;
      if (!on) {
        await session.replaceVideo(null);
        setScreen(null);
        return;
      }
      const stream = await navigator.mediaDevices.getDisplayMedia({ video: true });
      const track = stream.getVideoTracks()[0];
      if (!track) return;
      // The browser has a button of its own to end it.
      track.onended = () => {
        session.replaceVideo(null).catch(() => undefined);
        setScreen(null);
      };
      await session.replaceVideo(track);
      setScreen(stream);
    },
    [session],
  );
  return { screen, share };
}

/** Names and pictures of who is in the call. */
function useNames(client: Client, uids: readonly string[]): ReadonlyMap<string, Person> {
  const [people, setPeople] = useState<ReadonlyMap<string, Person>>(new Map());
  const asked = useRef(new Set<string>());
  useEffect(() => {
    for (const uid of uids) {
      if (asked.current.has(uid)) continue;
      asked.current.add(uid);
      client.users.get(uid).then(
        (user) => setPeople((before) => new Map(before).set(uid, personOf(user))),
        () => undefined,
      );
    }
  }, [client, uids]);
  return people;
}
