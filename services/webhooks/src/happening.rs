//! What webhooks can be called for, by what events tell of.

use halley_contracts::{
    events::v1::{ChangeKind, Event, MembersImported, ReceiptKind, RelationKind, event::Body},
    groups::v1::{MembershipAction, MembershipChanged},
    messaging::v1::{Message, MessageCategory, ModerationStatus},
};
use halley_model::triggers;
use serde::Deserialize;

use crate::targets::Target;

/// Which of the two shapes a receiver is told something in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// That of version 2.
    Current,
    /// That of webhooks without a version.
    Legacy,
}

/// A trigger that an event is to fire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Happening {
    pub trigger: &'static str,
    pub form: Form,
    /// What it tells of: it is told once. Never a user.
    pub entity: String,
}

impl Happening {
    /// Whether a webhook is to be told so.
    pub(crate) fn concerns(&self, target: &Target) -> bool {
        // Without a version either list of triggers may be chosen from; names that are in both mean the older shape.
        let is_older = triggers::LEGACY.iter().any(|known| known.id == self.trigger);
        let form = if target.is_current || !is_older { Form::Current } else { Form::Legacy };
        form == self.form && target.triggers.contains(self.trigger)
    }
}

/// What the message of a call says of it.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct CallData {
    #[serde(default)]
    pub action: String,
    #[serde(default)]
    pub call: CallTold,
}

/// The call as a change left it; Unix seconds.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallTold {
    #[serde(default)]
    pub sessionid: String,
    #[serde(default)]
    pub initiated_at: i64,
    pub started_at: Option<i64>,
    pub joined_at: Option<i64>,
    pub ended_at: Option<i64>,
}

/// Reads the data of a call's message; imported ones may hold something else.
pub(crate) fn call_data(message: &Message) -> CallData {
    serde_json::from_str(&message.data_json).unwrap_or_default()
}

/// All that an event is to fire, whoever wants to know.
pub(crate) fn of(event: &Event) -> Vec<Happening> {
    let current = |trigger| Happening { trigger, form: Form::Current, entity: event.id.clone() };
    let both = |trigger| vec![current(trigger), Happening { form: Form::Legacy, ..current(trigger) }];
    match &event.body {
        Some(Body::MessageSent(sent)) => sent.message.as_ref().map(of_message).unwrap_or_default(),
        Some(Body::ReceiptChanged(changed)) => match changed.kind() {
            ReceiptKind::Delivered => both("message_delivery_receipt"),
            ReceiptKind::Read => both("message_read_receipt"),
            _ => Vec::new(),
        },
        Some(Body::ReactionChanged(changed)) if changed.added => both("message_reaction_added"),
        Some(Body::ReactionChanged(_)) => both("message_reaction_removed"),
        Some(Body::RelationChanged(changed)) => match changed.kind() {
            RelationKind::Blocked => vec![current("user_blocked")],
            RelationKind::Unblocked => vec![current("user_unblocked")],
            _ => Vec::new(),
        },
        Some(Body::GroupChanged(changed)) => match changed.kind() {
            ChangeKind::Created => vec![current("group_created")],
            ChangeKind::Updated if !changed.old_owner.is_empty() => vec![current("group_owner_transferred")],
            ChangeKind::Updated => vec![current("group_updated")],
            ChangeKind::Deleted => vec![current("group_deleted")],
            _ => Vec::new(),
        },
        Some(Body::MembershipChanged(changed)) => {
            of_membership(changed).iter().map(|trigger| current(trigger)).collect()
        }
        Some(Body::MessageModerated(moderated)) => {
            let status = moderated.message.as_ref().map(Message::moderation);
            let is_approved = status == Some(ModerationStatus::Approved);
            if is_approved { vec![current("moderation_manual_approved")] } else { Vec::new() }
        }
        // History from elsewhere is nobody's news.
        Some(Body::MembersImported(MembersImported { .. })) => Vec::new(),
        _ => Vec::new(),
    }
}

fn of_membership(changed: &MembershipChanged) -> &'static [&'static str] {
    match changed.action() {
        MembershipAction::Joined => &["group_member_joined"],
        MembershipAction::Left => &["group_member_left"],
        MembershipAction::Added => &["group_member_added"],
        // Documents have two names for it.
        MembershipAction::Kicked => &["group_member_kicked", "group_member_removed"],
        MembershipAction::Banned => &["group_member_banned"],
        MembershipAction::Unbanned => &["group_member_unbanned"],
        MembershipAction::ScopeChanged => &["group_member_scope_changed"],
        MembershipAction::Unspecified => &[],
    }
}

fn of_message(message: &Message) -> Vec<Happening> {
    let of_id = |trigger, form| Happening { trigger, form, entity: message.id.to_string() };
    match (message.category(), message.r#type.as_str()) {
        (MessageCategory::Call, _) => of_call(message),
        (MessageCategory::Action, "message") => {
            let trigger = match action(message).as_str() {
                "edited" => "message_edited",
                "deleted" => "message_deleted",
                _ => return Vec::new(),
            };
            vec![of_id(trigger, Form::Current), of_id(trigger, Form::Legacy)]
        }
        (MessageCategory::Action, "groupMember") => {
            let trigger = match action(message).as_str() {
                "joined" => "after_group_joined",
                "left" => "after_group_left",
                "added" => "after_group_members_added",
                "kicked" => "after_group_members_kicked",
                "banned" => "after_group_members_banned",
                "unbanned" => "after_group_members_unbanned",
                "scopeChanged" => "after_scope_changed",
                _ => return Vec::new(),
            };
            vec![of_id(trigger, Form::Legacy)]
        }
        (MessageCategory::Action | MessageCategory::Unspecified, _) => Vec::new(),
        _ => {
            let mut all = vec![of_id("message_sent", Form::Current), of_id("after_message", Form::Legacy)];
            if !message.mentions.is_empty() {
                all.push(of_id("user_mentioned", Form::Current));
            }
            all
        }
    }
}

