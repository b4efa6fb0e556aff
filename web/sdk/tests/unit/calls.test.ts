import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { PeerConnectionConstructor } from "../../src/calls/peer.js";
import { CallSession, type HalleyChat } from "../../src/index.js";
import { type Any, clientOf, FakeServer, frameOf, messageOf } from "./fake.js";

/** As much of a connection as a session uses. */
class FakeConnection {
  static all: FakeConnection[] = [];
  connectionState = "new";
  signalingState = "stable";
  localDescription: Any | null = null;
  remoteDescription: Any | null = null;
  onconnectionstatechange: (() => void) | null = null;
  onicecandidate: unknown = null;
  ontrack: unknown = null;
  readonly candidates: unknown[] = [];
  isClosed = false;

  constructor(readonly configuration: RTCConfiguration) {
    FakeConnection.all.push(this);
  }

  readonly told: Any[] = [];
  readonly channel = {
    readyState: "connecting",
    onopen: () => {},
    onmessage: (_: Any) => {},
    send: (text: string) => void this.told.push(JSON.parse(text)),
  };

  addTransceiver() {}
  createDataChannel() {
    return this.channel;
  }
  getSenders() {
    return [];
  }
  async createOffer() {
    return { type: "offer", sdp: `offer ${FakeConnection.all.length}` };
  }
  async createAnswer() {
    return { type: "answer", sdp: "answer" };
  }
  async setLocalDescription(description: Any) {
    this.localDescription = description;
    if (description.type === "offer") this.signalingState = "have-local-offer";
  }
  async setRemoteDescription(description: Any) {
    this.remoteDescription = description;
    this.signalingState = "stable";
  }
  async addIceCandidate(candidate: unknown) {
    this.candidates.push(candidate);
  }
  close() {
    this.isClosed = true;
  }

  become(state: string): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
}

class FakeStream {
  getTracks() {
    return [];
  }
  addTrack() {}
  removeTrack() {}
}

let server: FakeServer;
let chat: HalleyChat;
let session: CallSession;

beforeEach(async () => {
  vi.useFakeTimers();
  FakeConnection.all = [];
  server = new FakeServer();
  chat = await clientOf(server);
  await vi.advanceTimersByTimeAsync(0);
  session = await CallSession.start(chat, "S", {
    audio: false,
    RTCPeerConnection: FakeConnection as unknown as PeerConnectionConstructor,
    MediaStream: FakeStream as unknown as new () => MediaStream,
  });
});

afterEach(() => {
  session.close();
  chat.close();
  vi.useRealTimers();
});

const hear = async (body: Any) => {
  server.socket.tell({ type: "call_signal", body: { sessionId: "S", ...body } });
  await vi.advanceTimersByTimeAsync(0);
};
const said = () =>
  server.socket.sent.filter(({ type }) => type === "call_signal").map(({ body }) => body as Any);
const last = () => FakeConnection.all.at(-1) as FakeConnection;

test("of two devices the one whose uid is smaller offers, with the server's ICE servers", async () => {
  expect(said()).toEqual([{ action: "join", sessionId: "S" }]);
  const iceServers = [{ urls: "stun:x" }];
  await hear({
    action: "peers",
    peers: [
      { uid: "zoe", deviceId: "Z" },
      { uid: "bob", deviceId: "B" },
    ],
    iceServers,
  });
  expect(session.getSnapshot()).toMatchObject({ state: "live", peers: [{ uid: "zoe" }, { uid: "bob" }] });
  expect(said().filter(({ action }) => action === "offer")).toMatchObject([
    { to: { uid: "zoe", deviceId: "Z" } },
  ]);
  expect(last().configuration).toEqual({ iceServers });
});

test("who is offered to answers, and candidates that come early are kept", async () => {
  await hear({ action: "peers", peers: [], iceServers: [] });
  await hear({ action: "joined", from: { uid: "bob", deviceId: "B" } });
  expect(FakeConnection.all).toHaveLength(0);
  const from = { uid: "bob", deviceId: "B" };
  await hear({ action: "offer", from, data: { type: "offer", sdp: "theirs" } });
  await hear({ action: "candidate", from, data: { candidate: "c" } });
  expect(said().at(-1)).toMatchObject({ action: "answer", to: from, data: { type: "answer" } });
  expect(last().candidates).toEqual([{ candidate: "c" }]);
  last().become("connected");
  expect(session.getSnapshot().peers).toMatchObject([{ uid: "bob", state: "connected" }]);
  await hear({ action: "offer", from, data: { type: "offer", sdp: "again" } });
  expect(FakeConnection.all).toHaveLength(1);
});

