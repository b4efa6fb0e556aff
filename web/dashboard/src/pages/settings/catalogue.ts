/**
 * What an app may set for itself, as `crates/model/src/settings.rs` says it: the API tells values only. A test compares the
 * two.
 */

export type Unit = "Count" | "Bytes" | "PerMinute";

/** A limit; 0 is none. `ceiling`: the most that it can be set to, 0 without such a bound. */
export type Limit = { key: string; default: number; ceiling: number; unit: Unit; meaning: string };

/** Something that is on or off. */
export type Feature = { key: string; default: boolean; meaning: string };

export const LIMITS: Limit[] = [
  { key: "limits.apiKeys", default: 25, ceiling: 1000, unit: "Count", meaning: "Most API keys." },
  { key: "limits.roles", default: 25, ceiling: 1000, unit: "Count", meaning: "Most roles." },
  { key: "limits.webhooks", default: 25, ceiling: 1000, unit: "Count", meaning: "Most webhooks." },
  { key: "limits.collaborators", default: 25, ceiling: 1000, unit: "Count", meaning: "Most collaborators." },
  {
    key: "limits.users.authTokens",
    default: 100,
    ceiling: 1000,
    unit: "Count",
    meaning: "Auth tokens of a user that stay valid, the newest.",
  },
  {
    key: "limits.users.pushTokens",
    default: 100,
    ceiling: 1000,
    unit: "Count",
    meaning: "Push tokens of a user that stay registered, the newest.",
  },
  {
    key: "limits.users.friends",
    default: 1000,
    ceiling: 0,
    unit: "Count",
    meaning: "Most friends of a user.",
  },
  {
    key: "limits.users.friendsPerCall",
    default: 25,
    ceiling: 1000,
    unit: "Count",
    meaning: "Most uids in a call that adds friends.",
  },
  {
    key: "limits.users.groups",
    default: 0,
    ceiling: 0,
    unit: "Count",
    meaning: "Most groups that a user is in; an import passes it.",
  },
  {
    key: "limits.users.savedMessages",
    default: 100,
    ceiling: 0,
    unit: "Count",
    meaning: "Most messages that a user saves.",
  },
  {
    key: "limits.groups.members",
    default: 0,
    ceiling: 0,
    unit: "Count",
    meaning: "Most members of a group.",
  },
  {
    key: "limits.groups.membersPerCall",
    default: 25,
    ceiling: 1000,
    unit: "Count",
    meaning: "Most uids in a call that adds members, all lists together.",
  },
  {
    key: "limits.groups.receiptsByAll",
    default: 300,
    ceiling: 1000,
    unit: "Count",
    meaning:
      "Most members of a group where senders are told of every member's receipts, and of what all received and read.",
  },
  {
    key: "limits.conversations.pinnedMessages",
    default: 100,
    ceiling: 0,
    unit: "Count",
    meaning: "Most pinned messages of a conversation.",
  },
  {
    key: "limits.tags",
    default: 25,
    ceiling: 25,
    unit: "Count",
    meaning: "Most tags of a user, a group, a message or a conversation; an import passes it.",
  },
  {
    key: "limits.messages.mentions",
    default: 10,
    ceiling: 100,
    unit: "Count",
    meaning: "Most different users whom a message mentions.",
  },
  {
    key: "limits.messages.bytes",
    default: 65_536,
    ceiling: 65_536,
    unit: "Bytes",
    meaning: "Largest data of a message, as JSON.",
  },
  {
    key: "limits.files.bytes",
    default: 0,
    ceiling: 0,
    unit: "Bytes",
    meaning:
      "Largest file; without it, the server's own limit (`rest.media_max_bytes`, 100 MiB) holds alone.",
  },
  {
    key: "limits.files.bytesPerUserAndDay",
    default: 0,
    ceiling: 0,
    unit: "Bytes",
    meaning: "Most bytes of files that a user uploads on a day (UTC).",
  },
  {
    key: "limits.messages.reactions",
    default: 25,
    ceiling: 0,
    unit: "Count",
    meaning: "Most different reactions to a message.",
  },
  {
    key: "limits.import.entities",
    default: 50,
    ceiling: 1000,
    unit: "Count",
    meaning: "Most entities of an import request.",
  },
  {
    key: "limits.rates.core",
    default: 0,
    ceiling: 0,
    unit: "PerMinute",
    meaning: "Logins, users made and deleted, groups made and joined.",
  },
  {
    key: "limits.rates.standard",
    default: 0,
    ceiling: 0,
    unit: "PerMinute",
    meaning: "All other requests of the app.",
  },
  { key: "limits.rates.import", default: 0, ceiling: 0, unit: "PerMinute", meaning: "Import requests." },
  {
    key: "limits.rates.perKey",
    default: 0,
    ceiling: 0,
    unit: "PerMinute",
    meaning: "Requests with one API key.",
  },
  {
    key: "limits.rates.perUser",
    default: 0,
    ceiling: 0,
    unit: "PerMinute",
    meaning: "Requests of one logged-in user.",
  },
];

export const FEATURES: Feature[] = [
  {
    key: "core.conversations.updateOnGroupActions",
    default: true,
    meaning: "A change of a group's members becomes the last message.",
  },
  {
    key: "core.conversations.updateOnReplies",
    default: true,
    meaning: "A reply in a thread becomes the last message.",
  },
  {
    key: "core.conversations.updateOnMessageActions",
    default: false,
    meaning: "An edit or a deletion becomes the last message.",
  },
  {
    key: "core.conversations.updateOnCallActivity",
    default: false,
    meaning: "A call becomes the last message.",
  },
  {
    key: "core.conversations.updateOnCustomMessage",
    default: true,
    meaning: "A custom message becomes the last message, and counts as unread if it asks to.",
  },
  {
    key: "core.threads.updateOnMessageActions",
    default: false,
    meaning: "Kept for clients; nothing reads it.",
  },
  { key: "core.notifications.push.enabled", default: false, meaning: "Kept for clients; nothing reads it." },
  {
    key: "core.notifications.push.accessible",
    default: false,
    meaning: "Kept for clients; nothing reads it.",
  },
  {
    key: "core.notifications.push.advanced.enabled",
    default: false,
    meaning: "Kept for clients; nothing reads it.",
  },
];

/** Which signals the app's clients send. */
export const MODES = [
  { value: "DEFAULT", label: "All: typing and transient messages" },
  { value: "LIMITED_TRANSIENT", label: "No typing" },
  { value: "NO_TRANSIENT", label: "Neither typing nor transient messages" },
];
export const MODE = "core.mode";
