//! Groups and their members.

use halley_contracts::{
    groups::v1::{Group, GroupType, Member, MemberScope},
    identity::v1::User,
};
use halley_model::ConversationKey;
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::Value;

use crate::{
    user::UserJson,
    view::{Seconds, View, object_or_none},
};

/// A group, perhaps with the viewer's own membership.
pub struct GroupJson<'a> {
    /// Which.
    pub group: &'a Group,
    /// The viewer's own place in it.
    pub own: Option<&'a Member>,
    /// Tags are wanted.
    pub with_tags: bool,
    /// Everybody who sees this is a member: so it is in live events.
    pub joined_by_all: bool,
    /// More keys, of calls that answer more than the group.
    pub more: &'a [(&'a str, Value)],
}

impl<'a> GroupJson<'a> {
    /// A group as its member, or a stranger, sees it.
    pub fn new(group: &'a Group, own: Option<&'a Member>) -> Self {
        Self { group, own, with_tags: false, joined_by_all: false, more: &[] }
    }
}

/// The public word of a type.
pub fn group_type(kind: GroupType) -> &'static str {
    match kind {
        GroupType::Password => "password",
        GroupType::Private => "private",
        GroupType::Public | GroupType::Unspecified => "public",
    }
}

/// Reads the public word; one version of the docs calls the type password `protected`.
pub fn parse_group_type(word: &str) -> Option<GroupType> {
    match word {
        "public" => Some(GroupType::Public),
        "password" | "protected" => Some(GroupType::Password),
        "private" => Some(GroupType::Private),
        _ => None,
    }
}

/// The public word of a scope.
pub fn scope_word(scope: MemberScope) -> &'static str {
    match scope {
        MemberScope::Admin => "admin",
        MemberScope::Moderator => "moderator",
        MemberScope::Participant | MemberScope::Unspecified => "participant",
    }
}

/// Reads the public word of a scope.
pub fn parse_scope(word: &str) -> Option<MemberScope> {
    match word {
        "admin" => Some(MemberScope::Admin),
        "moderator" => Some(MemberScope::Moderator),
        "participant" => Some(MemberScope::Participant),
        _ => None,
    }
}

impl Serialize for GroupJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let group = self.group;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("guid", &group.guid)?;
        map.serialize_entry("name", &group.name)?;
        for (key, text) in [("description", &group.description), ("icon", &group.icon)] {
            if !text.is_empty() {
                map.serialize_entry(key, text)?;
            }
        }
        map.serialize_entry("type", group_type(group.r#type()))?;
        map.serialize_entry("owner", &group.owner)?;
        if let Some(metadata) = object_or_none(&group.metadata_json) {
            map.serialize_entry("metadata", metadata)?;
        }
        if self.with_tags {
            map.serialize_entry("tags", &group.tags)?;
        }
        map.serialize_entry("membersCount", &group.members_count)?;
        map.serialize_entry("conversationId", &ConversationKey::group(&group.guid).public())?;
        map.serialize_entry("createdAt", &Seconds(group.created_at_ms))?;
        if group.updated_at_ms != 0 {
            map.serialize_entry("updatedAt", &Seconds(group.updated_at_ms))?;
        }
        if !group.updated_by.is_empty() {
            map.serialize_entry("updatedBy", &group.updated_by)?;
        }
        if let Some(own) = self.own {
            map.serialize_entry("hasJoined", &true)?;
            map.serialize_entry("scope", scope_word(own.scope()))?;
            map.serialize_entry("joinedAt", &Seconds(own.joined_at_ms))?;
        } else {
            map.serialize_entry("hasJoined", &self.joined_by_all)?;
        }
        for (key, value) in self.more {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// A member: the user with its place in the group.
pub struct MemberJson<'a> {
    /// Who; one that identity no longer knows is shown by its uid.
    pub user: &'a User,
    /// Its place.
    pub member: &'a Member,
    /// Through whose eyes.
    pub view: View<'a>,
}

impl Serialize for MemberJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let more = [
            ("scope", Value::from(scope_word(self.member.scope()))),
            ("joinedAt", Value::from(self.member.joined_at_ms / 1000)),
        ];
        UserJson { more: &more, ..UserJson::new(self.user, self.view) }.serialize(serializer)
    }
}

/// A banned user.
pub struct BannedJson<'a> {
    /// Who.
    pub user: &'a User,
    /// Unix ms.
    pub banned_at_ms: i64,
    /// Through whose eyes.
    pub view: View<'a>,
}

impl Serialize for BannedJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let more = [("isBanned", Value::from(true)), ("bannedAt", Value::from(self.banned_at_ms / 1000))];
        UserJson { more: &more, ..UserJson::new(self.user, self.view) }.serialize(serializer)
    }
}
