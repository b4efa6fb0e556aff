//! What an edge remembers of users: who is active, what their roles let them do, who is whose friend.

use std::sync::Arc;

use halley_bus::Fact;
use halley_contracts::{
    events::v1::event::Body,
    identity::v1::{
        GetRelationRequest, GetRoleRightsRequest, GetUserRequest, User, identity_service_client::IdentityServiceClient,
    },
    messaging::v1::{ReceiverType, SendMessageRequest},
};
use halley_kit::{Caller, PublicError, Transport, transport::MESSAGE_MAX_BYTES};
use halley_model::{
    DEFAULT_ROLE, ErrorCode,
    permissions::{Feature, Outgoing, RolePermission},
};
use halley_wire::category_word;

use crate::{
    cache::Facts,
    role::{Role, mime_types},
};

/// Roles that are remembered: an app has 25 at most.
const ROLES_CACHED: u64 = 25_000;

/// What has become different.
pub enum Change {
    /// Users, by uid: their details, their role, whether they are active.
    Users(Vec<String>),
    /// What a role may do.
    Role(String),
    /// A role is gone, and whoever had it has another.
    RoleDeleted(String),
    /// Two are friends now, or not any more.
    Friendship(String, String),
}

/// Asked of identity once, and dropped when a fact says that it changed.
pub struct People {
    identity: Transport,
    users: Facts<(Arc<str>, String), Arc<User>>,
    /// By role.
    roles: Facts<(Arc<str>, String), Arc<Role>>,
    /// By two uids in order: whether they are friends.
    friendships: Facts<(Arc<str>, String, String), bool>,
}

impl People {
    /// Nobody yet, of at most so many users. Whoever makes it gives it all facts from then on ([`People::learn`]).
    pub fn new(identity: Transport, capacity: u64) -> Self {
        Self {
            identity,
            users: Facts::new(capacity),
            roles: Facts::new(ROLES_CACHED),
            friendships: Facts::new(capacity),
        }
    }

    /// Drops what a fact concerns.
    pub fn learn(&self, fact: &Fact<'_>) {
        let event = match fact {
            Fact::Lost => {
                self.users.distrust();
                self.roles.distrust();
                self.friendships.distrust();
                return;
            }
            Fact::Gap => {
                self.users.trust();
                self.roles.trust();
                self.friendships.trust();
                return;
            }
            Fact::Event(event) => event,
        };
        let change = match &event.body {
            Some(Body::UserChanged(changed)) => {
                Change::Users(changed.user.iter().map(|user| user.uid.clone()).collect())
            }
            Some(Body::RoleChanged(changed)) => Change::Role(changed.role.clone()),
            Some(Body::RelationChanged(changed)) => Change::Friendship(changed.uid.clone(), changed.other_uid.clone()),
            _ => return,
        };
        self.forget(&event.app_id, change);
    }

    /// Drops what a change concerns. What is being asked meanwhile is not kept either.
    pub fn forget(&self, app_id: &str, change: Change) {
        let app_id = app_id.to_owned();
        match change {
            Change::Users(uids) => self.users.forget(move |key, _| *key.0 == *app_id && uids.contains(&key.1)),
            Change::Role(role) => self.roles.forget(move |key, _| *key.0 == *app_id && key.1 == role),
            Change::RoleDeleted(role) => {
                let (app, gone) = (app_id.clone(), role.clone());
                self.users.forget(move |key, user| *key.0 == *app && user.role == gone);
                self.forget(&app_id, Change::Role(role));
            }
            Change::Friendship(uid, other) => {
                let (low, high) = in_order(&uid, &other);
                let (low, high) = (low.to_owned(), high.to_owned());
                self.friendships.forget(move |key, _| *key.0 == *app_id && key.1 == low && key.2 == high);
            }
        }
    }

