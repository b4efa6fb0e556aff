use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::User;
use super::json::{number, positive};
use crate::Message;

/// A message that was replied to, and its thread.
#[derive(Clone, Debug)]
pub struct Thread {
    /// The message that it is about.
    pub parent: Message,
    /// The newest reply.
    pub last_reply: Option<Message>,
    /// Whether the logged-in user is subscribed to it, where it is told.
    pub is_subscribed: Option<bool>,
    /// How many replies the logged-in user has not read, where it is told.
    pub unread_reply_count: Option<u64>,
    /// How many replies mention the logged-in user, where it was asked for.
    pub mention_count: Option<u64>,
    /// As the server sent it.
    pub raw: Value,
}

impl<'de> Deserialize<'de> for Thread {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Value::deserialize(deserializer)?;
        Ok(Self {
            parent: Message::deserialize(&raw).map_err(serde::de::Error::custom)?,
            last_reply: Message::deserialize(&raw["lastReply"]).ok(),
            is_subscribed: raw["subscribed"].as_bool(),
            unread_reply_count: positive(&raw["unreadReplyCount"]),
            mention_count: positive(&raw["mentionCount"]),
            raw,
        })
    }
}

/// How far a message got with one user.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageReceipt {
    /// Who.
    pub recipient: User,
    /// When it reached the user.
    pub delivered_at: Option<i64>,
    /// When the user read it.
    pub read_at: Option<i64>,
}

impl From<&Value> for MessageReceipt {
    fn from(raw: &Value) -> Self {
        let recipient = &raw["recipient"];
        Self {
            recipient: recipient.as_str().map_or_else(|| User::from(recipient.clone()), User::from_uid),
            delivered_at: number(&raw["deliveredAt"]),
            read_at: number(&raw["readAt"]),
        }
    }
}
