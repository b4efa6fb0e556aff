use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// The other end of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
    raw: Box<RawValue>,
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
}

#[derive(Deserialize)]
struct WireData {
    text: Option<String>,
    action: Option<String>,
    resource: Option<String>,
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
