/**
 * Chat over a Halley server: a client, typed events, stores for user interfaces, and calls.
 *
 * Nothing of the browser is touched when this is imported.
 *
 * @packageDocumentation
 */
export type { Calls, CallsFilter } from "./api/calls.js";
export type { Conversations, ConversationsFilter, UnreadCount } from "./api/conversations.js";
export type {
  GroupFields,
  Groups,
  GroupsFilter,
  MemberLists,
  MembersFilter,
  NewGroup,
} from "./api/groups.js";
export type {
  CustomContent,
  InteractiveContent,
  MediaOptions,
  MessageEdit,
  Messages,
  MessagesFilter,
  ThreadsFilter,
} from "./api/messages.js";
export type { Push, PushToken } from "./api/push.js";
export type { Receipts } from "./api/receipts.js";
export type { Typing } from "./api/typing.js";
export type { BlockedFilter, OwnFields, Users, UsersFilter } from "./api/users.js";
export type { DeviceState, PeerConnectionConstructor, PeerState } from "./calls/peer.js";
export { CallSession, type CallSessionOptions, type CallSnapshot, type PeerMedia } from "./calls/session.js";
export { type Credential, HalleyChat } from "./client.js";
export {
  AUTH_TOKEN_NOT_FOUND,
  type ErrorDetails,
  type ErrorFacts,
  HalleyError,
  LocalCode,
} from "./errors.js";
export type { Off, Tagged } from "./events/emitter.js";
export type * from "./events/events.js";
export type { Listener } from "./events/listeners.js";
export type { Pager } from "./http/pager.js";
export * from "./model/index.js";
export type { Draft, FileToSend, SendOptions } from "./outbox/draft.js";
export type { Outbox } from "./outbox/outbox.js";
export type { Outgoing } from "./outbox/outgoing.js";
export type { FlagReason, ServerSettings } from "./session/session.js";
export {
  type PresenceSubscription,
  type Settings,
  SettingsBuilder,
  type Timings,
  type WebSocketConstructor,
  type WebSocketLike,
} from "./settings.js";
export type { OutgoingFrame } from "./socket/frames.js";
export { indexedDbStorage } from "./storage/indexeddb.js";
export { type KeyValueStorage, memoryStorage, webStorage } from "./storage/storage.js";
export { type ConversationsSnapshot, ConversationsStore, openConversations } from "./stores/conversations.js";
export { type MembersSnapshot, MembersStore, openMembers } from "./stores/members.js";
export {
  type MessagesOptions,
  type MessagesSnapshot,
  MessagesStore,
  openMessages,
  openThread,
} from "./stores/messages.js";
export { openPresence, type PresenceSnapshot } from "./stores/presence.js";
export type { Store } from "./stores/store.js";
export { openTyping, type TypingOptions } from "./stores/typing.js";
export { openUnread, type UnreadSnapshot } from "./stores/unread.js";
