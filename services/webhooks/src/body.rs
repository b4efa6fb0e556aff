//! What receivers are told: the envelope, and what is in it.

use std::collections::{BTreeSet, HashMap};

use halley_contracts::{
    events::v1::{ChangeKind, Event, GroupChanged, ReceiptChanged, ReceiptKind, RelationChanged, event::Body},
    groups::v1::{Group, Member, MemberScope, MembershipAction, MembershipChanged},
    identity::v1::User,
    messaging::v1::{CallParticipant, Message, Reaction},
};
use halley_model::APP_SYSTEM_UID;
use halley_wire::{GroupJson, MessageJson, ReactionJson, UserJson, View, receiver_word, scope_word};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    happening::{Form, Happening, call_data},
    targets::Target,
};

/// Most users whom a body is found by when one of them is deleted.
const UIDS_MAX: usize = 200;
/// Longest of their ids.
const UID_MAX: usize = 100;

/// What the event itself does not hold.
#[derive(Default)]
pub(crate) struct Known {
    pub users: HashMap<String, User>,
    pub participants: Vec<CallParticipant>,
}

impl Known {
    /// As everybody alike is shown a user; who is not known by the id alone.
    fn user(&self, uid: &str) -> Value {
        let unknown = User { uid: uid.to_owned(), ..Default::default() };
        value(UserJson::new(self.users.get(uid).unwrap_or(&unknown), View::default()))
    }

    fn by_uid(&self, uid: &str, user: Value) -> Value {
        Value::Object(Map::from_iter([(uid.to_owned(), user)]))
    }
}

/// Whom bodies of an event need to know of whom it holds ids only.
pub(crate) fn unknown_users(event: &Event) -> Vec<String> {
    let mut uids = match &event.body {
        Some(Body::RelationChanged(changed)) => vec![changed.uid.clone(), changed.other_uid.clone()],
        Some(Body::MembershipChanged(changed)) => vec![changed.by_uid.clone(), changed.on_uid.clone()],
        Some(Body::GroupChanged(changed)) if changed.kind() == ChangeKind::Created => {
            vec![changed.group.as_ref().map(|group| group.owner.clone()).unwrap_or_default()]
        }
        _ => Vec::new(),
    };
    uids.retain(|uid| !uid.is_empty() && uid != APP_SYSTEM_UID);
    uids.sort_unstable();
    uids.dedup();
    uids
}

fn value(entity: impl Serialize) -> Value {
    serde_json::to_value(entity).unwrap_or_else(|error| {
        tracing::error!(%error, "an entity can't be written");
        Value::Null
    })
}

/// A body, without the webhook's id.
pub(crate) struct Told {
    envelope: Map<String, Value>,
}

impl Told {
    /// Of something that happened; `None`: the event does not hold what it should.
    pub(crate) fn new(event: &Event, happening: &Happening, known: &Known, region: &str) -> Option<Self> {
        let data = match happening.form {
            Form::Current => current(event, happening.trigger, known)?,
            Form::Legacy => legacy(event)?,
        };
        let mut told = Self::of(happening.trigger, data, &event.app_id);
        let is_receipt = matches!(event.body, Some(Body::ReceiptChanged(_)));
        match happening.form {
            Form::Current => told.put("region", region),
            Form::Legacy if is_receipt => {
                told.put("region", region);
                told.put("chatAPIVersion", "3.0");
                told.envelope.insert("origin".to_owned(), json!({"platform": "WEBSOCKET"}));
            }
            Form::Legacy => {}
        }
        let of_session = ["call_started", "call_participant_joined", "call_participant_left", "call_ended"];
        if of_session.contains(&happening.trigger) {
            told.put("type", "call");
        }
        Some(told)
    }

    /// What says that a webhook is reached.
    pub(crate) fn test(app_id: &str, region: &str) -> Self {
        let mut told = Self::of("ping", json!({"message": "This is a test."}), app_id);
        told.put("region", region);
        told
    }

    fn of(trigger: &str, data: Value, app_id: &str) -> Self {
        let mut told = Self { envelope: Map::from_iter([("data".to_owned(), data)]) };
        told.put("trigger", trigger);
        told.put("appId", app_id);
        told
    }

    fn put(&mut self, key: &str, text: &str) {
        self.envelope.insert(key.to_owned(), Value::from(text));
    }

    /// For a webhook.
    pub(crate) fn to(&self, webhook_id: &str) -> serde_json::Result<String> {
        let mut envelope = self.envelope.clone();
        envelope.insert("webhook".to_owned(), Value::from(webhook_id));
        serde_json::to_string(&envelope)
    }

