//! What a role lets its users do, as an edge asks it.

use std::collections::HashSet;

use halley_contracts::identity::v1::{GetRoleRightsResponse, RelationFilter};
use halley_kit::{PublicError, permissions as stored};
use halley_model::permissions::{self, Denied, Feature, Rights, RolePermission};
use serde_json::Value;

/// What a role lets its users do.
#[derive(Default)]
pub struct Role {
    id: String,
    restricted: HashSet<Feature>,
    /// What it permits.
    pub rights: Rights<RolePermission>,
}

impl Role {
    pub(crate) fn of(answer: &GetRoleRightsResponse) -> Self {
        let mut rights: Rights<RolePermission> = stored::rights(&answer.permissions);
        let role = answer.role.clone().unwrap_or_default();
        // The settings say the same as two of the modes; the narrower of the two holds.
        let settings = role.settings.unwrap_or_default();
        if settings.send_messages_to() == RelationFilter::FriendsOnly {
            rights.narrow_to_friends(RolePermission::SendMessageMode);
        }
        if settings.list_users() == RelationFilter::FriendsOnly {
            rights.narrow_to_friends(RolePermission::ListUsersMode);
        }
        let restricted = answer.restricted_features.iter().filter_map(|feature| Feature::parse(&feature.key));
        Self { id: role.role, rights, restricted: restricted.collect() }
    }

    /// The refusal, naming what is forbidden and the role.
    fn refusal(&self, what: &str) -> PublicError {
        PublicError::new(Denied::CODE, format!("The role {} does not permit {what}.", self.id))
    }

    /// What the rights said, as it is told to the caller.
    pub fn check<T>(&self, outcome: Result<T, Denied>) -> Result<T, PublicError> {
        outcome.map_err(|denied| self.refusal(denied.permission))
    }

    /// Refuses what is part of a restricted feature.
    pub fn check_feature(&self, feature: Feature) -> Result<(), PublicError> {
        if self.restricted.contains(&feature) { Err(self.refusal(feature.key())) } else { Ok(()) }
    }

    /// Refuses a call that the role forbids, whatever it is about. The path is as the router spells it, from behind the
    /// version. Restricted features bind logged-in users only.
    pub fn check_call(&self, method: &str, path: &str, is_logged_in: bool) -> Result<(), PublicError> {
        let Some(gates) = permissions::gates(method, path) else { return Ok(()) };
        if is_logged_in {
            gates.features.iter().try_for_each(|feature| self.check_feature(*feature))?;
        }
        for permission in &gates.permissions {
            // With an API key the same call adds members instead.
            if *permission != RolePermission::JoinGroup || is_logged_in {
                self.check(self.rights.permit(*permission, false))?;
            }
        }
        Ok(())
    }
}

/// The MIME types of a message's files; of a file that names none, the empty one, which is on no list.
pub(crate) fn mime_types(data_json: &str) -> Vec<String> {
    let Ok(data) = serde_json::from_str::<Value>(data_json) else { return Vec::new() };
    let attachments = data.get("attachments").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mime = |file: &Value| file.get("mimeType").and_then(Value::as_str).unwrap_or_default().to_owned();
    match attachments {
        [] if data.get("url").is_some() => vec![String::new()],
        files => files.iter().map(mime).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halley_contracts::identity::v1::{self as pb, RestrictedFeature};
    use halley_model::{ErrorCode, permissions::Value as Right};

    fn role(permission: &str, value: Right) -> Role {
        Role::of(&GetRoleRightsResponse {
            role: Some(pb::Role { role: "guest".to_owned(), ..Default::default() }),
            permissions: vec![stored::to_contract(permission, value)],
            restricted_features: vec![RestrictedFeature { key: "ban".to_owned(), created_at_ms: 1 }],
        })
    }

    #[test]
    fn a_refusal_names_the_role_and_what_it_may_not() {
        let role = role("sendMessage", Right::Word("deny".to_owned()));
        let error = role.check(role.rights.permit(RolePermission::SendMessage, true)).expect_err("denied");
        assert_eq!(error.code, ErrorCode::PermissionDenied);
        assert!(error.message.contains("guest") && error.message.contains("sendMessage"), "{}", error.message);
        assert!(role.check_feature(Feature::Ban).is_err() && role.check_feature(Feature::Unban).is_ok());
    }

    #[test]
    fn features_bind_those_who_are_logged_in_and_permissions_everybody() {
        let role = role("sendMessage", Right::Word("deny".to_owned()));
        let ban = "/groups/{guid}/bannedusers/{uid}";
        assert!(role.check_call("POST", ban, true).is_err() && role.check_call("POST", ban, false).is_ok());
        assert!(role.check_call("POST", "/messages", true).is_err());
        assert!(role.check_call("POST", "/messages", false).is_err());
        assert!(role.check_call("GET", "/messages", true).is_ok());
    }

    #[test]
    fn the_settings_narrow_the_modes() {
        let only = RelationFilter::FriendsOnly.into();
        let settings = pb::RoleSettings { list_users: only, send_messages_to: only };
        let role = pb::Role { settings: Some(settings), ..Default::default() };
        let role = Role::of(&GetRoleRightsResponse { role: Some(role), ..Default::default() });
        for mode in [RolePermission::SendMessageMode, RolePermission::ListUsersMode] {
            assert!(role.rights.asks_for_friends(mode), "{mode:?}");
        }
    }

    #[test]
    fn every_file_of_a_message_has_a_mime_type() {
        let data = r#"{"attachments":[{"url":"https://x/a","mimeType":"image/png"},{"url":"https://x/b"}]}"#;
        assert_eq!(mime_types(data), ["image/png", ""]);
        assert_eq!(mime_types(r#"{"url":"https://x/a"}"#), [""]);
        assert!(mime_types(r#"{"text":"x"}"#).is_empty());
    }
}
