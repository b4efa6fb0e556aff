//! What a user sees, in the same form whether it was built or fetched.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
};

use serde_json::Value;

/// What a user sees, as far as clients keep it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// By conversation id.
    pub talks: BTreeMap<String, Talk>,
    /// By id.
    pub messages: BTreeMap<u64, Shown>,
    /// Those that the user is in, by guid.
    pub groups: BTreeMap<String, Room>,
    /// By session: the user's own log.
    pub calls: BTreeMap<String, Call>,
    pub blocked: BTreeSet<String>,
    pub friends: BTreeSet<String>,
}

/// A conversation in the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Talk {
    /// The other user's or the group's name.
    pub name: String,
    pub unread: u64,
    /// The message that the list shows.
    pub last: Option<u64>,
    pub tags: Vec<String>,
    pub pinned: bool,
}

/// A message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    pub conversation: String,
    pub sender: String,
    /// Category and type.
    pub kind: (String, String),
    pub parent: u64,
    pub text: String,
    pub tags: Vec<String>,
    pub edited_by: String,
    pub deleted_by: String,
    pub pinned_by: String,
    pub saved: bool,
    /// How many users have which reaction, and whether the viewer does.
    pub reactions: BTreeMap<String, (u64, bool)>,
    pub replies: u64,
    pub subscribed: bool,
    /// Elements that the viewer used.
    pub used: BTreeSet<String>,
    pub quoted: u64,
    /// Whether the other user got and read it; only of own messages in one-to-one conversations.
    pub delivered: bool,
    pub read: bool,
    /// A moderator keeps its content from the viewer, and the list of conversations leaves it out.
    pub is_withheld: bool,
}

/// A group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Room {
    pub name: String,
    pub kind: String,
    pub description: String,
    pub owner: String,
    pub tags: Vec<String>,
    pub metadata: Value,
    /// Scope by uid.
    pub members: BTreeMap<String, String>,
    /// Shown to who may ban.
    pub banned: Option<BTreeSet<String>>,
}

/// A call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    pub conversation: String,
    pub status: String,
}

/// Ids come as text or as numbers.
pub fn number(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_default()
}

/// A text; empty where there is none.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

/// The guid of a group's conversation.
pub fn guid_of(conversation: &str) -> Option<&str> {
    conversation.strip_prefix("group_")
}

/// The id of a conversation of two.
pub fn direct(a: &str, b: &str) -> String {
    let (first, second) = if a < b { (a, b) } else { (b, a) };
    format!("{first}_user_{second}")
}

impl Picture {
    /// Without conversations, and what is in them, that are not to be compared.
    pub fn without(mut self, is_left_out: impl Fn(&str) -> bool) -> Self {
        self.talks.retain(|id, _| !is_left_out(id));
        self.messages.retain(|_, message| !is_left_out(&message.conversation));
        self
    }

    /// What it shows otherwise than what would be fetched, in lines.
    pub fn differences(&self, fresh: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        compare("conversation", &self.talks, &fresh.talks, &mut lines);
        compare("message", &self.messages, &fresh.messages, &mut lines);
        compare("group", &self.groups, &fresh.groups, &mut lines);
        compare("call", &self.calls, &fresh.calls, &mut lines);
        if (&self.blocked, &self.friends) != (&fresh.blocked, &fresh.friends) {
            lines.push(format!("relations: {:?} {:?}", self.blocked, self.friends));
            lines.push(format!("     fresh {:?} {:?}", fresh.blocked, fresh.friends));
        }
        lines
    }
}

fn compare<K: Ord + Debug, V: PartialEq + Debug>(
    what: &str,
    shown: &BTreeMap<K, V>,
    fresh: &BTreeMap<K, V>,
    lines: &mut Vec<String>,
) {
    let keys: BTreeSet<&K> = shown.keys().chain(fresh.keys()).collect();
    for key in keys.into_iter().filter(|key| shown.get(*key) != fresh.get(*key)) {
        lines.push(format!("{what} {key:?}\n    shown {:?}\n    fresh {:?}", shown.get(key), fresh.get(key)));
    }
}

