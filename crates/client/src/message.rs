use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::models::{Attachment, Call, Group, MemberScope, ReactionCount, User, texts};

/// The other end of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Receiver {
    /// A user, by uid.
    User(String),
    /// A group, by guid.
    Group(String),
}

impl Receiver {
    /// A user.
    pub fn user(uid: &str) -> Self {
        Self::User(uid.into())
    }

    /// A group.
    pub fn group(guid: &str) -> Self {
        Self::Group(guid.into())
    }

    /// The uid or guid.
    pub fn id(&self) -> &str {
        match self {
            Self::User(id) | Self::Group(id) => id,
        }
    }

    /// `user` or `group`, as on the wire.
    pub fn receiver_type(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Group(_) => "group",
        }
    }

    pub(crate) fn from_wire(receiver_type: &str, id: &str) -> Self {
        if receiver_type == "group" { Self::group(id) } else { Self::user(id) }
    }

    /// The other end of what `sender` sent to this receiver, seen from the user `own`.
    pub fn seen_from(&self, own: &str, sender: &str) -> Self {
        match self {
            Self::User(uid) if uid == own => Self::user(sender),
            other => other.clone(),
        }
    }
}

/// A message of any category: the fields every client needs, and the rest as it came.
#[derive(Clone, Debug)]
pub struct Message {
    /// The server's id; grows within a conversation.
    pub id: u64,
    /// The sender's own id of the message.
    pub muid: Option<String>,
    /// For example `ann_user_bob` or `group_room`.
    pub conversation_id: String,
    /// Uid of the sender.
    pub sender: String,
    /// To whom it was sent.
    pub receiver: Receiver,
    /// `message`, `custom`, `action`, `call`, `interactive`, `card`.
    pub category: String,
    /// `text`, `image`, `groupMember` and so on (`type` on the wire).
    pub kind: String,
    /// Text or caption.
    pub text: Option<String>,
    /// What happened, for categories `action` and `call`.
    pub action: Option<String>,
    /// Unix seconds.
    pub sent_at: i64,
    /// The thread's root, if this is a reply.
    pub parent_id: Option<u64>,
    /// Dense position in the conversation, when the client asked for it.
    pub sequence: Option<u64>,
    /// The device that sent it.
    pub device: Option<String>,
    /// How many replies its thread has.
    pub reply_count: u64,
    /// How many of them the logged-in user has not read, where it is told.
    pub unread_reply_count: Option<u64>,
    /// Whether the logged-in user is subscribed to its thread; told where it is asked for.
    pub thread_subscribed: bool,
    /// The message that it quotes.
    pub quoted_message_id: Option<u64>,
    /// Words of the app.
    pub tags: Vec<String>,
    /// How often it was reacted to, by the ways.
    pub reactions: Vec<ReactionCount>,
    /// Its files.
    pub attachments: Vec<Attachment>,
    /// Any object of the app.
    pub metadata: Option<Value>,
    /// Of a custom message: the app's own content.
    pub custom_data: Option<Value>,
    /// Of an interactive message: its elements.
    pub interactive_data: Option<Value>,
    /// When it was changed last in any way.
    pub updated_at: Option<i64>,
    /// When it was edited last.
    pub edited_at: Option<i64>,
    /// When it was deleted.
    pub deleted_at: Option<i64>,
    /// When it reached the other user, or all members.
    pub delivered_at: Option<i64>,
    /// When the other user, or all members, read it.
    pub read_at: Option<i64>,
    /// When it was pinned.
    pub pinned_at: Option<i64>,
    /// When the logged-in user saved it.
    pub saved_at: Option<i64>,
    pub(crate) raw: Box<RawValue>,
}

/// What an action message tells of.
#[derive(Clone, Debug)]
pub enum MessageAction {
    /// A message was edited; it is shown as it is since.
    Edited {
        /// Who did it.
        by: User,
        /// The message.
        message: Box<Message>,
    },
    /// A message was deleted.
    Deleted {
        /// Who did it.
        by: User,
        /// The message.
        message: Box<Message>,
    },
    /// Who is in a group changed.
    Membership(Box<Membership>),
}

/// What happened to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MembershipKind {
    /// Came by itself.
    Joined,
    /// Left by itself.
    Left,
    /// Was put out, and may come again.
    Kicked,
    /// Was put out for good.
    Banned,
    /// May come again.
    Unbanned,
    /// Was brought in.
    Added,
    /// Has another scope.
    ScopeChanged,
}

