//! What the caller's role forbids: asked before any handler runs, and again where a handler knows what it is about.
//!
//! Which call is forbidden by what is one table, [`permissions::gates`]. Restricted features bind logged-in users only;
//! permissions bind whoever acts as a user, so that a call on behalf of somebody does not do what they may not. What the
//! scope in a group forbids is asked by the services that know the scope.

use std::{collections::HashSet, sync::Arc};

use axum::{
    extract::{FromRequestParts as _, MatchedPath, RawPathParams},
    http::request::Parts,
};
use halley_contracts::{
    groups::v1::{GetGroupRequest, GetMembershipRequest, GroupType},
    identity::v1::{GetRelationRequest, GetRoleRightsRequest, GetRoleRightsResponse, RelationFilter, User},
    messaging::v1::{GetMessageRequest, ListMessagesRequest, Message, ReceiverType, SendMessageRequest},
};
use halley_kit::{Caller, PublicError, permissions as stored};
use halley_model::{
    DEFAULT_ROLE, ErrorCode,
    permissions::{self, Denied, Feature, Outgoing, Rights, RolePermission},
};
use halley_wire::{category_word, group_type, parse_category, parse_group_type, scope_word};
use serde_json::Value;

use crate::{
    caller::{Context, without_version},
    reply::ApiError,
    state::State,
};

/// What a role lets its users do.
#[derive(Default)]
pub struct Role {
    id: String,
    rights: Rights<RolePermission>,
    restricted: HashSet<Feature>,
}

impl Role {
    fn of(answer: &GetRoleRightsResponse) -> Self {
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
    fn refusal(&self, what: &str) -> ApiError {
        PublicError::new(Denied::CODE, format!("The role {} does not permit {what}.", self.id)).into()
    }

    fn check<T>(&self, outcome: Result<T, Denied>) -> Result<T, ApiError> {
        outcome.map_err(|denied| self.refusal(denied.permission))
    }

    fn check_feature(&self, feature: Feature) -> Result<(), ApiError> {
        if self.restricted.contains(&feature) { Err(self.refusal(feature.key())) } else { Ok(()) }
    }
}

impl State {
    /// What a role lets its users do. Users of a role that is gone have the default one.
    pub async fn role(&self, app_id: &Arc<str>, role: &str) -> Result<Arc<Role>, PublicError> {
        let ask = async |role: &str| {
            let request = GetRoleRightsRequest { role: role.to_owned() };
            self.identity().get_role_rights(Caller::system(app_id.as_ref()).request(request)).await
        };
        let fetch = async {
            let answer = match ask(role).await {
                Err(status) if PublicError::from_status(&status).code == ErrorCode::RoleNotFound => {
                    ask(DEFAULT_ROLE).await?
                }
                answer => answer?,
            };
            Ok(Arc::new(Role::of(answer.get_ref())))
        };
        self.known_role(app_id, role, fetch).await
    }