    /// Whom it names.
    pub(crate) fn uids(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        self.envelope.values().for_each(|value| collect(value, &mut found));
        found
    }
}

/// Keys whose text is a user's id, and keys whose own keys are.
const UID_KEYS: [&str; 14] = [
    "uid",
    "sender",
    "receiver",
    "owner",
    "oldOwner",
    "editedBy",
    "deletedBy",
    "pinnedBy",
    "updatedBy",
    "messageSender",
    "receiptSender",
    "receiptReceiver",
    "by",
    "on",
];
const MAP_KEYS: [&str; 3] = ["users", "members", "mentions"];

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    let mut add = |uid: &str| {
        if !uid.is_empty() && uid.len() <= UID_MAX && uid != APP_SYSTEM_UID && found.len() < UIDS_MAX {
            found.insert(uid.to_owned());
        }
    };
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(uid) if UID_KEYS.contains(&key.as_str()) => add(uid),
                    Value::Object(users) if MAP_KEYS.contains(&key.as_str()) => users.keys().for_each(|uid| add(uid)),
                    _ => {}
                }
            }
            map.values().for_each(|value| collect(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}

/// What webhooks are to be told in a shape, each of them by its id.
pub(crate) fn receivers<'a>(targets: &'a [Target], happening: &Happening, occurred_at_ms: i64) -> Vec<&'a Target> {
    // Clocks of two machines are not the same.
    const SKEW_MS: i64 = 5000;
    let is_news = |target: &&Target| target.created_at.timestamp_millis() <= occurred_at_ms.saturating_add(SKEW_MS);
    targets.iter().filter(|target| happening.concerns(target)).filter(is_news).collect()
}

fn message_json(message: &Message) -> Value {
    value(MessageJson { message, view: View::default() })
}

fn reaction_json(reaction: &Reaction) -> Value {
    value(ReactionJson { reaction, view: View::default(), more: &[] })
}

/// `data` of version 2.
fn current(event: &Event, trigger: &str, known: &Known) -> Option<Value> {
    let data = match event.body.as_ref()? {
        Body::MessageSent(sent) => {
            let message = sent.message.as_ref()?;
            match trigger {
                "call_started" => started(message),
                "call_participant_joined" | "call_participant_left" => participant(message, trigger),
                "call_ended" => ended(message, known),
                call if call.starts_with("call_") => json!({"call": message_json(message)}),
                _ => json!({"message": message_json(message)}),
            }
        }
        Body::ReceiptChanged(changed) => receipt(event, changed),
        Body::ReactionChanged(changed) => json!({"reaction": reaction_json(changed.reaction.as_ref()?)}),
        Body::RelationChanged(changed) => relation(changed, known),
        Body::GroupChanged(changed) => group(changed, known)?,
        Body::MembershipChanged(changed) => membership(changed, known)?,
        Body::MessageModerated(moderated) => {
            // There are no rules that could have blocked it.
            json!({"message": message_json(moderated.message.as_ref()?), "moderation": [], "reviewed": true})
        }
        _ => return None,
    };
    Some(data)
}

/// `data` of webhooks without a version: the thing itself.
fn legacy(event: &Event) -> Option<Value> {
    match event.body.as_ref()? {
        Body::MessageSent(sent) => Some(message_json(sent.message.as_ref()?)),
        Body::ReactionChanged(changed) => Some(reaction_json(changed.reaction.as_ref()?)),
        Body::ReceiptChanged(changed) => {
            let (kind, key) = match changed.kind() {
                ReceiptKind::Read => ("read", "readAt"),
                _ => ("delivered", "deliveredAt"),
            };
            Some(json!({
                "messageId": changed.message_id.to_string(),
                "receiptType": kind,
                key: event.occurred_at_ms / 1000,
                "messageSender": changed.message_sender,
                "receiptSender": changed.user.as_ref()?.uid,
                "receiptReceiver": changed.receiver,
                "receiverType": receiver_word(changed.receiver_type()),
            }))
        }
        _ => None,
    }
}

fn receipt(event: &Event, changed: &ReceiptChanged) -> Value {
    let unknown = User::default();
    let user = changed.user.as_ref().unwrap_or(&unknown);
    json!({
        "receiver": changed.receiver,
        "receiverType": receiver_word(changed.receiver_type()),
        "type": "receipts",
        "sender": user.uid,
        "messageSender": changed.message_sender,
        "body": {
            "action": if changed.kind() == ReceiptKind::Read { "read" } else { "delivered" },
            "messageId": changed.message_id.to_string(),
            "user": value(UserJson::new(user, View::default())),
            "timestamp": event.occurred_at_ms / 1000,
        },
    })
}

