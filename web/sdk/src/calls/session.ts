import type { HalleyChat } from "../client.js";
import { HalleyError, LocalCode } from "../errors.js";
import type { CallEvent, CallSignal } from "../events/events.js";
import { object, objects, text } from "../model/json.js";
import { LiveStore } from "../stores/store.js";
import { type DeviceState, Peer, type PeerConnectionConstructor, type PeerState, SENDS_ALL } from "./peer.js";

/** What a call sends, and with what. */
export interface CallSessionOptions {
  /** Send sound; it does without it. */
  readonly audio?: boolean | MediaTrackConstraints;
  /** Send pictures; it does not without it. */
  readonly video?: boolean | MediaTrackConstraints;
  /** What to send, in place of microphone and camera. It is not stopped at the end. */
  readonly localStream?: MediaStream;
  /** In place of the browser's own. */
  readonly RTCPeerConnection?: PeerConnectionConstructor;
  readonly mediaDevices?: Pick<MediaDevices, "getUserMedia">;
  readonly MediaStream?: new () => MediaStream;
}

/** What another device in the call sends. */
export interface PeerMedia extends DeviceState {
  readonly uid: string;
  readonly deviceId?: string;
  readonly stream: MediaStream;
  readonly state: PeerState;
}

/** A call as it stands. */
export interface CallSnapshot extends DeviceState {
  readonly state: "joining" | "live" | "ended";
  readonly localStream?: MediaStream;
  readonly peers: readonly PeerMedia[];
  readonly error?: HalleyError;
}

/** How long the server may take to answer a `join`. */
const JOIN_MS = 10_000;
/** Tries to connect to one device again after a failure. */
const RESTARTS_MAX = 3;

/**
 * Sound and pictures of a call, from device to device, each with each. It begins after `chat.calls.initiate` or `accept`;
 * ringing, answering and ending are `chat.calls`'s.
 */
export class CallSession extends LiveStore<CallSnapshot> {
  readonly #peers = new Map<string, Peer>();
  readonly #restarts = new Map<string, number>();
  #iceServers: RTCIceServer[] = [];
  #joining: ReturnType<typeof setTimeout> | undefined;
  #screen: MediaStreamTrack | null = null;

  private constructor(
    chat: HalleyChat,
    /** Of the call. */
    readonly sessionId: string,
    private readonly options: CallSessionOptions,
    private readonly local: MediaStream | undefined,
  ) {
    super(chat, {
      state: "joining",
      peers: [],
      ...SENDS_ALL,
      ...(local && { localStream: local }),
    });
    this.follow("callSignal", (signal) => {
      if (signal.sessionId === sessionId) void this.#signaled(signal);
    });
    this.follow("call", (event) => {
      if (event.call.sessionId === sessionId) this.#told(event);
    });
    // A socket is in a call once it has said so.
    this.follow("resumed", () => this.#join());
    this.follow("logout", () => this.leave());
    this.#join();
  }

  /** Takes microphone and camera as asked for, and joins. Throws if they can't be had. */
  static async start(
    chat: HalleyChat,
    sessionId: string,
    options: CallSessionOptions = {},
  ): Promise<CallSession> {
    return new CallSession(chat, sessionId, options, options.localStream ?? (await media(options)));
  }

  /** Sends silence, or sound again. */
  setMuted(isMuted: boolean): void {
    for (const track of this.local?.getAudioTracks() ?? []) track.enabled = !isMuted;
    this.#sends({ isMuted });
  }

  /** Sends black, or pictures again. */
  setCameraOff(isCameraOff: boolean): void {
    for (const track of this.local?.getVideoTracks() ?? []) track.enabled = !isCameraOff;
    this.#sends({ isCameraOff });
  }

  /** Sends another picture, as that of a screen, also to who comes later; null goes back to the camera. */
  async replaceVideo(track: MediaStreamTrack | null): Promise<void> {
    this.#screen = track;
    this.#sends({ isSharing: track !== null });
    const camera = this.local?.getVideoTracks()[0] ?? null;
    await Promise.all([...this.#peers.values()].map((peer) => peer.replaceVideo(track ?? camera)));
  }

  /** Ends the media on this device; `chat.calls.end` tells the others that the call is over. */
  leave(): void {
    if (this.getSnapshot().state === "ended") return;
    for (const { uid, deviceId } of this.#peers.values()) this.#say("bye", { to: to(uid, deviceId) });
    this.#say("leave");
    this.#end();
  }

  /** Leaves, and follows nothing any more. */
  override close(): void {
    this.leave();
    super.close();
  }

  #sends(change: Partial<DeviceState>): void {
    this.set({ ...this.getSnapshot(), ...change });
    for (const peer of this.#peers.values()) peer.tellState();
  }

  #join(): void {
    if (this.getSnapshot().state === "ended" || !this.#say("join")) return;
    clearTimeout(this.#joining);
    const late = () => this.#failed(HalleyError.local(LocalCode.Timeout, "The call was not joined in time."));
    this.#joining = setTimeout(late, JOIN_MS);
  }

  async #signaled({ action, body, from }: CallSignal): Promise<void> {
    try {
      if (action === "peers") return await this.#joined(object(body));
      if (action === "refused") return this.#refused(text(body.code) ?? LocalCode.Shape);
      if (from === undefined) return;
      if (action === "joined") return await this.#meet(from.uid, from.deviceId);
      if (action === "bye") return this.#drop(from.uid);
      // Media does not need the socket: who is connected stays so.
      if (action === "left") return this.#peers.get(from.uid)?.isConnected ? undefined : this.#drop(from.uid);
      const peer = this.#peer(from.uid, from.deviceId);
      await peer.take(action, body.data);
    } catch (thrown) {
      this.set({ ...this.getSnapshot(), error: HalleyError.from(thrown) });
    }
  }

  async #joined(body: { readonly [key: string]: unknown }): Promise<void> {
    clearTimeout(this.#joining);
    this.#iceServers = objects(body.iceServers) as unknown as RTCIceServer[];
    this.set({ ...this.getSnapshot(), state: "live" });
    for (const { uid, deviceId } of objects(body.peers)) await this.#meet(text(uid) ?? "", text(deviceId));
  }

  /** Of two devices the one whose uid is smaller offers. */
  async #meet(uid: string, deviceId: string | undefined): Promise<void> {
    const peer = this.#peer(uid, deviceId);
    if (!peer.isConnected && this.chat.uid < uid) await peer.offer();
  }

  #peer(uid: string, deviceId: string | undefined): Peer {
    const known = this.#peers.get(uid);
    if (known !== undefined) {
      known.deviceId = deviceId ?? known.deviceId;
      return known;
    }
    const peer = new Peer(
      uid,
      () => this.#connection(),
      this.local,
      () => this.#emptyStream(),
      {
        screen: () => this.#screen,
        state: () => {
          const { isMuted, isCameraOff, isSharing } = this.getSnapshot();
          return { isMuted, isCameraOff, isSharing };
        },
        signal: (action, data) => this.#say(action, { to: to(uid, peer.deviceId), data }),
        onChange: () => this.#show(),
        onFailed: () => void this.#restart(peer),
      },
    );
    peer.deviceId = deviceId;
    this.#peers.set(uid, peer);
    this.#show();
    return peer;
  }

  async #restart(peer: Peer): Promise<void> {
    const tries = this.#restarts.get(peer.uid) ?? 0;
    if (tries >= RESTARTS_MAX || this.chat.uid > peer.uid) return;
    this.#restarts.set(peer.uid, tries + 1);
    await peer
      .offer()
      .catch((thrown: unknown) => this.set({ ...this.getSnapshot(), error: HalleyError.from(thrown) }));
  }

  #told({ call, by }: CallEvent): void {
    if (call.status === "initiated" || call.status === "ongoing") return;
    const isMine = by.uid === this.chat.uid;
    // In a group everybody leaves alone.
    if (call.receiver.type === "group" && !isMine) this.#drop(by.uid);
    else this.leave();
  }

