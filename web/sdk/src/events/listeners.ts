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
  /** A text came. */
  onTextMessage?(message: Message): void;
  /** A picture, a video, a sound or a file came. */
  onMediaMessage?(message: Message): void;
  /** A message of the app's own came. */
  onCustomMessage?(message: Message): void;
  /** A form, a card or the like came. */
  onInteractiveMessage?(message: Message): void;
  /** A message was edited. */
  onMessageEdited?(message: Message): void;
  /** A message was deleted; it has no content any more. */
  onMessageDeleted?(message: Message): void;
  /** A message was pinned, unpinned, saved or forgotten, or changed while the socket was down. */
  onMessageChanged?(change: MessageChange): void;
  /** Somebody reacted to a message, or took that back. */
  onReaction?(event: ReactionEvent): void;
  /** Messages were received or read, up to one. */
  onReceipt?(event: ReceiptEvent): void;
  /** Somebody began or stopped typing. */
  onTyping?(event: TypingEvent): void;
  /** A note that is not stored came. */
  onTransient?(event: TransientEvent): void;
  /** Somebody joined, left, was kicked, banned, unbanned, added, or got another scope. */
  onMembership?(event: MembershipEvent): void;
  /** A group was made, changed, deleted or given to another owner. */
  onGroup?(event: GroupEvent): void;
  /** What the user sees of a conversation changed on another device. */
  onConversation?(event: ConversationEvent): void;
  /** A user came. */
  onUserOnline?(event: PresenceEvent): void;
  /** A user went. */
  onUserOffline?(event: PresenceEvent): void;
  /** Somebody calls. */
  onIncomingCall?(event: CallEvent): void;
  /** A call is answered, declined, cancelled, unanswered, busy or ended. */
  onCallChanged?(event: CallEvent): void;
  /** The socket's state changed. */
  onConnection?(state: ConnectionState): void;
  /** A user is logged in. */
  onLogin?(user: User): void;
  /** The login has ended, by the app or by the server. */
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
