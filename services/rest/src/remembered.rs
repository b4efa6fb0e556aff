//! What an edge remembers of callers, and what makes it forget: facts from the feed, and changes made through the edge itself.

use std::sync::Arc;

use halley_bus::Fact;
use halley_contracts::{
    auth::v1::{authenticate_request::Credential, authenticate_response::Principal},
    events::v1::event::Body,
    identity::v1::User,
};
use sha2::{Digest as _, Sha256};

use crate::{cache::Facts, rights::Role};

/// A credential's cache key: its hash, so that no credential lies in memory longer than a request.
pub type CredentialKey = [u8; 32];

/// Roles that are remembered: an app has 25 at most.
const ROLES_CACHED: u64 = 25_000;

/// Whom a credential stands for, and in which app.
#[derive(Clone)]
pub struct Session {
    pub app_id: Arc<str>,
    pub principal: Principal,
}

/// What is remembered.
pub struct Remembered {
    pub sessions: Facts<CredentialKey, Session>,
    pub users: Facts<(Arc<str>, String), Arc<User>>,
    /// By role.
    pub roles: Facts<(Arc<str>, String), Arc<Role>>,
    /// By two uids in order: whether they are friends.
    pub friendships: Facts<(Arc<str>, String, String), bool>,
}

/// Something of an app that has become different.
pub enum Change {
    /// One credential does not stand for the same any more.
    Credential(Credential),
    /// Auth tokens and API keys by their ids; without ids all auth tokens of the user.
    Credentials { uid: String, ids: Vec<String> },
    /// Users, by uid: their details, their role, whether they are active.
    Users(Vec<String>),
    /// What a role may do.
    Role(String),
    /// A role is gone, and whoever had it has another.
    RoleDeleted(String),
    /// Two are friends now, or not any more.
    Friendship(String, String),
    /// The app itself.
    App,
}

impl Remembered {
    /// Nothing yet; at most so many of each.
    pub fn new(most: u64) -> Self {
        Self {
            sessions: Facts::new(most),
            users: Facts::new(most),
            roles: Facts::new(ROLES_CACHED),
            friendships: Facts::new(most),
        }
    }

    /// Drops what a fact concerns.
    pub fn learn(&self, fact: Fact<'_>) {
        let event = match fact {
            Fact::Lost => {
                self.sessions.distrust();
                self.users.distrust();
                self.roles.distrust();
                self.friendships.distrust();
                return;
            }
            Fact::Gap => {
                self.sessions.trust();
                self.users.trust();
                self.roles.trust();
                self.friendships.trust();
                return;
            }
            Fact::Event(event) => event,
        };
        let change = match &event.body {
            Some(Body::CredentialRevoked(revoked)) => {
                Change::Credentials { uid: revoked.uid.clone(), ids: revoked.credential_ids.clone() }
            }
            Some(Body::UserChanged(changed)) => {
                Change::Users(changed.user.iter().map(|user| user.uid.clone()).collect())
            }
            Some(Body::RoleChanged(changed)) => Change::Role(changed.role.clone()),
            Some(Body::RelationChanged(changed)) => Change::Friendship(changed.uid.clone(), changed.other_uid.clone()),
            Some(Body::AppChanged(_)) => Change::App,
            _ => return,
        };
        self.apply(&event.app_id, change);
    }

    /// Drops what a change concerns. What is being fetched meanwhile is not kept either.
    pub fn apply(&self, app_id: &str, change: Change) {
        let app_id = app_id.to_owned();
        match change {
            Change::Credential(credential) => {
                let gone = credential_key(&app_id, &credential);
                self.sessions.forget(move |key, _| *key == gone);
            }
            Change::Credentials { uid, ids } => self.sessions.forget(move |_, session| {
                *session.app_id == *app_id
                    && match &session.principal {
                        Principal::User(user) => user.uid == uid && (ids.is_empty() || ids.contains(&user.token_id)),
                        Principal::ApiKey(key) => ids.contains(&key.key_id),
                    }
            }),
            Change::Users(uids) => self.users.forget(move |key, _| *key.0 == *app_id && uids.contains(&key.1)),
            Change::Role(role) => self.roles.forget(move |key, _| *key.0 == *app_id && key.1 == role),
            Change::RoleDeleted(role) => {
                let (app, gone) = (app_id.clone(), role.clone());
                self.users.forget(move |key, user| *key.0 == *app && user.role == gone);
                self.apply(&app_id, Change::Role(role));
            }
            Change::Friendship(uid, other) => {
                let (low, high) = in_order(&uid, &other);
                let (low, high) = (low.to_owned(), high.to_owned());
                self.friendships.forget(move |key, _| *key.0 == *app_id && key.1 == low && key.2 == high);
            }
            Change::App => self.sessions.forget(move |_, session| *session.app_id == *app_id),
        }
    }
}

/// Two uids in the order of keys.
pub fn in_order<'a>(a: &'a str, b: &'a str) -> (&'a str, &'a str) {
    if a < b { (a, b) } else { (b, a) }
}

/// Where a credential's session is remembered.
pub fn credential_key(app_id: &str, credential: &Credential) -> CredentialKey {
    let (kind, value) = match credential {
        Credential::ApiKey(value) => ("key", value),
        Credential::AuthToken(value) => ("token", value),
        Credential::SessionToken(value) => ("session", value),
    };
    let mut hash = Sha256::new();
    for part in [kind, "\0", app_id, "\0", value] {
        hash.update(part);
    }
    hash.finalize().into()
}