  #drop(uid: string): void {
    this.#peers.get(uid)?.close();
    this.#peers.delete(uid);
    this.#show();
  }

  #refused(code: string): void {
    this.#failed(new HalleyError({ code, message: "The call can't be joined.", status: 403 }));
  }

  #failed(error: HalleyError): void {
    this.set({ ...this.getSnapshot(), error });
    this.#end();
  }

  #end(): void {
    clearTimeout(this.#joining);
    for (const peer of this.#peers.values()) peer.close();
    this.#peers.clear();
    if (this.options.localStream === undefined)
      for (const track of this.local?.getTracks() ?? []) track.stop();
    this.set({ ...this.getSnapshot(), state: "ended", peers: [] });
  }

  #show(): void {
    const peers = [...this.#peers.values()].map(({ uid, deviceId, stream, state, device }) => ({
      uid,
      stream,
      state,
      ...device,
      ...(deviceId !== undefined && { deviceId }),
    }));
    this.set({ ...this.getSnapshot(), peers });
  }

  #say(action: string, more: object = {}): boolean {
    return this.chat.signalCall({ action, sessionId: this.sessionId, ...more });
  }

  #connection(): RTCPeerConnection {
    const found = this.options.RTCPeerConnection ?? globalThis.RTCPeerConnection;
    if (found === undefined)
      throw HalleyError.local(LocalCode.Missing, "There is no RTCPeerConnection here.");
    return new found({ iceServers: this.#iceServers });
  }

  #emptyStream(): MediaStream {
    const found = this.options.MediaStream ?? globalThis.MediaStream;
    if (found === undefined) throw HalleyError.local(LocalCode.Missing, "There is no MediaStream here.");
    return new found();
  }
}

function to(uid: string, deviceId: string | undefined) {
  return deviceId === undefined ? { uid } : { uid, deviceId };
}

async function media({
  audio = true,
  video = false,
  mediaDevices,
}: CallSessionOptions): Promise<MediaStream | undefined> {
  if (!audio && !video) return undefined;
  const devices = mediaDevices ?? globalThis.navigator?.mediaDevices;
  if (devices === undefined)
    throw HalleyError.local(LocalCode.Missing, "There is no microphone or camera here.");
  return devices.getUserMedia({ audio, video });
}