impl Shown {
    /// As an answer or a frame shows it to `uid`.
    pub fn of(message: &Value, uid: &str) -> Self {
        let data = &message["data"];
        let is_deleted = message["deletedAt"].is_i64();
        let mut shown = Self {
            conversation: text(&message["conversationId"]),
            sender: text(&message["sender"]),
            kind: (text(&message["category"]), text(&message["type"])),
            parent: number(&message["parentId"]),
            tags: texts(&message["tags"]),
            edited_by: text(&message["editedBy"]),
            deleted_by: text(&message["deletedBy"]),
            pinned_by: text(&message["pinnedBy"]),
            saved: message["savedAt"].is_i64(),
            replies: number(&message["replyCount"]),
            subscribed: message["threadSubscribed"] == true,
            quoted: number(&message["quotedMessageId"]),
            is_withheld: data["moderation"]["status"] == "disapproved" && message["sender"] != uid,
            ..Self::default()
        };
        if !is_deleted {
            let rows = |value: &Value| value.as_array().cloned().unwrap_or_default();
            shown.text = text(&data["text"]);
            shown.reactions = rows(&data["reactions"])
                .iter()
                .map(|row| (text(&row["reaction"]), (number(&row["count"]), row["reactedByMe"] == true)))
                .collect();
            shown.used = rows(&data["interactions"]).iter().map(|row| text(&row["elementId"])).collect();
        }
        if shown.is_receipted(uid) {
            shown.delivered = message["deliveredAt"].is_i64() || message["readAt"].is_i64();
            shown.read = message["readAt"].is_i64();
        }
        shown
    }

    /// Whether its sender sees how far it came.
    pub fn is_receipted(&self, uid: &str) -> bool {
        self.sender == uid && guid_of(&self.conversation).is_none()
    }

    /// Whether it raises the unread count of others.
    pub fn is_counted(&self) -> bool {
        self.parent == 0 && matches!(self.kind.0.as_str(), "message" | "interactive")
    }

    /// Whether the list of conversations shows it.
    pub fn is_news(&self) -> bool {
        match self.kind.0.as_str() {
            "call" => false,
            "action" => self.kind.1 != "message",
            _ => true,
        }
    }

    pub fn is_deleted(&self) -> bool {
        !self.deleted_by.is_empty()
    }

    /// Takes over what an event for everybody says of it; what is the viewer's own stays.
    pub fn becomes(&mut self, now: Self) {
        let mine = |reaction: &String| self.reactions.get(reaction).is_some_and(|(_, mine)| *mine);
        let reactions = now.reactions.into_iter().map(|(reaction, (count, _))| {
            let mine = mine(&reaction);
            (reaction, (count, mine))
        });
        let is_deleted = !now.deleted_by.is_empty();
        *self = Self {
            reactions: reactions.collect(),
            saved: self.saved,
            used: if is_deleted { BTreeSet::new() } else { std::mem::take(&mut self.used) },
            delivered: self.delivered,
            read: self.read,
            ..now
        };
    }
}

impl Talk {
    /// As an answer or a frame shows it.
    pub fn of(conversation: &Value) -> Self {
        Self {
            name: text(&conversation["conversationWith"]["name"]),
            unread: number(&conversation["unreadMessageCount"]),
            last: conversation["lastMessage"].is_object().then(|| number(&conversation["lastMessage"]["id"])),
            tags: texts(&conversation["tags"]),
            pinned: conversation["pinnedAt"].is_i64(),
        }
    }
}

impl Room {
    /// As an answer or a frame shows it, without who is in it.
    pub fn of(group: &Value) -> Self {
        Self {
            name: text(&group["name"]),
            kind: text(&group["type"]),
            description: text(&group["description"]),
            owner: text(&group["owner"]),
            tags: texts(&group["tags"]),
            metadata: group["metadata"].clone(),
            ..Self::default()
        }
    }

    /// Takes over what the group is; who is in it stays.
    pub fn becomes(&mut self, now: Self) {
        let (members, banned) = (std::mem::take(&mut self.members), std::mem::take(&mut self.banned));
        *self = Self { members, banned, ..now };
    }
}

impl Call {
    /// As the log shows it.
    pub fn of(call: &Value) -> Self {
        Self { conversation: text(&call["conversationId"]), status: text(&call["status"]) }
    }

    /// What a message of the category `call` makes of it. In a group its word is of one member: who declines leaves the
    /// call as it is, and whoever leaves it ends it only as the last one.
    pub fn hears(&mut self, message: &Value) {
        let told = &message["data"]["entities"]["on"]["entity"];
        let status = text(&told["status"]);
        let is_over = told["endedAt"].is_i64();
        if is_over || matches!(status.as_str(), "initiated" | "ongoing") {
            self.status = status;
        }
        self.conversation = text(&message["conversationId"]);
    }
}
