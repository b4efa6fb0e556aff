/**
 * The events that a webhook can be called for, as `crates/model/src/triggers.rs` has them: the API lists only those that a
 * webhook has. A test compares the two.
 */

export type KnownTrigger = { id: string; category: string; description: string };

/** Of webhooks of version 2. */
export const CURRENT: KnownTrigger[] = [
  { id: "message_sent", category: "messages", description: "A message was sent." },
  { id: "message_edited", category: "messages", description: "A message was edited." },
  { id: "message_deleted", category: "messages", description: "A message was deleted." },
  { id: "message_delivery_receipt", category: "messages", description: "A message was delivered." },
  { id: "message_read_receipt", category: "messages", description: "A message was read." },
  { id: "message_reaction_added", category: "messages", description: "Somebody reacted to a message." },
  { id: "message_reaction_removed", category: "messages", description: "A reaction was taken back." },
  { id: "user_mentioned", category: "messages", description: "A message mentions users." },
  { id: "user_blocked", category: "users", description: "A user blocked others." },
  { id: "user_unblocked", category: "users", description: "A user unblocked others." },
  {
    id: "user_connection_status_changed",
    category: "users",
    description: "A user's socket opened or closed.",
  },
  { id: "group_created", category: "groups", description: "A group was made." },
  { id: "group_updated", category: "groups", description: "A group was changed." },
  { id: "group_deleted", category: "groups", description: "A group was deleted." },
  { id: "group_owner_transferred", category: "groups", description: "A group has another owner." },
  { id: "group_member_added", category: "groups", description: "Members were added." },
  { id: "group_member_banned", category: "groups", description: "A member was banned." },
  { id: "group_member_unbanned", category: "groups", description: "A user's ban ended." },
  { id: "group_member_kicked", category: "groups", description: "A member was removed." },
  { id: "group_member_removed", category: "groups", description: "A member was removed." },
  { id: "group_member_joined", category: "groups", description: "A user joined." },
  { id: "group_member_left", category: "groups", description: "A member left." },
  { id: "group_member_scope_changed", category: "groups", description: "A member has another scope." },
  { id: "call_initiated", category: "calls", description: "A call rings." },
  { id: "call_started", category: "calls", description: "A call's session began." },
  { id: "call_participant_joined", category: "calls", description: "Somebody joined a call." },
  { id: "call_participant_left", category: "calls", description: "Somebody left a call." },
  { id: "call_ended", category: "calls", description: "A call ended." },
  { id: "call_busy", category: "calls", description: "A call met a busy user." },
  { id: "call_cancelled", category: "calls", description: "A call was cancelled." },
  { id: "call_rejected", category: "calls", description: "A call was rejected." },
  { id: "call_unanswered", category: "calls", description: "A call was not answered." },
  { id: "meeting_started", category: "meetings", description: "A meeting began." },
  { id: "meeting_participant_joined", category: "meetings", description: "Somebody joined a meeting." },
  { id: "meeting_participant_left", category: "meetings", description: "Somebody left a meeting." },
  { id: "meeting_ended", category: "meetings", description: "A meeting ended." },
  { id: "recording_generated", category: "calls", description: "A recording is ready." },
  { id: "transcription_generated", category: "calls", description: "A transcription is ready." },
  {
    id: "moderation_engine_approved",
    category: "moderation",
    description: "A message was approved by rule.",
  },
  { id: "moderation_engine_blocked", category: "moderation", description: "A message was blocked by rule." },
  { id: "moderation_engine_failed", category: "moderation", description: "A rule gave no decision." },
  {
    id: "moderation_manual_approved",
    category: "moderation",
    description: "A moderator approved a message.",
  },
];

/** Of webhooks of version 1, which also take those of version 2. */
export const LEGACY: KnownTrigger[] = [
  { id: "before_message", category: "messages", description: "A message is about to be stored." },
  { id: "after_message", category: "messages", description: "A message was sent." },
  { id: "message_edited", category: "messages", description: "A message was edited." },
  { id: "message_deleted", category: "messages", description: "A message was deleted." },
  { id: "message_delivery_receipt", category: "messages", description: "A message was delivered." },
  { id: "message_read_receipt", category: "messages", description: "A message was read." },
  { id: "message_reaction_added", category: "messages", description: "Somebody reacted to a message." },
  { id: "message_reaction_removed", category: "messages", description: "A reaction was taken back." },
  {
    id: "after_connection_status_changed",
    category: "users",
    description: "A user's socket opened or closed.",
  },
  {
    id: "user_connection_status_change",
    category: "users",
    description: "A user's socket opened or closed.",
  },
  { id: "after_group_joined", category: "groups", description: "A user joined." },
  { id: "after_group_left", category: "groups", description: "A member left." },
  { id: "after_group_members_added", category: "groups", description: "Members were added." },
  { id: "after_group_members_kicked", category: "groups", description: "Members were removed." },
  { id: "after_group_members_banned", category: "groups", description: "Members were banned." },
  { id: "after_group_members_unbanned", category: "groups", description: "Users' bans ended." },
  { id: "after_scope_changed", category: "groups", description: "A member has another scope." },
];

/** The events that a webhook of a version can be called for. */
export function triggersOf(version: number): KnownTrigger[] {
  if (version === 2) return CURRENT;
  const old = new Set(LEGACY.map((trigger) => trigger.id));
  return [...LEGACY, ...CURRENT.filter((trigger) => !old.has(trigger.id))];
}