fn relation(changed: &RelationChanged, known: &Known) -> Value {
    let other = known.user(&changed.other_uid);
    json!({"users": known.by_uid(&changed.other_uid, other), "by": known.user(&changed.uid)})
}

/// A group as nobody in particular sees it.
fn group_json(group: &Group) -> Value {
    let mut shown = value(GroupJson::new(group, None));
    if let Some(map) = shown.as_object_mut() {
        map.remove("hasJoined");
    }
    shown
}

fn group(changed: &GroupChanged, known: &Known) -> Option<Value> {
    let group = changed.group.as_ref()?;
    if changed.kind() != ChangeKind::Created {
        let mut shown = group_json(group);
        if !changed.old_owner.is_empty() {
            shown["oldOwner"] = Value::from(changed.old_owner.as_str());
        }
        return Some(json!({"group": shown}));
    }
    if group.owner.is_empty() || group.owner == APP_SYSTEM_UID {
        return Some(json!({"group": group_json(group), "members": {}}));
    }
    // Its owner is in it from the beginning; whoever was added with it is told of like others who are.
    let own = Member {
        guid: group.guid.clone(),
        uid: group.owner.clone(),
        scope: MemberScope::Admin.into(),
        joined_at_ms: group.created_at_ms,
    };
    let owner = known.user(&group.owner);
    let shown = value(GroupJson::new(group, Some(&own)));
    Some(json!({"group": shown, "members": known.by_uid(&group.owner, owner)}))
}

fn membership(changed: &MembershipChanged, known: &Known) -> Option<Value> {
    let (group, by, on) = (changed.group.as_ref()?, &changed.by_uid, &changed.on_uid);
    let mut member = known.user(on);
    let alone = matches!(changed.action(), MembershipAction::Joined | MembershipAction::Left);
    if !alone && by != APP_SYSTEM_UID && by != on {
        member["conversationId"] = Value::from(halley_wire::conversation_id_of(by, on));
    }
    if changed.action() == MembershipAction::ScopeChanged {
        member["scope"] = Value::from(scope_word(changed.scope()));
        member["oldScope"] = Value::from(scope_word(changed.old_scope()));
    }
    let mut data = json!({"group": group_json(group), "members": known.by_uid(on, member)});
    if !alone {
        data["by"] = known.user(by);
    }
    Some(data)
}

fn started(message: &Message) -> Value {
    let told = call_data(message).call;
    json!({"created_at": told.started_at.unwrap_or(told.initiated_at), "sessionId": told.sessionid})
}

fn is_audio(message: &Message) -> &'static str {
    if message.r#type == "video" { "false" } else { "true" }
}

/// Who sent the message joined or left.
fn participant(message: &Message, trigger: &str) -> Value {
    let told = call_data(message).call;
    let unknown = User { uid: message.sender_uid.clone(), ..Default::default() };
    let user = message.sender.as_ref().unwrap_or(&unknown);
    let name = if user.name.is_empty() { &user.uid } else { &user.name };
    let mut occupant = json!({
        "uid": user.uid,
        "name": name,
        "audio_call": is_audio(message),
        "joined_at": told.joined_at.or(told.started_at).unwrap_or(told.initiated_at),
    });
    if trigger == "call_participant_left" {
        occupant["left_at"] = Value::from(told.ended_at.unwrap_or(message.sent_at_ms / 1000));
    }
    json!({"occupant": occupant, "sessionId": told.sessionid})
}

fn ended(message: &Message, known: &Known) -> Value {
    let told = call_data(message).call;
    let destroyed_at = told.ended_at.unwrap_or(message.sent_at_ms / 1000);
    let occupants = known.participants.iter().filter(|participant| participant.joined_at_ms != 0).map(|participant| {
        let left_at = if participant.left_at_ms == 0 { destroyed_at } else { participant.left_at_ms / 1000 };
        json!({
            "uid": participant.uid,
            "name": known.user(&participant.uid)["name"],
            "audio_call": is_audio(message),
            "joined_at": participant.joined_at_ms / 1000,
            "left_at": left_at,
        })
    });
    json!({
        "all_occupants": occupants.collect::<Vec<_>>(),
        "created_at": told.started_at.unwrap_or(told.initiated_at),
        "destroyed_at": destroyed_at,
        "sessionId": told.sessionid,
    })
}

#[cfg(test)]
mod tests;
