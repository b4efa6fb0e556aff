import { HalleyError, LocalCode } from "../errors.js";
import type { CallEvent } from "../events/events.js";
import type { Http } from "../http/http.js";
import { segment } from "../http/http.js";
import { NumberedPager, type Pager } from "../http/pager.js";
import { type CallStatus, type CallType, type LoggedCall, readLoggedCall } from "../model/call.js";
import { readMessage } from "../model/message.js";
import type { Receiver, ReceiverType } from "../model/receiver.js";
import { LIMIT } from "./users.js";

/** Which calls of the log. */
export interface CallsFilter {
  readonly type?: CallType;
  readonly status?: readonly CallStatus[];
  readonly receiverType?: ReceiverType;
  /** With this user. */
  readonly uid?: string;
  readonly limit?: number;
}

/** Who rings, answers and leaves; sound and pictures are a `CallSession`'s. */
export class Calls {
  constructor(private readonly http: Http) {}

  /** Rings at a user, or at a group. */
  async initiate(peer: Receiver, type: CallType): Promise<CallEvent> {
    const body = { type, receiver: peer.id, receiverType: peer.type };
    return told(await this.http.data("POST", "/calls", { body }));
  }

  /** Answers a call, or joins that of a group. */
  accept(sessionId: string): Promise<CallEvent> {
    return this.#set(sessionId, "ongoing");
  }

  /** Declines a call; `busy`: the user is in another one. */
  reject(sessionId: string, why: "rejected" | "busy" = "rejected"): Promise<CallEvent> {
    return this.#set(sessionId, why);
  }

  /** Takes a call back that nobody has answered. */
  cancel(sessionId: string): Promise<CallEvent> {
    return this.#set(sessionId, "cancelled");
  }

  /** Nobody answered. The server says so by itself, a little later. */
  giveUp(sessionId: string): Promise<CallEvent> {
    return this.#set(sessionId, "unanswered");
  }

  /** Ends a call, or leaves that of a group. */
  end(sessionId: string): Promise<CallEvent> {
    return this.#set(sessionId, "ended");
  }

  /** One call of the log. */
  async get(sessionId: string): Promise<LoggedCall> {
    return readLoggedCall(await this.http.data("GET", `/calls/${segment(sessionId)}`));
  }

  /** The log of the user's calls, newest first. */
  list(filter: CallsFilter = {}): Pager<LoggedCall> {
    const { limit = LIMIT, ...query } = filter;
    const fetch = (page: object) => this.http.call("GET", "/calls", { query: { ...query, ...page } });
    return new NumberedPager(fetch, readLoggedCall, limit);
  }

  async #set(sessionId: string, status: CallStatus): Promise<CallEvent> {
    return told(await this.http.data("PUT", `/calls/${segment(sessionId)}`, { body: { status } }));
  }
}

function told(value: unknown): CallEvent {
  const message = readMessage(value);
  if (message.call === undefined) {
    throw HalleyError.local(LocalCode.Shape, "The answer tells of no call.");
  }
  return {
    call: message.call,
    by: message.sender,
    message,
    ...(message.deviceId !== undefined && { deviceId: message.deviceId }),
  };
}