impl MembershipKind {
    const ALL: [Self; 7] =
        [Self::Joined, Self::Left, Self::Kicked, Self::Banned, Self::Unbanned, Self::Added, Self::ScopeChanged];

    /// The word of the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::Left => "left",
            Self::Kicked => "kicked",
            Self::Banned => "banned",
            Self::Unbanned => "unbanned",
            Self::Added => "added",
            Self::ScopeChanged => "scopeChanged",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Who is in a group changed.
#[derive(Clone, Debug)]
pub struct Membership {
    /// What happened.
    pub kind: MembershipKind,
    /// Where.
    pub group: Group,
    /// Who did it.
    pub by: User,
    /// To whom.
    pub on: User,
    /// The scope before, if it changed.
    pub old_scope: Option<MemberScope>,
    /// The scope after, if it changed.
    pub new_scope: Option<MemberScope>,
}

impl Message {
    /// The message's JSON as the server sent it.
    pub fn raw(&self) -> &str {
        self.raw.get()
    }

    /// The message's JSON as the server sent it, parsed.
    pub fn to_value(&self) -> Value {
        // It was parsed once already, so it is valid.
        serde_json::from_str(self.raw.get()).unwrap_or(Value::Null)
    }

    /// The sender as far as the message shows it. Read anew at each call.
    pub fn sender_user(&self) -> User {
        let value = self.to_value();
        entity(&value, &["sender", "by"]).map_or_else(|| User::from_uid(&self.sender), User::from)
    }

    /// The group that it was sent to, as far as the message shows it. Read anew at each call.
    pub fn group(&self) -> Option<Group> {
        let Receiver::Group(guid) = &self.receiver else { return None };
        let value = self.to_value();
        let found = entity(&value, &["receiver", "for"]);
        Some(Group::from(found.unwrap_or_else(|| serde_json::json!({"guid": guid}))))
    }

    /// The message that it quotes, if it is shown. Read anew at each call.
    pub fn quoted_message(&self) -> Option<Self> {
        Self::deserialize(&self.to_value()["quotedMessage"]).ok()
    }

    /// What an action message tells of. Read anew at each call.
    pub fn told_action(&self) -> Option<MessageAction> {
        if self.category != "action" {
            return None;
        }
        let value = self.to_value();
        let on = entity(&value, &["on"])?;
        let by = self.sender_user();
        let word = self.action.as_deref()?;
        if word == "edited" || word == "deleted" {
            let message = Box::new(Self::deserialize(on).ok()?);
            return Some(if word == "edited" {
                MessageAction::Edited { by, message }
            } else {
                MessageAction::Deleted { by, message }
            });
        }
        let scope = &value["data"]["extras"]["scope"];
        Some(MessageAction::Membership(Box::new(Membership {
            kind: MembershipKind::from_word(word)?,
            group: self.group()?,
            by,
            on: User::from(on),
            old_scope: MemberScope::read(&scope["old"]),
            new_scope: MemberScope::read(&scope["new"]),
        })))
    }

    /// Of a call message: the call as it stands after it. Read anew at each call.
    pub fn call(&self) -> Option<Call> {
        if self.category != "call" {
            return None;
        }
        let value = self.to_value();
        Call::read(&entity(&value, &["on"])?, &value["data"]["action"])
    }