test("an answer to an offer that does not count any more is not taken", async () => {
  await hear({ action: "peers", peers: [{ uid: "zoe", deviceId: "Z" }], iceServers: [] });
  const from = { uid: "zoe", deviceId: "Z" };
  await hear({ action: "joined", from });
  const offers = said().filter(({ action }) => action === "offer");
  const [first, second] = offers.map(({ data }) => (data as Any).round as number);
  expect(second).toBeGreaterThan(first ?? 0);
  const answer = (round: number | undefined, sdp: string) =>
    hear({ action: "answer", from, data: { type: "answer", sdp, round } });
  await answer(first, "late");
  await hear({ action: "candidate", from, data: { candidate: "late", round: first } });
  expect(last().remoteDescription).toBeNull();
  await answer(second, "theirs");
  await hear({ action: "candidate", from, data: { candidate: "c", round: second } });
  expect(last().remoteDescription).toMatchObject({ sdp: "theirs" });
  expect(last().candidates).toMatchObject([{ candidate: "c" }]);
});

test("two offers at once are answered one after the other, each by its round", async () => {
  await hear({ action: "peers", peers: [], iceServers: [] });
  const from = { uid: "bob", deviceId: "B" };
  for (const round of [1, 2]) {
    server.socket.tell({
      type: "call_signal",
      body: { sessionId: "S", action: "offer", from, data: { type: "offer", sdp: `${round}`, round } },
    });
  }
  await vi.advanceTimersByTimeAsync(0);
  const answers = said().filter(({ action }) => action === "answer");
  expect(answers.map(({ data }) => (data as Any).round)).toEqual([1, 2]);
  expect(last().remoteDescription).toMatchObject({ sdp: "2" });
  expect(session.getSnapshot().error).toBeUndefined();
});

test("a connection that fails is begun anew by the one that offers, not for ever", async () => {
  await hear({ action: "peers", peers: [{ uid: "zoe" }], iceServers: [] });
  for (let tries = 0; tries < 6; tries++) {
    last().become("failed");
    await vi.advanceTimersByTimeAsync(0);
  }
  expect(FakeConnection.all).toHaveLength(4);
  expect(FakeConnection.all[0]?.isClosed).toBe(true);
});

test("media outlives the socket, and the device joins again with the next one", async () => {
  await hear({ action: "peers", peers: [{ uid: "bob" }], iceServers: [] });
  await hear({ action: "offer", from: { uid: "bob" }, data: { type: "offer", sdp: "theirs" } });
  last().become("connected");
  server.socket.drop(1006);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(said()).toEqual([{ action: "join", sessionId: "S" }]);
  await hear({ action: "left", from: { uid: "bob" } });
  expect(session.getSnapshot().peers).toMatchObject([{ uid: "bob", state: "connected" }]);
  await hear({ action: "bye", from: { uid: "bob" } });
  expect(session.getSnapshot().peers).toEqual([]);
});

test("devices tell each other that they are silent, dark, or show a screen", async () => {
  await hear({ action: "peers", peers: [{ uid: "zoe" }], iceServers: [] });
  session.setMuted(true);
  const { channel, told } = last();
  expect(told).toEqual([]);
  channel.readyState = "open";
  channel.onopen();
  session.setCameraOff(true);
  await session.replaceVideo({} as MediaStreamTrack);
  expect(told).toEqual([
    { isMuted: true, isCameraOff: false, isSharing: false },
    { isMuted: true, isCameraOff: true, isSharing: false },
    { isMuted: true, isCameraOff: true, isSharing: true },
  ]);
  channel.onmessage({ data: '{"isMuted":true,"isCameraOff":"yes"}' });
  expect(session.getSnapshot().peers).toMatchObject([
    { isMuted: true, isCameraOff: false, isSharing: false },
  ]);
  channel.onmessage({ data: "{" });
  expect(session.getSnapshot().peers).toMatchObject([{ isMuted: false }]);
});

test("a call that can't be joined, or is not answered, ends with its reason", async () => {
  await hear({ action: "refused", code: "ERR_CALL_TERMINATED" });
  expect(session.getSnapshot()).toMatchObject({ state: "ended", error: { code: "ERR_CALL_TERMINATED" } });
  const other = await CallSession.start(chat, "T", { audio: false });
  await vi.advanceTimersByTimeAsync(11_000);
  expect(other.getSnapshot()).toMatchObject({ state: "ended", error: { code: "SDK_TIMEOUT" } });
});

test("a call that is over ends the session, which says goodbye", async () => {
  await hear({ action: "peers", peers: [{ uid: "zoe", deviceId: "Z" }], iceServers: [] });
  const entity = { sessionid: "S", status: "ended", sender: "zoe", receiver: "me", receiverType: "user" };
  const data = {
    action: "ended",
    entities: { by: { entity: { uid: "zoe" } }, on: { entity, entityType: "call" } },
  };
  server.socket.tell(frameOf(messageOf(3, "zoe", "me", { category: "call", type: "audio", data })));
  expect(session.getSnapshot()).toMatchObject({ state: "ended", peers: [] });
  await vi.advanceTimersByTimeAsync(0);
  expect(said().slice(-2)).toMatchObject([
    { action: "bye", to: { uid: "zoe", deviceId: "Z" } },
    { action: "leave" },
  ]);
  expect(last().isClosed).toBe(true);
});

test("without microphone or camera a call says so", async () => {
  const missing = CallSession.start(chat, "S", { audio: true });
  await expect(missing).rejects.toMatchObject({ code: "SDK_MISSING" });
});