    async fn are_friends(&self, app_id: &Arc<str>, uid: &str, other: &str) -> Result<bool, PublicError> {
        let fetch = async {
            let request = GetRelationRequest { uid: uid.to_owned(), other_uid: other.to_owned() };
            let answer = self.identity().get_relation(Caller::system(app_id.as_ref()).request(request)).await?;
            Ok(answer.into_inner().friends)
        };
        self.known_friendship(app_id, uid, other, fetch).await
    }
}

impl Context {
    /// Refuses a call that the caller's role forbids, whatever it is about.
    pub async fn check_call(&self, parts: &mut Parts) -> Result<(), ApiError> {
        let Some(role) = &self.role else { return Ok(()) };
        let path = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
        let Some(gates) = permissions::gates(parts.method.as_str(), without_version(path)) else { return Ok(()) };
        let logged_in = self.caller.is_logged_in_user();
        if logged_in {
            gates.features.iter().try_for_each(|feature| role.check_feature(*feature))?;
        }
        for permission in &gates.permissions {
            // With an API key the same call adds members instead.
            if *permission == RolePermission::JoinGroup && !logged_in {
                continue;
            }
            role.check(role.rights.permit(*permission, false))?;
            match permission {
                RolePermission::EditMessage => {
                    self.check_scope(role, RolePermission::EditMessageDenyForScopes, parts).await?;
                }
                RolePermission::DeleteMessage => {
                    self.check_scope(role, RolePermission::DeleteMessageDenyForScopes, parts).await?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Refuses who would change a message of a group in a scope that the role denies it for. What can't be found is left
    /// to the handler.
    async fn check_scope(&self, role: &Role, permission: RolePermission, parts: &mut Parts) -> Result<(), ApiError> {
        if role.rights.list(permission).is_empty() {
            return Ok(());
        }
        let Ok(params) = RawPathParams::from_request_parts(parts, &()).await else { return Ok(()) };
        let id = params.iter().find(|(name, _)| *name == "id").and_then(|(_, id)| id.parse().ok());
        let (Some(id), Some(uid)) = (id, self.caller.acting_uid()) else { return Ok(()) };
        let Some(message) = found(self.messaging().get_message(self.request(GetMessageRequest { id })).await)? else {
            return Ok(());
        };
        let message = message.message.unwrap_or_default();
        if message.receiver_type() != ReceiverType::Group {
            return Ok(());
        }
        let request = GetMembershipRequest { guid: message.receiver, uid: uid.to_owned() };
        let Some(answer) = found(self.groups().get_membership(self.system(request)).await)? else { return Ok(()) };
        match answer.member {
            Some(member) => role.check(role.rights.allow(permission, scope_word(member.scope()))),
            None => Ok(()),
        }
    }

    /// Whether users are friends, asked only when the role's answer depends on it.
    async fn friends(&self, role: &Role, modes: &[RolePermission], other: &str) -> Result<bool, ApiError> {
        let Some(uid) = self.caller.acting_uid() else { return Ok(true) };
        if uid == other || !modes.iter().any(|mode| role.rights.asks_for_friends(*mode)) {
            return Ok(uid == other);
        }
        Ok(self.are_friends(&Arc::from(self.app_id()), uid, other).await?)
    }

    /// Refuses a message that the role forbids to send.
    pub async fn check_sending(&self, request: &SendMessageRequest) -> Result<(), ApiError> {
        let Some(role) = &self.role else { return Ok(()) };
        // A reply is one by whichever path it comes.
        if request.parent_id != 0 && self.caller.is_logged_in_user() {
            role.check_feature(Feature::CreateMessageThread)?;
        }
        if role.rights.is_default() {
            return Ok(());
        }
        let to_group = request.receiver_type() == ReceiverType::Group;
        let mut receiver_role = String::new();
        let mut friends = false;
        if !to_group {
            match self.active_user(&Arc::from(self.app_id()), &request.receiver).await {
                Ok(user) => receiver_role.clone_from(&user.role),
                // The service has the better answer.
                Err(error) if error.code == ErrorCode::UidNotFound => {}
                Err(error) => return Err(error.into()),
            }
            friends = self.friends(role, &[RolePermission::SendMessageMode], &request.receiver).await?;
        }
        let category = category_word(request.category());
        let outgoing = Outgoing { to_group, friends, receiver_role: &receiver_role, category, kind: &request.r#type };
        role.check(role.rights.may_send(&outgoing))?;
        let mime = RolePermission::SendMessageAllowedMimeTypes;
        if !role.rights.list(mime).is_empty() {
            for file in mime_types(&request.data_json) {
                role.check(role.rights.allow(mime, &file))?;
            }
        }
        Ok(())
    }

    /// Refuses a call that the role forbids to start: whom users of the role may call. What forbids calls to groups is the
    /// scope in the group.
    pub async fn check_calling(&self, receiver_type: ReceiverType, receiver: &str) -> Result<(), ApiError> {
        let Some(role) = self.role.as_deref().filter(|role| !role.rights.is_default()) else { return Ok(()) };
        if receiver_type == ReceiverType::Group {
            return role.check(role.rights.permit(RolePermission::InitiateCall, false));
        }
        let receiver_role = match self.active_user(&Arc::from(self.app_id()), receiver).await {
            Ok(user) => user.role.clone(),
            // The service has the better answer.
            Err(error) if error.code == ErrorCode::UidNotFound => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let friends = self.friends(role, &[RolePermission::InitiateCallMode], receiver).await?;
        role.check(role.rights.may_call(friends, &receiver_role))
    }

    /// Refuses to show a user whom the role forbids to see.
    pub async fn check_seeing(&self, user: &User) -> Result<(), ApiError> {
        let Some(role) = &self.role else { return Ok(()) };
        if role.rights.is_default() || self.caller.acting_uid() == Some(&user.uid) {
            return Ok(());
        }
        let friends = self.friends(role, &[RolePermission::GetUserDetailsMode], &user.uid).await?;
        role.check(role.rights.may_see(friends, &user.role))
    }

    /// Narrows a list of users: the roles to list, and whether only friends are.
    pub fn narrow_users(&self, roles: Vec<String>) -> Result<(Vec<String>, bool), ApiError> {
        let Some(role) = &self.role else { return Ok((roles, false)) };
        let friends_only = role.rights.asks_for_friends(RolePermission::ListUsersMode);
        let roles = role.check(role.rights.narrow(RolePermission::ListUsersAllowedRoles, roles))?;
        Ok((roles, friends_only))
    }

    /// Narrows a list of messages to what the role lets its users see.
    pub fn narrow_messages(&self, asked: ListMessagesRequest) -> Result<ListMessagesRequest, ApiError> {
        let Some(role) = self.role.as_deref().filter(|role| !role.rights.is_default()) else { return Ok(asked) };
        let words = asked.categories().map(|category| category_word(category).to_owned()).collect();
        let words = role.check(role.rights.narrow(RolePermission::ListMessagesAllowedMessageCategories, words))?;
        let categories = words.iter().filter_map(|word| parse_category(word)).map(i32::from).collect();
        let allowed = RolePermission::ListMessagesAllowedMessageTypes;
        let types = role.check(role.rights.narrow(allowed, asked.types.clone()))?;
        Ok(ListMessagesRequest { categories, types, ..asked })
    }

    /// Refuses to show a message that a list would not show.
    pub fn check_showing(&self, message: &Message) -> Result<(), ApiError> {
        let Some(role) = &self.role else { return Ok(()) };
        let category = category_word(message.category());
        role.check(role.rights.allow(RolePermission::ListMessagesAllowedMessageCategories, category))?;
        role.check(role.rights.allow(RolePermission::ListMessagesAllowedMessageTypes, &message.r#type))
    }

    /// Refuses a group of a type that the role forbids to make.
    pub fn check_creating(&self, kind: GroupType) -> Result<(), ApiError> {
        let Some(role) = &self.role else { return Ok(()) };
        role.check(role.rights.allow(RolePermission::CreateGroupAllowedGroupTypes, group_type(kind)))
    }

    /// Narrows a list of groups to the types that the role lets its users list.
    pub fn narrow_groups(&self, asked: Vec<i32>) -> Result<Vec<i32>, ApiError> {
        let Some(role) = self.role.as_deref().filter(|role| !role.rights.is_default()) else { return Ok(asked) };
        let kinds = asked.iter().filter_map(|kind| GroupType::try_from(*kind).ok());
        let words = kinds.map(|kind| group_type(kind).to_owned()).collect();
        let words = role.check(role.rights.narrow(RolePermission::ListGroupsAllowedGroupTypes, words))?;
        Ok(words.iter().filter_map(|word| parse_group_type(word)).map(i32::from).collect())
    }

    /// Refuses to join a group of a type that the role forbids.
    pub async fn check_joining(&self, guid: &str) -> Result<(), ApiError> {
        let permission = RolePermission::JoinGroupAllowedGroupTypes;
        let Some(role) = self.role.as_deref().filter(|role| !role.rights.list(permission).is_empty()) else {
            return Ok(());
        };
        let request = GetGroupRequest { guid: guid.to_owned() };
        let Some(answer) = found(self.groups().get_group(self.request(request)).await)? else { return Ok(()) };
        role.check(role.rights.allow(permission, group_type(answer.group.unwrap_or_default().r#type())))
    }
}

/// An answer, unless there is no such thing, or it is not the caller's: that the handler says better.
fn found<T>(answer: Result<tonic::Response<T>, tonic::Status>) -> Result<Option<T>, ApiError> {
    match answer {
        Ok(answer) => Ok(Some(answer.into_inner())),
        Err(status) => {
            let error = PublicError::from_status(&status);
            if error.code.http() < 500 { Ok(None) } else { Err(error.into()) }
        }
    }
}

/// The MIME types of a message's files; of a file that names none, the empty one, which is on no list.
fn mime_types(data_json: &str) -> Vec<String> {
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
    use halley_model::permissions::Value as Right;

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
        let ApiError(error) = role.check(role.rights.permit(RolePermission::SendMessage, true)).expect_err("denied");
        assert_eq!(error.code, ErrorCode::PermissionDenied);
        assert!(error.message.contains("guest") && error.message.contains("sendMessage"), "{}", error.message);
        assert!(role.check_feature(Feature::Ban).is_err() && role.check_feature(Feature::Unban).is_ok());
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