    pub(crate) fn from_raw(raw: &RawValue) -> Result<Self, serde_json::Error> {
        let wire: Wire = serde_json::from_str(raw.get())?;
        Ok(Self {
            id: wire.id.0,
            muid: wire.muid.filter(|muid| !muid.is_empty()),
            conversation_id: wire.conversation_id,
            sender: wire.sender,
            receiver: Receiver::from_wire(&wire.receiver_type, &wire.receiver),
            category: wire.category,
            kind: wire.kind,
            text: wire.data.text,
            action: wire.data.action,
            sent_at: wire.sent_at,
            parent_id: wire.parent_id.or(wire.parent_message_id).map(|id| id.0).filter(|id| *id != 0),
            sequence: wire.sequence.map(|sequence| sequence.0),
            device: wire.data.resource,
            reply_count: wire.reply_count.map_or(0, |count| count.0),
            unread_reply_count: wire.unread_replies_count.map(|count| count.0),
            thread_subscribed: wire.thread_subscribed == true,
            quoted_message_id: wire.quoted_message_id.map(|id| id.0).filter(|id| *id != 0),
            tags: texts(&wire.tags),
            reactions: list(&wire.data.reactions),
            attachments: attachments(&wire.data.attachments, &wire.data.url),
            metadata: wire.data.metadata,
            custom_data: wire.data.custom_data,
            interactive_data: wire.data.interactive_data,
            updated_at: time(wire.updated_at),
            edited_at: time(wire.edited_at),
            deleted_at: time(wire.deleted_at),
            delivered_at: time(wire.delivered_at),
            read_at: time(wire.read_at),
            pinned_at: time(wire.pinned_at),
            saved_at: time(wire.saved_at),
            raw: raw.to_owned(),
        })
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::from_raw(&raw).map_err(serde::de::Error::custom)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    id: Id,
    muid: Option<String>,
    #[serde(default)]
    conversation_id: String,
    #[serde(default)]
    sender: String,
    #[serde(default)]
    receiver: String,
    #[serde(default)]
    receiver_type: String,
    category: String,
    #[serde(rename = "type", default)]
    kind: String,
    data: WireData,
    #[serde(default)]
    sent_at: i64,
    parent_id: Option<Id>,
    parent_message_id: Option<Id>,
    sequence: Option<Id>,
    reply_count: Option<Id>,
    unread_replies_count: Option<Id>,
    #[serde(default)]
    thread_subscribed: Value,
    quoted_message_id: Option<Id>,
    #[serde(default)]
    tags: Value,
    updated_at: Option<Id>,
    edited_at: Option<Id>,
    deleted_at: Option<Id>,
    delivered_at: Option<Id>,
    read_at: Option<Id>,
    pinned_at: Option<Id>,
    saved_at: Option<Id>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireData {
    text: Option<String>,
    action: Option<String>,
    resource: Option<String>,
    #[serde(default)]
    reactions: Value,
    #[serde(default)]
    attachments: Value,
    #[serde(default)]
    url: Value,
    metadata: Option<Value>,
    custom_data: Option<Value>,
    interactive_data: Option<Value>,
}

fn time(wire: Option<Id>) -> Option<i64> {
    wire.and_then(|at| i64::try_from(at.0).ok()).filter(|at| *at != 0)
}

fn list<'a, T: From<&'a Value>>(value: &'a Value) -> Vec<T> {
    value.as_array().into_iter().flatten().map(T::from).collect()
}

/// A message of one file may name its address alone.
fn attachments(listed: &Value, url: &Value) -> Vec<Attachment> {
    let listed: Vec<Attachment> = list(listed);
    match url.as_str() {
        Some(url) if listed.is_empty() => vec![Attachment { url: url.into(), ..Attachment::default() }],
        _ => listed,
    }
}

/// What one of a message's ids stands for.
fn entity(message: &Value, names: &[&str]) -> Option<Value> {
    let entities = &message["data"]["entities"];
    let found = names.iter().map(|name| &entities[name]["entity"]).find(|entity| entity.is_object());
    found.cloned()
}

/// An integer that is written as a number in some replies and as a string in others.
#[derive(Clone, Copy)]
pub(crate) struct Id(pub u64);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Id;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("an integer, or a string of digits")
            }
            fn visit_u64<E: serde::de::Error>(self, id: u64) -> Result<Id, E> {
                Ok(Id(id))
            }
            fn visit_i64<E: serde::de::Error>(self, id: i64) -> Result<Id, E> {
                u64::try_from(id).map(Id).map_err(E::custom)
            }
            fn visit_str<E: serde::de::Error>(self, id: &str) -> Result<Id, E> {
                if id.is_empty() { Ok(Id(0)) } else { id.parse().map(Id).map_err(E::custom) }
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_may_be_strings_or_numbers() {
        for id in [r#""12""#, "12"] {
            let json = format!(
                r#"{{"id":{id},"conversationId":"a_user_b","sender":"a","receiver":"b","receiverType":"user",
                "category":"message","type":"text","data":{{"text":"hi","resource":"D"}},"sentAt":7,"parentId":{id}}}"#
            );
            let message: Message = serde_json::from_str(&json).unwrap();
            assert_eq!((message.id, message.parent_id, message.sent_at), (12, Some(12), 7));
            assert_eq!(message.receiver, Receiver::user("b"));
            assert_eq!(message.text.as_deref(), Some("hi"));
            assert_eq!(message.device.as_deref(), Some("D"));
            assert_eq!(message.to_value()["conversationId"], "a_user_b");
        }
    }

    #[test]
    fn a_message_without_category_or_data_is_refused() {
        assert!(serde_json::from_str::<Message>(r#"{"id":1,"category":"message"}"#).is_err());
        assert!(serde_json::from_str::<Message>(r#"{"id":1,"data":{}}"#).is_err());
    }
}
