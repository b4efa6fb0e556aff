import { type Json, type JsonObject, number, object } from "../model/json.js";

/** What of WebRTC is used; the browser's own has it. */
export type PeerConnectionConstructor = new (configuration?: RTCConfiguration) => RTCPeerConnection;

/** How far the connection to a device is. */
export type PeerState = "waiting" | "connecting" | "connected" | "failed";

/** What a device sends, in the words of the device itself: silence and black pictures look like a quiet, dark room. */
export interface DeviceState {
  readonly isMuted: boolean;
  readonly isCameraOff: boolean;
  /** The pictures are those of a screen. */
  readonly isSharing: boolean;
}

/** Before anything was said. */
export const SENDS_ALL: DeviceState = { isMuted: false, isCameraOff: false, isSharing: false };

/** The data channel on which devices tell their state; both sides know its number beforehand. */
const STATE_CHANNEL = 0;

/** Whom a peer tells, and asks. */
export interface PeerHooks {
  /** What is sent in place of the camera. */
  screen(): MediaStreamTrack | null;
  /** Of this device. */
  state(): DeviceState;
  /** Something for the other device. */
  signal(action: "offer" | "answer" | "candidate", data: JsonObject): void;
  onChange(): void;
  onFailed(): void;
}

/** The connection to one other device in a call. */
export class Peer {
  state: PeerState = "waiting";
  readonly stream: MediaStream;
  deviceId: string | undefined;
  /** Of the other device, as it said last. */
  device = SENDS_ALL;
  #connection: RTCPeerConnection | undefined;
  #channel: RTCDataChannel | undefined;
  /**
   * The offer that counts. Two that hear of each other twice are offered twice, and an answer to the first must not be taken for
   * one to the second: both sides name it in what they say.
   */
  #round = 0;
  /** What is being done; the next waits for it. */
  #turn: Promise<void> = Promise.resolve();
  /** Candidates that came before the description that they belong to. */
  #early: RTCIceCandidateInit[] = [];

  constructor(
    readonly uid: string,
    private readonly make: () => RTCPeerConnection,
    private readonly local: MediaStream | undefined,
    emptyStream: () => MediaStream,
    private readonly hooks: PeerHooks,
  ) {
    this.stream = emptyStream();
  }

  get isConnected(): boolean {
    return this.state === "connected";
  }

  /** Begins, or begins anew. */
  offer(): Promise<void> {
    return this.#inTurn(async () => {
      this.#round = Math.max(Date.now(), this.#round + 1);
      const connection = this.#begin();
      await connection.setLocalDescription(await connection.createOffer());
      this.#describe("offer", connection);
    });
  }

  /** What the other device said. */
  take(action: string, data: Json | undefined): Promise<void> {
    return this.#inTurn(() => this.#take(action, data));
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #take(action: string, data: Json | undefined): Promise<void> {
    const round = number(object(data).round);
    if (action === "offer") {
      this.#round = round ?? 0;
      return this.#answer(data as unknown as RTCSessionDescriptionInit);
    }
    const connection = this.#connection;
    if (connection === undefined || (round !== undefined && round !== this.#round)) return;
    if (action === "answer" && connection.signalingState === "have-local-offer") {
      await connection.setRemoteDescription(data as unknown as RTCSessionDescriptionInit);
      await this.#addEarly(connection);
    }
    if (action === "candidate") await this.#candidate(connection, data as unknown as RTCIceCandidateInit);
  }

  /** Sends another picture, as that of a screen; null sends none. */
  async replaceVideo(track: MediaStreamTrack | null): Promise<void> {
    const senders = this.#connection?.getSenders() ?? [];
    const kindOf = (sender: RTCRtpSender) => sender.track?.kind ?? "video";
    await senders.find((sender) => kindOf(sender) === "video")?.replaceTrack(track);
  }

  /** Tells the other device what this one sends, as soon as there is a way to. */
  tellState(): void {
    if (this.#channel?.readyState === "open") this.#channel.send(JSON.stringify(this.hooks.state()));
  }

  close(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection === undefined) return;
    connection.onconnectionstatechange = null;
    connection.onicecandidate = null;
    connection.ontrack = null;
    connection.close();
  }

  /** An offer between two that are not connected begins anew, else it renegotiates. */
  async #answer(description: RTCSessionDescriptionInit): Promise<void> {
    const connection = this.isConnected && this.#connection ? this.#connection : this.#begin();
    await connection.setRemoteDescription(description);
    await this.#addEarly(connection);
    await connection.setLocalDescription(await connection.createAnswer());
    this.#describe("answer", connection);
  }

  #begin(): RTCPeerConnection {
    this.close();
    this.#early = [];
    this.#become("connecting");
    for (const track of this.stream.getTracks()) this.stream.removeTrack(track);
    const connection = this.make();
    this.#connection = connection;
    if (this.local === undefined || this.local.getTracks().length === 0) {
      connection.addTransceiver("audio", { direction: "recvonly" });
      connection.addTransceiver("video", { direction: "recvonly" });
    }
    for (const track of this.local?.getTracks() ?? []) {
      const sent = track.kind === "video" ? (this.hooks.screen() ?? track) : track;
      connection.addTrack(sent, this.local as MediaStream);
    }
    this.#openChannel(connection);
    connection.onicecandidate = ({ candidate }) => {
      if (candidate) this.#signal("candidate", candidate.toJSON() as unknown as JsonObject);
    };
    connection.ontrack = ({ track }) => {
      this.stream.addTrack(track);
      this.hooks.onChange();
    };
    connection.onconnectionstatechange = () => this.#changed(connection);
    return connection;
  }

  #openChannel(connection: RTCPeerConnection): void {
    this.device = SENDS_ALL;
    const channel = connection.createDataChannel("state", { negotiated: true, id: STATE_CHANNEL });
    this.#channel = channel;
    channel.onopen = () => this.tellState();
    channel.onmessage = ({ data }) => {
      const { isMuted, isCameraOff, isSharing } = object(parsed(data));
      this.device = {
        isMuted: isMuted === true,
        isCameraOff: isCameraOff === true,
        isSharing: isSharing === true,
      };
      this.hooks.onChange();
    };
  }

  #changed(connection: RTCPeerConnection): void {
    if (connection.connectionState === "connected") this.#become("connected");
    if (connection.connectionState === "failed") {
      this.#become("failed");
      this.hooks.onFailed();
    }
  }

  async #candidate(connection: RTCPeerConnection, candidate: RTCIceCandidateInit): Promise<void> {
    if (connection.remoteDescription === null) this.#early.push(candidate);
    else await connection.addIceCandidate(candidate);
  }

  async #addEarly(connection: RTCPeerConnection): Promise<void> {
    for (const candidate of this.#early.splice(0)) await connection.addIceCandidate(candidate);
  }

  #describe(action: "offer" | "answer", connection: RTCPeerConnection): void {
    const { type, sdp } = connection.localDescription ?? { type: action, sdp: "" };
    this.#signal(action, { type, sdp });
  }

  #signal(action: "offer" | "answer" | "candidate", data: JsonObject): void {
    this.hooks.signal(action, this.#round > 0 ? { ...data, round: this.#round } : data);
  }

  #become(state: PeerState): void {
    this.state = state;
    this.hooks.onChange();
  }
}

/** What is not JSON says nothing. */
function parsed(data: unknown): unknown {
  try {
    return JSON.parse(String(data));
  } catch {
    return undefined;
  }
}
