use serde::Deserialize as _;
use serde_json::Value;

use super::json::{number, positive, text, texts};
use super::{Group, User};
use crate::{Message, Receiver};

/// A conversation as the logged-in user sees it.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// For example `ann_user_bob` or `group_room`.
    pub id: String,
    /// The other end (`conversationWith` on the wire).
    pub with: Receiver,
    /// The other end, whole, if it is a user.
    pub user: Option<User>,
    /// The other end, whole, if it is a group.
    pub group: Option<Group>,
    /// How many messages are unread.
    pub unread_count: u64,
    /// How many of them mention the user.
    pub unread_mentions_count: u64,
    /// Up to where the user read.
    pub last_read_message_id: Option<u64>,
    /// Up to where messages reached the user.
    pub last_delivered_message_id: Option<u64>,
    /// The newest message of any kind.
    pub latest_message_id: Option<u64>,
    /// What a list shows of the conversation.
    pub last_message: Option<Box<Message>>,
    /// Words that the user gave it.
    pub tags: Vec<String>,
    /// When it was pinned.
    pub pinned_at: Option<i64>,
    /// Uid of who pinned it; `app_system` if it was the app.
    pub pinned_by: Option<String>,
    /// When it was changed last.
    pub updated_at: Option<i64>,
    /// Place in the conversation up to which the user hid what was said; told by events alone.
    pub hidden_before: Option<u64>,
    /// As the server sent it.
    pub raw: Value,
}

impl From<Value> for Conversation {
    fn from(raw: Value) -> Self {
        let with = &raw["conversationWith"];
        let is_group = raw["conversationType"] == "group" || with["guid"].is_string();
        let group = is_group.then(|| Group::from(with.clone()));
        let user = (!is_group).then(|| User::from(with.clone()));
        let receiver = match (&group, &user) {
            (Some(group), _) => Receiver::group(&group.guid),
            (None, user) => Receiver::user(user.as_ref().map_or("", |user| &user.uid)),
        };
        Self {
            id: text(&raw["conversationId"]).unwrap_or_default(),
            with: receiver,
            user,
            group,
            unread_count: positive(&raw["unreadMessageCount"]).unwrap_or(0),
            unread_mentions_count: positive(&raw["unreadMentionsCount"]).unwrap_or(0),
            last_read_message_id: positive(&raw["lastReadMessageId"]),
            last_delivered_message_id: positive(&raw["lastDeliveredMessageId"]),
            latest_message_id: positive(&raw["latestMessageId"]),
            last_message: Message::deserialize(&raw["lastMessage"]).ok().map(Box::new),
            tags: texts(&raw["tags"]),
            pinned_at: number(&raw["pinnedAt"]),
            pinned_by: text(&raw["pinnedBy"]),
            updated_at: number(&raw["updatedAt"]),
            hidden_before: positive(&raw["hiddenBefore"]),
            raw,
        }
    }
}

/// Unread messages of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadCount {
    /// The other end.
    pub peer: Receiver,
    /// How many.
    pub count: u64,
}

impl From<Value> for UnreadCount {
    fn from(raw: Value) -> Self {
        let word = raw["entityType"].as_str().unwrap_or_default();
        let peer = Receiver::from_wire(word, raw["entityId"].as_str().unwrap_or_default());
        Self { peer, count: positive(&raw["count"]).unwrap_or(0) }
    }
}
