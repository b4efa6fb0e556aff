use serde_json::Value;

use super::User;
use super::json::{number, object, positive, text, texts};

/// How one gets into a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupType {
    /// Whoever wants to.
    #[default]
    Public,
    /// Who knows the password.
    Password,
    /// Who is added.
    Private,
}

impl GroupType {
    /// The word of the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Password => "password",
            Self::Private => "private",
        }
    }

    fn read(value: &Value) -> Self {
        match value.as_str() {
            Some("password") => Self::Password,
            Some("private") => Self::Private,
            _ => Self::Public,
        }
    }
}

/// A member's place in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberScope {
    /// May do everything but what is the owner's.
    Admin,
    /// May put participants out.
    Moderator,
    /// May talk.
    Participant,
}

impl MemberScope {
    /// The word of the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Moderator => "moderator",
            Self::Participant => "participant",
        }
    }

    /// The scope that a word of the protocol names.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Admin, Self::Moderator, Self::Participant].into_iter().find(|scope| scope.as_str() == word)
    }

    pub(crate) fn read(value: &Value) -> Option<Self> {
        value.as_str().and_then(Self::from_word)
    }
}

/// A group.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The id.
    pub guid: String,
    /// What the group is called.
    pub name: String,
    /// How one gets in (`type` on the wire).
    pub kind: GroupType,
    /// Address of a picture.
    pub icon: Option<String>,
    /// What it is about.
    pub description: Option<String>,
    /// Uid of the owner.
    pub owner: String,
    /// Any object of the app.
    pub metadata: Option<Value>,
    /// Words of the app.
    pub tags: Vec<String>,
    /// How many are in it.
    pub members_count: u64,
    /// Id of the group's conversation.
    pub conversation_id: String,
    /// When it was made.
    pub created_at: Option<i64>,
    /// When it was changed last.
    pub updated_at: Option<i64>,
    /// Whether the logged-in user is a member.
    pub has_joined: bool,
    /// The logged-in user's own scope, where it is known.
    pub scope: Option<MemberScope>,
    /// When the logged-in user came in.
    pub joined_at: Option<i64>,
    /// As the server sent it.
    pub raw: Value,
}

impl From<Value> for Group {
    fn from(raw: Value) -> Self {
        let guid = text(&raw["guid"]).unwrap_or_default();
        Self {
            name: text(&raw["name"]).unwrap_or_else(|| guid.clone()),
            kind: GroupType::read(&raw["type"]),
            icon: text(&raw["icon"]),
            description: text(&raw["description"]),
            owner: text(&raw["owner"]).unwrap_or_default(),
            metadata: object(&raw["metadata"]),
            tags: texts(&raw["tags"]),
            members_count: positive(&raw["membersCount"]).unwrap_or(0),
            conversation_id: text(&raw["conversationId"]).unwrap_or_else(|| format!("group_{guid}")),
            created_at: number(&raw["createdAt"]),
            updated_at: number(&raw["updatedAt"]),
            has_joined: raw["hasJoined"] == true,
            scope: MemberScope::read(&raw["scope"]),
            joined_at: number(&raw["joinedAt"]),
            guid,
            raw,
        }
    }
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// Who it is; `raw` of it is that of the member.
    pub user: User,
    /// What the member may do.
    pub scope: MemberScope,
    /// When the member came in.
    pub joined_at: Option<i64>,
}

impl From<Value> for Member {
    fn from(raw: Value) -> Self {
        let scope = MemberScope::read(&raw["scope"]).unwrap_or(MemberScope::Participant);
        Self { scope, joined_at: number(&raw["joinedAt"]), user: User::from(raw) }
    }
}

/// A user who is banned from a group.
#[derive(Clone, Debug, PartialEq)]
pub struct BannedUser {
    /// Who it is; `raw` of it is that of the ban.
    pub user: User,
    /// When the user was banned.
    pub banned_at: Option<i64>,
}

impl From<Value> for BannedUser {
    fn from(raw: Value) -> Self {
        Self { banned_at: number(&raw["bannedAt"]), user: User::from(raw) }
    }
}
