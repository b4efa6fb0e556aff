use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::User;
use super::json::{number, positive, text};

/// One user's reaction to a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Reaction {
    /// The id.
    pub id: String,
    /// The message.
    pub message_id: u64,
    /// Mostly an emoji.
    pub reaction: String,
    /// Who reacted.
    pub user: User,
    /// When.
    pub reacted_at: i64,
    /// As the server sent it.
    pub raw: Value,
}

impl From<Value> for Reaction {
    fn from(raw: Value) -> Self {
        let by = &raw["reactedBy"];
        let user =
            if by.is_object() { User::from(by.clone()) } else { User::from_uid(raw["uid"].as_str().unwrap_or("")) };
        Self {
            id: text(&raw["id"]).unwrap_or_default(),
            message_id: positive(&raw["messageId"]).unwrap_or(0),
            reaction: text(&raw["reaction"]).unwrap_or_default(),
            user,
            reacted_at: number(&raw["reactedAt"]).unwrap_or(0),
            raw,
        }
    }
}

/// How often a message was reacted to in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReactionCount {
    /// Mostly an emoji.
    pub reaction: String,
    /// How often.
    pub count: u64,
    /// Whether the logged-in user did; known where messages are fetched.
    pub reacted_by_me: bool,
}

impl From<&Value> for ReactionCount {
    fn from(raw: &Value) -> Self {
        Self {
            reaction: text(&raw["reaction"]).unwrap_or_default(),
            count: positive(&raw["count"]).unwrap_or(0),
            reacted_by_me: raw["reactedByMe"] == true,
        }
    }
}

/// A file of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    /// Where it is.
    pub url: String,
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// As `image/png`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// The ending of the name, without a dot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// Bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

impl From<&Value> for Attachment {
    fn from(raw: &Value) -> Self {
        Self {
            url: text(&raw["url"]).unwrap_or_default(),
            name: text(&raw["name"]),
            mime_type: text(&raw["mimeType"]),
            extension: text(&raw["extension"]),
            size: positive(&raw["size"]),
        }
    }
}