fn action(message: &Message) -> String {
    #[derive(Deserialize)]
    struct Data {
        action: String,
    }
    serde_json::from_str::<Data>(&message.data_json).map(|data| data.action).unwrap_or_default()
}

/// A call is told of by messages. That it began and that it ended it does once, whichever message says so first.
fn of_call(message: &Message) -> Vec<Happening> {
    let data = call_data(message);
    let current = |trigger, entity: String| Happening { trigger, form: Form::Current, entity };
    let of_message = |trigger| current(trigger, message.id.to_string());
    let session = || data.call.sessionid.clone();
    match data.action.as_str() {
        "initiated" => vec![of_message("call_initiated")],
        "rejected" => vec![of_message("call_rejected")],
        "busy" => vec![of_message("call_busy")],
        "cancelled" => vec![of_message("call_cancelled")],
        "unanswered" => vec![of_message("call_unanswered")],
        "ongoing" => vec![current("call_started", session()), of_message("call_participant_joined")],
        "ended" if data.call.ended_at.is_some() => {
            vec![of_message("call_participant_left"), current("call_ended", session())]
        }
        "ended" => vec![of_message("call_participant_left")],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use halley_contracts::{events::v1::MessageSent, identity::v1::User};

    use super::*;

    fn target(version: i32, triggers: &[&str]) -> Target {
        Target {
            webhook_id: "hook".to_owned(),
            url: String::new(),
            login: None,
            retries: false,
            is_current: version == 2,
            triggers: triggers.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>(),
            created_at: Default::default(),
        }
    }

    fn sent(message: Message) -> Event {
        let body = Body::MessageSent(MessageSent { message: Some(message) });
        Event { id: "e".to_owned(), body: Some(body), ..Default::default() }
    }

    fn fired(event: &Event, target: &Target) -> Vec<String> {
        of(event).into_iter().filter(|h| h.concerns(target)).map(|h| format!("{}:{}", h.trigger, h.entity)).collect()
    }

    #[test]
    fn a_message_is_told_in_the_shape_that_a_webhook_knows() {
        let mentions = vec![User { uid: "eve".to_owned(), ..Default::default() }];
        let event = sent(Message {
            id: 7,
            category: MessageCategory::Message.into(),
            r#type: "text".to_owned(),
            mentions,
            ..Default::default()
        });
        let all = ["message_sent", "user_mentioned", "after_message"];
        assert_eq!(fired(&event, &target(2, &all)), ["message_sent:7", "user_mentioned:7"]);
        assert_eq!(fired(&event, &target(1, &all)), ["message_sent:7", "after_message:7", "user_mentioned:7"]);
        assert!(fired(&event, &target(2, &["message_edited"])).is_empty());
    }

    #[test]
    fn a_name_of_both_lists_is_told_once() {
        let event = sent(Message {
            id: 8,
            category: MessageCategory::Action.into(),
            r#type: "message".to_owned(),
            data_json: r#"{"action":"edited"}"#.to_owned(),
            ..Default::default()
        });
        for version in [1, 2] {
            assert_eq!(fired(&event, &target(version, &["message_edited", "message_sent"])), ["message_edited:8"]);
        }
    }

    #[test]
    fn a_call_begins_and_ends_once() {
        let all = target(2, &["call_started", "call_participant_joined", "call_participant_left", "call_ended"]);
        let message = |id, data_json: &str| {
            let category = MessageCategory::Call.into();
            sent(Message { id, category, data_json: data_json.to_owned(), ..Default::default() })
        };
        let joined = r#"{"action":"ongoing","call":{"sessionid":"s","startedAt":1,"joinedAt":1}}"#;
        assert_eq!(fired(&message(1, joined), &all), ["call_started:s", "call_participant_joined:1"]);
        assert_eq!(fired(&message(2, joined), &all), ["call_started:s", "call_participant_joined:2"]);
        let left = r#"{"action":"ended","call":{"sessionid":"s","startedAt":1}}"#;
        assert_eq!(fired(&message(3, left), &all), ["call_participant_left:3"]);
        let ended = r#"{"action":"ended","call":{"sessionid":"s","startedAt":1,"endedAt":9}}"#;
        assert_eq!(fired(&message(4, ended), &all), ["call_participant_left:4", "call_ended:s"]);
    }

    #[test]
    fn every_trigger_that_is_fired_is_in_a_list() {
        let memberships = [
            MembershipAction::Joined,
            MembershipAction::Left,
            MembershipAction::Added,
            MembershipAction::Kicked,
            MembershipAction::Banned,
            MembershipAction::Unbanned,
            MembershipAction::ScopeChanged,
        ];
        for action in memberships {
            let names = of_membership(&MembershipChanged { action: action.into(), ..Default::default() });
            assert!(!names.is_empty() && names.iter().all(|name| triggers::find(2, name).is_some()), "{names:?}");
        }
    }
}
