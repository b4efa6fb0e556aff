import { defined, number, object, objects, type Raw, text } from "./json.js";
import { type Receiver, readReceiver } from "./receiver.js";
import { readUser, type User } from "./user.js";

/** What kind of call. */
export type CallType = "audio" | "video";

/** How a call stands. */
export type CallStatus = "initiated" | "ongoing" | "rejected" | "busy" | "cancelled" | "unanswered" | "ended";

/** A call, as the message that tells of it shows it. Times are Unix seconds. */
export interface Call {
  readonly sessionId: string;
  readonly type: CallType;
  readonly status: CallStatus;
  /** Who started it. */
  readonly initiator: User;
  readonly receiver: Receiver;
  readonly conversationId: string;
  readonly initiatedAt?: number;
  readonly joinedAt?: number;
  readonly endedAt?: number;
}

/** A call in the log of calls. */
export interface LoggedCall {
  readonly sessionId: string;
  readonly messageId: string;
  readonly type: CallType;
  readonly status: CallStatus;
  /** Uid of who started it. */
  readonly initiator: string;
  readonly receiver: Receiver;
  readonly conversationId: string;
  /** Unix seconds. */
  readonly initiatedAt?: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  /** Minutes from its start to its end. */
  readonly minutes: number;
  readonly participants: readonly CallParticipant[];
}

/** A user's part in a call. */
export interface CallParticipant {
  readonly uid: string;
  readonly deviceId?: string;
  readonly hasJoined: boolean;
  readonly state: string;
  readonly joinedAt?: number;
  readonly leftAt?: number;
}

const STATUSES = ["initiated", "ongoing", "rejected", "busy", "cancelled", "unanswered", "ended"] as const;

function status(...values: unknown[]): CallStatus {
  const found = values.find((value) => STATUSES.some((word) => word === value));
  return (found as CallStatus | undefined) ?? "ended";
}

function type(value: unknown): CallType {
  return value === "video" ? "video" : "audio";
}

/** Reads the call of a message; `data` is that of the message. */
export function readToldCall(value: unknown, data: Raw): Call | undefined {
  const raw = object(value);
  const sessionId = text(raw.sessionid) ?? text(raw.sessionId);
  if (sessionId === undefined) return undefined;
  const parties = object(object(raw.data).entities);
  return {
    sessionId,
    type: type(raw.type),
    status: status(data.action, raw.status),
    initiator: readUser(object(parties.sender).entity ?? { uid: raw.sender }),
    receiver: readReceiver(raw),
    conversationId: text(raw.conversationId) ?? "",
    ...defined({
      initiatedAt: number(raw.initiatedAt),
      joinedAt: number(raw.joinedAt),
      endedAt: number(raw.endedAt),
    }),
  };
}

/** Reads a row of the log of calls. */
export function readLoggedCall(value: unknown): LoggedCall {
  const raw = object(value);
  return {
    sessionId: text(raw.sessionId) ?? "",
    messageId: text(raw.mid) ?? "",
    type: type(raw.type),
    status: status(raw.status),
    initiator: text(raw.initiator) ?? "",
    receiver: readReceiver(raw),
    conversationId: text(raw.conversationId) ?? "",
    minutes: number(raw.totalDurationInMinutes) ?? 0,
    participants: objects(raw.participants).map((of) => ({
      uid: text(of.uid) ?? "",
      hasJoined: of.isJoined === true,
      state: text(of.state) ?? "",
      ...defined({
        deviceId: text(of.deviceId),
        joinedAt: number(of.joinedAt),
        leftAt: number(of.leftAt),
      }),
    })),
    ...defined({
      initiatedAt: number(raw.initiatedAt),
      startedAt: number(raw.startedAt),
      endedAt: number(raw.endedAt),
    }),
  };
}
