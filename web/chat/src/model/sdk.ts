/** What the app takes of the SDK. */
export type {
  CallEvent,
  CallSession,
  Conversation as WireConversation,
  Group as WireGroup,
  Member as WireMember,
  Message as WireMessage,
  Receiver,
  User as WireUser,
} from "@halley-chat/sdk";
export {
  HalleyChat,
  openConversations,
  openMessages,
  openPresence,
  openThread,
  openTyping,
  openUnread,
  peerOf,
  SettingsBuilder,
  webStorage,
} from "@halley-chat/sdk";
export type Client = import("@halley-chat/sdk").HalleyChat;