    /// The active user of a uid, or ERR_UID_NOT_FOUND.
    pub async fn active_user(&self, app_id: &Arc<str>, uid: &str) -> Result<Arc<User>, PublicError> {
        self.users.get((Arc::clone(app_id), uid.to_owned()), self.ask_for_active_user(app_id, uid)).await
    }

    /// The same from identity itself, for what must not be given to somebody who was active a moment ago.
    pub async fn ask_for_active_user(&self, app_id: &str, uid: &str) -> Result<Arc<User>, PublicError> {
        let request = GetUserRequest { uid: uid.to_owned(), with_deactivated: false };
        let answer = self.identity().get_user(Caller::system(app_id).request(request)).await?;
        let user = answer.into_inner().user;
        user.map(Arc::new).ok_or_else(|| PublicError::new(ErrorCode::UidNotFound, ErrorCode::UidNotFound.meaning()))
    }

    /// The user whom a token stands for. A token of somebody who is deactivated or gone is dead, whatever the caches say.
    pub async fn token_user(&self, app_id: &Arc<str>, uid: &str) -> Result<Arc<User>, PublicError> {
        self.active_user(app_id, uid).await.map_err(|error| match error.code {
            ErrorCode::UidNotFound => {
                PublicError::new(ErrorCode::AuthTokenNotValid, ErrorCode::AuthTokenNotValid.meaning())
            }
            _ => error,
        })
    }

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
        self.roles.get((Arc::clone(app_id), role.to_owned()), fetch).await
    }

    /// Whether users are friends, asked only when the role's answer depends on it. Who acts for nobody is everybody's.
    pub async fn friends(
        &self,
        caller: &Caller,
        role: &Role,
        modes: &[RolePermission],
        other: &str,
    ) -> Result<bool, PublicError> {
        let Some(uid) = caller.acting_uid() else { return Ok(true) };
        if uid == other || !modes.iter().any(|mode| role.rights.asks_for_friends(*mode)) {
            return Ok(uid == other);
        }
        self.are_friends(&Arc::from(caller.app_id()), uid, other).await
    }

    async fn are_friends(&self, app_id: &Arc<str>, uid: &str, other: &str) -> Result<bool, PublicError> {
        let fetch = async {
            let request = GetRelationRequest { uid: uid.to_owned(), other_uid: other.to_owned() };
            let answer = self.identity().get_relation(Caller::system(app_id.as_ref()).request(request)).await?;
            Ok(answer.into_inner().friends)
        };
        let (low, high) = in_order(uid, other);
        self.friendships.get((Arc::clone(app_id), low.to_owned(), high.to_owned()), fetch).await
    }

    /// Refuses a message that the role of the acting user forbids to send.
    pub async fn check_sending(
        &self,
        caller: &Caller,
        role: &Role,
        request: &SendMessageRequest,
    ) -> Result<(), PublicError> {
        // A reply is one by whichever path it comes.
        if request.parent_id != 0 && caller.is_logged_in_user() {
            role.check_feature(Feature::CreateMessageThread)?;
        }
        if role.rights.is_default() {
            return Ok(());
        }
        let to_group = request.receiver_type() == ReceiverType::Group;
        let mut receiver_role = String::new();
        let mut friends = false;
        if !to_group {
            match self.active_user(&Arc::from(caller.app_id()), &request.receiver).await {
                Ok(user) => receiver_role.clone_from(&user.role),
                // The service has the better answer.
                Err(error) if error.code == ErrorCode::UidNotFound => {}
                Err(error) => return Err(error),
            }
            friends = self.friends(caller, role, &[RolePermission::SendMessageMode], &request.receiver).await?;
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

    fn identity(&self) -> IdentityServiceClient<Transport> {
        IdentityServiceClient::new(self.identity.clone()).max_decoding_message_size(MESSAGE_MAX_BYTES)
    }
}

fn in_order<'a>(a: &'a str, b: &'a str) -> (&'a str, &'a str) {
    if a < b { (a, b) } else { (b, a) }
}
