use serde_json::Value;

use super::json::{number, object, text, texts};

/// A user.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// The id.
    pub uid: String,
    /// What the user is called.
    pub name: String,
    /// Address of a picture.
    pub avatar: Option<String>,
    /// Address of the user's page.
    pub link: Option<String>,
    /// `default`, or a role of the app.
    pub role: String,
    /// Whether the user had an open socket.
    pub is_online: bool,
    /// The user's own words.
    pub status_message: Option<String>,
    /// Any object of the app.
    pub metadata: Option<Value>,
    /// Words of the app.
    pub tags: Vec<String>,
    /// When the user was online last.
    pub last_active_at: Option<i64>,
    /// When the user was made.
    pub created_at: Option<i64>,
    /// When the user was deactivated.
    pub deactivated_at: Option<i64>,
    /// Id of the conversation with the user who is logged in.
    pub conversation_id: Option<String>,
    /// The logged-in user blocked this one.
    pub blocked_by_me: bool,
    /// This user blocked the one who is logged in.
    pub has_blocked_me: bool,
    /// As the server sent it.
    pub raw: Value,
}

impl User {
    /// A user of whom only the id is known.
    pub fn from_uid(uid: &str) -> Self {
        Self::from(serde_json::json!({"uid": uid}))
    }
}

impl From<Value> for User {
    fn from(raw: Value) -> Self {
        let uid = text(&raw["uid"]).unwrap_or_default();
        Self {
            name: text(&raw["name"]).unwrap_or_else(|| uid.clone()),
            uid,
            avatar: text(&raw["avatar"]),
            link: text(&raw["link"]),
            role: text(&raw["role"]).unwrap_or_else(|| "default".into()),
            is_online: matches!(raw["status"].as_str(), Some("available" | "online")),
            status_message: text(&raw["statusMessage"]),
            metadata: object(&raw["metadata"]),
            tags: texts(&raw["tags"]),
            last_active_at: number(&raw["lastActiveAt"]),
            created_at: number(&raw["createdAt"]),
            deactivated_at: number(&raw["deactivatedAt"]),
            conversation_id: text(&raw["conversationId"]),
            blocked_by_me: raw["blockedByMe"] == true,
            has_blocked_me: raw["hasBlockedMe"] == true,
            raw,
        }
    }
}
