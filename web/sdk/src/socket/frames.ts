import type { Json, JsonObject } from "../model/json.js";
import { object, type Raw, text } from "../model/json.js";
import type { Receiver } from "../model/receiver.js";
import type { PresenceSubscription } from "../settings.js";

/** The subprotocol whose additions this package is built on. */
export const SUBPROTOCOL = "halley.v1";

/** A frame from the server. */
export interface Frame {
  readonly type: string;
  /** Of an answer: the id of what is answered. */
  readonly id?: string;
  readonly deviceId?: string;
  readonly raw: Raw;
  readonly body: Raw;
}

/** A frame to the server. */
export type OutgoingFrame = { readonly [key: string]: unknown };

/** Where an earlier socket left off. */
export interface LeftOff {
  readonly token: string;
  /** By conversation, the sequence number up to which every message is known. */
  readonly positions: Readonly<Record<string, number>>;
}

/** Who speaks. */
export interface Speaker {
  readonly appId: string;
  readonly uid: string;
  readonly deviceId: string;
}

/** Reads a frame; undefined if it is none. */
export function readFrame(data: unknown): Frame | undefined {
  if (typeof data !== "string") return undefined;
  try {
    const raw = object(JSON.parse(data));
    const type = text(raw.type) ?? text(raw.action);
    if (type === undefined) return undefined;
    const [id, deviceId] = [text(raw.id), text(raw.deviceId)];
    return { type, raw, body: object(raw.body), ...(id && { id }), ...(deviceId && { deviceId }) };
  } catch {
    return undefined;
  }
}

/** Whether a frame accepts the login: these two texts, and no others. */
export function isAccepted(frame: Frame): boolean {
  return frame.type === "auth" && frame.body.code === "200" && frame.body.status === "OK";
}

/** Keeps a socket open. */
export const PING: OutgoingFrame = { action: "ping", ack: "true" };

/** The first frame of a socket. */
export function authFrame(
  speaker: Speaker,
  jwt: string,
  presence: PresenceSubscription,
  leftOff: LeftOff | undefined,
): OutgoingFrame {
  return {
    ...outer(speaker, "auth"),
    body: {
      auth: jwt,
      deviceId: speaker.deviceId,
      ...presenceOf(presence),
      ...(leftOff && { resume: leftOff }),
    },
  };
}

function presenceOf(presence: PresenceSubscription) {
  if (presence === "none") return {};
  if (presence === "all") return { presenceSubscription: "ALL_USERS" };
  if (presence === "friends") return { presenceSubscription: "FRIENDS" };
  return { presenceSubscription: "ROLES", roles: presence.roles };
}

/** Somebody begins or stops to type. */
export function typingFrame(
  speaker: Speaker,
  to: Receiver,
  action: "started" | "ended",
  metadata?: JsonObject,
): OutgoingFrame {
  return { ...addressed(speaker, "typing_indicator", to), body: { action, ...(metadata && { metadata }) } };
}

/** A note that is not stored. */
export function transientFrame(speaker: Speaker, to: Receiver, data: Json): OutgoingFrame {
  return { ...addressed(speaker, "transient_message", to), body: { data } };
}

/** Everything up to a message was delivered or read. */
export function receiptFrame(
  speaker: Speaker,
  to: Receiver,
  action: "delivered" | "read",
  messageId: string,
  messageSender: string,
): OutgoingFrame {
  return { ...addressed(speaker, "receipts", to), messageSender, body: { action, messageId } };
}

/** What a device in a call says to another. */
export function callFrame(speaker: Speaker, body: OutgoingFrame): OutgoingFrame {
  return { ...outer(speaker, "call_signal"), body };
}

/** A message to store, answered by its id. */
export function sendFrame(id: string, body: unknown): OutgoingFrame {
  return { type: "send", id, body };
}

function outer({ appId, uid, deviceId }: Speaker, type: string) {
  return { appId, type, sender: uid, deviceId };
}

function addressed(speaker: Speaker, type: string, to: Receiver) {
  return { ...outer(speaker, type), receiver: to.id, receiverType: to.type };
}
