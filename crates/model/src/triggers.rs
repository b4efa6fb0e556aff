//! The events that a webhook can be called for. `docs/webhooks.md` says which of them this server has.

/// An event by its public name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trigger {
    /// The name.
    pub id: &'static str,
    /// What it is about.
    pub category: &'static str,
    /// When it is fired.
    pub description: &'static str,
}

const fn trigger(id: &'static str, category: &'static str, description: &'static str) -> Trigger {
    Trigger { id, category, description }
}

/// Of webhooks of version 2.
pub const CURRENT: &[Trigger] = &[
    trigger("message_sent", "messages", "A message was sent."),
    trigger("message_edited", "messages", "A message was edited."),
    trigger("message_deleted", "messages", "A message was deleted."),
    trigger("message_delivery_receipt", "messages", "A message was delivered."),
    trigger("message_read_receipt", "messages", "A message was read."),
    trigger("message_reaction_added", "messages", "Somebody reacted to a message."),
    trigger("message_reaction_removed", "messages", "A reaction was taken back."),
    trigger("user_mentioned", "messages", "A message mentions users."),
    trigger("user_blocked", "users", "A user blocked others."),
    trigger("user_unblocked", "users", "A user unblocked others."),
    trigger("user_connection_status_changed", "users", "A user's socket opened or closed."),
    trigger("group_created", "groups", "A group was made."),
    trigger("group_updated", "groups", "A group was changed."),
    trigger("group_deleted", "groups", "A group was deleted."),
    trigger("group_owner_transferred", "groups", "A group has another owner."),
    trigger("group_member_added", "groups", "Members were added."),
    trigger("group_member_banned", "groups", "A member was banned."),
    trigger("group_member_unbanned", "groups", "A user's ban ended."),
    trigger("group_member_kicked", "groups", "A member was removed."),
    trigger("group_member_removed", "groups", "A member was removed."),
    trigger("group_member_joined", "groups", "A user joined."),
    trigger("group_member_left", "groups", "A member left."),
    trigger("group_member_scope_changed", "groups", "A member has another scope."),
    trigger("call_initiated", "calls", "A call rings."),
    trigger("call_started", "calls", "A call's session began."),
    trigger("call_participant_joined", "calls", "Somebody joined a call."),
    trigger("call_participant_left", "calls", "Somebody left a call."),
    trigger("call_ended", "calls", "A call ended."),
    trigger("call_busy", "calls", "A call met a busy user."),
    trigger("call_cancelled", "calls", "A call was cancelled."),
    trigger("call_rejected", "calls", "A call was rejected."),
    trigger("call_unanswered", "calls", "A call was not answered."),
    trigger("meeting_started", "meetings", "A meeting began."),
    trigger("meeting_participant_joined", "meetings", "Somebody joined a meeting."),
    trigger("meeting_participant_left", "meetings", "Somebody left a meeting."),
    trigger("meeting_ended", "meetings", "A meeting ended."),
    trigger("recording_generated", "calls", "A recording is ready."),
    trigger("transcription_generated", "calls", "A transcription is ready."),
    trigger("moderation_engine_approved", "moderation", "A message was approved by rule."),
    trigger("moderation_engine_blocked", "moderation", "A message was blocked by rule."),
    trigger("moderation_engine_failed", "moderation", "A rule gave no decision."),
    trigger("moderation_manual_approved", "moderation", "A moderator approved a message."),
];

/// Of webhooks without a version.
pub const LEGACY: &[Trigger] = &[
    trigger("before_message", "messages", "A message is about to be stored."),
    trigger("after_message", "messages", "A message was sent."),
    trigger("message_edited", "messages", "A message was edited."),
    trigger("message_deleted", "messages", "A message was deleted."),
    trigger("message_delivery_receipt", "messages", "A message was delivered."),
    trigger("message_read_receipt", "messages", "A message was read."),
    trigger("message_reaction_added", "messages", "Somebody reacted to a message."),
    trigger("message_reaction_removed", "messages", "A reaction was taken back."),
    trigger("after_connection_status_changed", "users", "A user's socket opened or closed."),
    trigger("user_connection_status_change", "users", "A user's socket opened or closed."),
    trigger("after_group_joined", "groups", "A user joined."),
    trigger("after_group_left", "groups", "A member left."),
    trigger("after_group_members_added", "groups", "Members were added."),
    trigger("after_group_members_kicked", "groups", "Members were removed."),
    trigger("after_group_members_banned", "groups", "Members were banned."),
    trigger("after_group_members_unbanned", "groups", "Users' bans ended."),
    trigger("after_scope_changed", "groups", "A member has another scope."),
];

/// The trigger of that name. Of a webhook without a version either list will do, since sources mix them.
pub fn find(version: i16, id: &str) -> Option<&'static Trigger> {
    let current = CURRENT.iter().find(|trigger| trigger.id == id);
    match version {
        2 => current,
        _ => LEGACY.iter().find(|trigger| trigger.id == id).or(current),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_version_has_its_own_names() {
        assert!(find(2, "message_sent").is_some());
        assert!(find(2, "before_message").is_none());
        assert!(find(1, "before_message").is_some());
        assert!(find(1, "nothing").is_none());
    }
}
