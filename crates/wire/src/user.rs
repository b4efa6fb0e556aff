//! Users.

use std::borrow::Cow;

use halley_contracts::identity::v1::User;
use halley_model::{APP_SYSTEM_UID, DEFAULT_ROLE};
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::{Value, value::RawValue};

use crate::view::{Seconds, View, conversation_id_of, object_or_none};

/// How the viewer and a user stand to each other.
#[derive(Debug, Clone, Copy, Default)]
pub struct BlockState {
    /// When the viewer blocked the user, Unix ms; 0: not, or not known since when.
    pub blocked_by_me_at_ms: i64,
    /// The viewer blocked the user.
    pub blocked_by_me: bool,
    /// The user blocked the viewer.
    pub has_blocked_me: bool,
}

/// A user.
pub struct UserJson<'a> {
    /// Who.
    pub user: &'a User,
    /// Through whose eyes.
    pub view: View<'a>,
    /// What is known of blocks.
    pub blocks: BlockState,
    /// In the answer of a call that made one.
    pub auth_token: Option<&'a str>,
    /// More keys, of lists that show more than the user.
    pub more: &'a [(&'a str, Value)],
}

impl<'a> UserJson<'a> {
    /// A user with nothing but itself.
    pub fn new(user: &'a User, view: View<'a>) -> Self {
        Self { user, view, blocks: BlockState::default(), auth_token: None, more: &[] }
    }
}

impl Serialize for UserJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (user, view) = (self.user, self.view);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("uid", &user.uid)?;
        map.serialize_entry("name", name(user))?;
        for (key, text) in [("avatar", &user.avatar), ("link", &user.link), ("statusMessage", &user.status_message)] {
            if !text.is_empty() {
                map.serialize_entry(key, text)?;
            }
        }
        map.serialize_entry("role", if user.role.is_empty() { DEFAULT_ROLE } else { &user.role })?;
        map.serialize_entry("status", if view.is_online(&user.uid) { "available" } else { "offline" })?;
        if let Some(metadata) = metadata(&user.metadata_json, view.app_side) {
            map.serialize_entry("metadata", &*metadata)?;
        }
        if view.with_tags {
            map.serialize_entry("tags", &user.tags)?;
        }
        let times = [
            ("lastActiveAt", user.last_active_at_ms),
            ("createdAt", user.created_at_ms),
            ("updatedAt", user.updated_at_ms),
            ("deactivatedAt", user.deactivated_at_ms),
        ];
        for (key, at) in times {
            if at != 0 {
                map.serialize_entry(key, &Seconds(at))?;
            }
        }
        if let Some(viewer) = view.uid
            && viewer != user.uid
        {
            map.serialize_entry("conversationId", &conversation_id_of(viewer, &user.uid))?;
        }
        if self.blocks.blocked_by_me {
            map.serialize_entry("blockedByMe", &true)?;
        }
        if self.blocks.blocked_by_me_at_ms != 0 {
            map.serialize_entry("blockedByMeAt", &Seconds(self.blocks.blocked_by_me_at_ms))?;
            map.serialize_entry("blockedAt", &Seconds(self.blocks.blocked_by_me_at_ms))?;
        }
        if self.blocks.has_blocked_me {
            map.serialize_entry("hasBlockedMe", &true)?;
        }
        if let Some(token) = self.auth_token {
            map.serialize_entry("authToken", token)?;
        }
        for (key, value) in self.more {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// The app itself has no row of its own everywhere.
pub(crate) fn name(user: &User) -> &str {
    match user.name.as_str() {
        "" if user.uid == APP_SYSTEM_UID => "System",
        "" => &user.uid,
        name => name,
    }
}

/// Metadata without its private part, unless the app's server side looks.
pub(crate) fn metadata(json: &str, app_side: bool) -> Option<Cow<'_, RawValue>> {
    let whole = object_or_none(json)?;
    if app_side || !json.contains("@private") {
        return Some(Cow::Borrowed(whole));
    }
    let mut map: serde_json::Map<String, Value> = serde_json::from_str(json).ok()?;
    map.remove("@private");
    serde_json::value::to_raw_value(&map).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn absent_things_are_left_out_and_private_ones_hidden() {
        let user = User {
            uid: "ann".into(),
            name: "Ann".into(),
            metadata_json: r#"{"a":1,"@private":{"email":"x"}}"#.into(),
            created_at_ms: 1_690_000_000_000,
            ..Default::default()
        };
        let seen =
            serde_json::to_value(UserJson::new(&user, View { uid: Some("bob"), ..Default::default() })).expect("json");
        assert_eq!(
            seen,
            json!({"uid": "ann", "name": "Ann", "role": "default", "status": "offline", "metadata": {"a": 1},
                "createdAt": 1_690_000_000, "conversationId": "ann_user_bob"})
        );
        let whole =
            serde_json::to_value(UserJson::new(&user, View { app_side: true, ..Default::default() })).expect("json");
        assert_eq!(whole["metadata"]["@private"]["email"], "x");
    }
}
