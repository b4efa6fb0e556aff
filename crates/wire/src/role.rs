//! Roles.

use std::collections::BTreeMap;

use halley_contracts::identity::v1::{RelationFilter, Role};
use serde::{Serialize, Serializer, ser::SerializeMap as _};

use crate::view::{Seconds, object_or_none};

/// A role.
pub struct RoleJson<'a>(pub &'a Role);

impl Serialize for RoleJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let role = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("role", &role.role)?;
        map.serialize_entry("name", &role.name)?;
        if !role.description.is_empty() {
            map.serialize_entry("description", &role.description)?;
        }
        if let Some(metadata) = object_or_none(&role.metadata_json) {
            map.serialize_entry("metadata", metadata)?;
        }
        if let Some(settings) = &role.settings {
            let words = [("listUsers", settings.list_users()), ("sendMessagesTo", settings.send_messages_to())];
            let words: BTreeMap<&str, &str> =
                words.into_iter().filter_map(|(key, filter)| Some((key, word(filter)?))).collect();
            map.serialize_entry("settings", &words)?;
        }
        map.serialize_entry("createdAt", &Seconds(role.created_at_ms))?;
        if role.updated_at_ms != 0 {
            map.serialize_entry("updatedAt", &Seconds(role.updated_at_ms))?;
        }
        map.end()
    }
}

fn word(filter: RelationFilter) -> Option<&'static str> {
    match filter {
        RelationFilter::Unspecified => None,
        RelationFilter::All => Some("all"),
        RelationFilter::FriendsOnly => Some("friendsOnly"),
    }
}
