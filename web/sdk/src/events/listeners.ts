import type { Message } from "../model/message.js";
import type { User } from "../model/user.js";
import type { Emitter, Off } from "./emitter.js";
import type {
  CallEvent,
  ConnectionState,
  ConversationEvent,
  GroupEvent,
  HalleyEvents,
  LogoutEvent,
  MembershipEvent,
  MessageChange,
  PresenceEvent,
  ReactionEvent,
  ReceiptEvent,
  TransientEvent,
  TypingEvent,
} from "./events.js";

/** What one listener may hear of; all of it is optional. */
export interface Listener {
  onTextMessage?(message: Message): void;
  onMediaMessage?(message: Message): void;
  onCustomMessage?(message: Message): void;
  onInteractiveMessage?(message: Message): void;
  onMessageEdited?(message: Message): void;
  onMessageDeleted?(message: Message): void;
  onMessageChanged?(change: MessageChange): void;
  onReaction?(event: ReactionEvent): void;
  onReceipt?(event: ReceiptEvent): void;
  onTyping?(event: TypingEvent): void;
  onTransient?(event: TransientEvent): void;
  /** Somebody joined, left, was kicked, banned, unbanned, added, or got another scope. */
  onMembership?(event: MembershipEvent): void;
  onGroup?(event: GroupEvent): void;
  onConversation?(event: ConversationEvent): void;
  onUserOnline?(event: PresenceEvent): void;
  onUserOffline?(event: PresenceEvent): void;
  onIncomingCall?(event: CallEvent): void;
  /** A call is answered, declined, cancelled, unanswered, busy or ended. */
  onCallChanged?(event: CallEvent): void;
  onConnection?(state: ConnectionState): void;
  onLogin?(user: User): void;
  onLogout?(event: LogoutEvent): void;
}

/** Listeners by id: adding one again replaces it. */
export class Listeners {
  readonly #offs = new Map<string, Off>();

  constructor(
    private readonly emitter: Emitter<HalleyEvents>,
    private readonly ownUid: () => string | undefined,
  ) {}

  /** Adds a listener, in place of the one of the same id. Own messages of this device are not told: the app sent them. */
  add(id: string, listener: Listener, ownDevice: () => string | undefined): void {
    this.remove(id);
    const off = this.emitter.onAny(({ kind, event }) => {
      switch (kind) {
        case "message":
          if (event.deviceId === undefined || event.deviceId !== ownDevice()) tellMessage(listener, event);
          return;
        case "messageChanged":
          return tellChange(listener, event);
        case "presence":
          return event.isOnline ? listener.onUserOnline?.(event) : listener.onUserOffline?.(event);
        case "call":
          return this.#isIncoming(event) ? listener.onIncomingCall?.(event) : listener.onCallChanged?.(event);
        case "reaction":
          return listener.onReaction?.(event);
        case "receipt":
          return listener.onReceipt?.(event);
        case "typing":
          return listener.onTyping?.(event);
        case "transient":
          return listener.onTransient?.(event);
        case "membership":
          return listener.onMembership?.(event);
        case "group":
          return listener.onGroup?.(event);
        case "conversationChanged":
          return listener.onConversation?.(event);
        case "connection":
          return listener.onConnection?.(event);
        case "login":
          return listener.onLogin?.(event);
        case "logout":
          return listener.onLogout?.(event);
      }
    });
    this.#offs.set(id, off);
  }

  /** Takes a listener away; nothing happens if there is none of that id. */
  remove(id: string): void {
    this.#offs.get(id)?.();
    this.#offs.delete(id);
  }

  #isIncoming(event: CallEvent): boolean {
    return event.call.status === "initiated" && event.call.initiator.uid !== this.ownUid();
  }
}

function tellMessage(listener: Listener, message: Message): void {
  switch (message.category) {
    case "custom":
      return listener.onCustomMessage?.(message);
    case "interactive":
      return listener.onInteractiveMessage?.(message);
    case "message":
      return message.type === "text" ? listener.onTextMessage?.(message) : listener.onMediaMessage?.(message);
  }
}

function tellChange(listener: Listener, change: MessageChange): void {
  listener.onMessageChanged?.(change);
  if (change.change === "edited") listener.onMessageEdited?.(change.message);
  if (change.change === "deleted") listener.onMessageDeleted?.(change.message);
}
