//! What the caller's role forbids: asked before any handler runs, and again where a handler knows what it is about.
//!
//! Which call is forbidden by what is one table, `permissions::gates`, which [`Role::check_call`] reads. Restricted features bind logged-in users only;
//! permissions bind whoever acts as a user, so that a call on behalf of somebody does not do what they may not. What the
//! scope in a group forbids is asked by the services that know the scope.

use axum::{
    extract::{FromRequestParts as _, MatchedPath, RawPathParams},
    http::{Method, request::Parts},
};
use halley_contracts::{
    groups::v1::{GetGroupRequest, GetMembershipRequest, GroupType},
    identity::v1::User,
    messaging::v1::{GetMessageRequest, ListMessagesRequest, Message, ReceiverType, SendMessageRequest},
};
use halley_edge::Role;
use halley_kit::PublicError;
use halley_model::{ErrorCode, permissions::RolePermission};
use halley_wire::{category_word, group_type, parse_category, parse_group_type, scope_word};

use crate::{
    caller::{Context, without_version},
    reply::ApiError,
};

/// The path of the calls that change a message.
const MESSAGE: &str = "/messages/{id}";

impl Context {
    /// Refuses a call that the caller's role forbids, whatever it is about.
    pub async fn check_call(&self, parts: &mut Parts) -> Result<(), ApiError> {
        let Some(role) = &self.role else { return Ok(()) };
        let path = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
        let path = without_version(path);
        role.check_call(parts.method.as_str(), path, self.caller.is_logged_in_user())?;
        match (&parts.method, path) {
            (&Method::PUT, MESSAGE) => self.check_scope(role, RolePermission::EditMessageDenyForScopes, parts).await,
            (&Method::DELETE, MESSAGE) => {
                self.check_scope(role, RolePermission::DeleteMessageDenyForScopes, parts).await
            }
            _ => Ok(()),
        }
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
            Some(member) => Ok(role.check(role.rights.allow(permission, scope_word(member.scope())))?),
            None => Ok(()),
        }
    }

    /// Whether users are friends, asked only when the role's answer depends on it.
    async fn friends(&self, role: &Role, modes: &[RolePermission], other: &str) -> Result<bool, ApiError> {
        Ok(self.people.friends(&self.caller, role, modes, other).await?)
    }

    /// Refuses a message that the role forbids to send.
    pub async fn check_sending(&self, request: &SendMessageRequest) -> Result<(), ApiError> {
        let Some(role) = &self.role else { return Ok(()) };
        Ok(self.people.check_sending(&self.caller, role, request).await?)
    }

    /// Refuses a call that the role forbids to start: whom users of the role may call. What forbids calls to groups is the
    /// scope in the group.
    pub async fn check_calling(&self, receiver_type: ReceiverType, receiver: &str) -> Result<(), ApiError> {
        let Some(role) = self.role.as_deref().filter(|role| !role.rights.is_default()) else { return Ok(()) };
        if receiver_type == ReceiverType::Group {
            return Ok(role.check(role.rights.permit(RolePermission::InitiateCall, false))?);
        }
        let receiver_role = match self.people.active_user(&self.app_id().into(), receiver).await {
            Ok(user) => user.role.clone(),
            // The service has the better answer.
            Err(error) if error.code == ErrorCode::UidNotFound => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let friends = self.friends(role, &[RolePermission::InitiateCallMode], receiver).await?;
        Ok(role.check(role.rights.may_call(friends, &receiver_role))?)
    }

    /// Refuses to show a user whom the role forbids to see.
    pub async fn check_seeing(&self, user: &User) -> Result<(), ApiError> {
        let Some(role) = &self.role else { return Ok(()) };
        if role.rights.is_default() || self.caller.acting_uid() == Some(&user.uid) {
            return Ok(());
        }
        let friends = self.friends(role, &[RolePermission::GetUserDetailsMode], &user.uid).await?;
        Ok(role.check(role.rights.may_see(friends, &user.role))?)
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
        Ok(role.check(role.rights.allow(RolePermission::ListMessagesAllowedMessageTypes, &message.r#type))?)
    }

    /// Refuses a group of a type that the role forbids to make.
    pub fn check_creating(&self, kind: GroupType) -> Result<(), ApiError> {
        let Some(role) = &self.role else { return Ok(()) };
        Ok(role.check(role.rights.allow(RolePermission::CreateGroupAllowedGroupTypes, group_type(kind)))?)
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
        Ok(role.check(role.rights.allow(permission, group_type(answer.group.unwrap_or_default().r#type())))?)
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
