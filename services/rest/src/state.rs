//! What handlers share: the ways to the services, and what is remembered of callers.

use std::sync::Arc;

use axum::http::request::Parts;
use halley_apps::Apps;
use halley_bus::{Fact, watch_facts};
use halley_contracts::{
    auth::v1::{
        AuthenticateRequest, auth_service_client::AuthServiceClient, authenticate_request::Credential,
        authenticate_response::Principal, management_service_client::ManagementServiceClient,
        push_tokens_service_client::PushTokensServiceClient,
    },
    events::v1::event::Body,
    groups::v1::groups_service_client::GroupsServiceClient,
    identity::v1::{GetUserRequest, User, identity_service_client::IdentityServiceClient},
    messaging::v1::{
        calls_service_client::CallsServiceClient, messaging_service_client::MessagingServiceClient,
        metrics_service_client::MetricsServiceClient, moderation_service_client::ModerationServiceClient,
    },
    realtime::v1::realtime_service_client::RealtimeServiceClient,
};
use halley_kit::{Caller, PublicError, Transport, transport::MESSAGE_MAX_BYTES};
use halley_model::{ErrorCode, field};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use crate::{
    Dependencies, RestConfig, RestError,
    cache::Facts,
    media::Media,
    rates::{Guesses, Rates},
    rights::Role,
};

/// A credential's cache key: its hash, so that no credential lies in memory longer than a request.
type CredentialKey = [u8; 32];

/// Whom a credential stands for, and in which app.
#[derive(Clone)]
pub struct Session {
    pub app_id: Arc<str>,
    pub principal: Principal,
}

/// The edge.
pub struct State {
    pub config: RestConfig,
    pub turns: Arc<Semaphore>,
    pub media: Media,
    pub apps: Apps,
    pub rates: Rates,
    pub guesses: Guesses,
    auth: Transport,
    identity: Transport,
    groups: Transport,
    messaging: Transport,
    realtime: Transport,
    caches: Arc<Caches>,
}

struct Caches {
    sessions: Facts<CredentialKey, Session>,
    users: Facts<(Arc<str>, String), Arc<User>>,
    /// By role.
    roles: Facts<(Arc<str>, String), Arc<Role>>,
    /// By two uids in order: whether they are friends.
    friendships: Facts<(Arc<str>, String, String), bool>,
}

/// Roles that are remembered: an app has 25 at most.
const ROLES_CACHED: u64 = 25_000;

impl State {
    /// Connects the caches to the feed of facts.
    pub async fn start(config: RestConfig, needs: Dependencies) -> Result<Self, RestError> {
        let caches = Arc::new(Caches {
            sessions: Facts::new(config.sessions_cached),
            users: Facts::new(config.sessions_cached),
            roles: Facts::new(ROLES_CACHED),
            friendships: Facts::new(config.sessions_cached),
        });
        if !config.media_url.is_empty() && field::url("media_url", &config.media_url).is_err() {
            return Err(RestError::MediaUrl);
        }
        let media = Media::open(&config, &needs)?;
        let told = Arc::clone(&caches);
        watch_facts(&needs.bus, needs.lifecycle.stopping(), move |fact| told.learn(fact)).await?;
        Ok(Self {
            turns: Arc::new(Semaphore::new(config.max_requests)),
            media,
            apps: needs.apps,
            rates: Rates::new(needs.bus),
            guesses: Guesses::new(config.rate_wrong_credentials),
            config,
            auth: needs.auth,
            identity: needs.identity,
            groups: needs.groups,
            messaging: needs.messaging,
            realtime: needs.realtime,
            caches,
        })
    }

    pub fn auth(&self) -> AuthServiceClient<Transport> {
        AuthServiceClient::new(self.auth.clone()).max_decoding_message_size(MESSAGE_MAX_BYTES)
    }

    pub fn management(&self) -> ManagementServiceClient<Transport> {
        ManagementServiceClient::new(self.auth.clone()).max_decoding_message_size(MESSAGE_MAX_BYTES)
    }

    pub fn push_tokens(&self) -> PushTokensServiceClient<Transport> {
        PushTokensServiceClient::new(self.auth.clone()).max_decoding_message_size(MESSAGE_MAX_BYTES)
    }

    pub fn identity(&self) -> IdentityServiceClient<Transport> {
        IdentityServiceClient::new(self.identity.clone()).max_decoding_message_size(MESSAGE_MAX_BYTES)
    }

    pub fn groups(&self) -> GroupsServiceClient<Transport> {
        GroupsServiceClient::new(self.groups.clone()).max_decoding_message_size(MESSAGE_MAX_BYTES)
    }

    pub fn messaging(&self) -> MessagingServiceClient<Transport> {
        MessagingServiceClient::new(self.messaging.clone()).max_decoding_message_size(MESSAGE_MAX_BYTES)
    }

    pub fn calls(&self) -> CallsServiceClient<Transport> {
        CallsServiceClient::new(self.messaging.clone()).max_decoding_message_size(MESSAGE_MAX_BYTES)
    }

    pub fn moderation(&self) -> ModerationServiceClient<Transport> {
        ModerationServiceClient::new(self.messaging.clone()).max_decoding_message_size(MESSAGE_MAX_BYTES)
    }

    pub fn metrics(&self) -> MetricsServiceClient<Transport> {
        MetricsServiceClient::new(self.messaging.clone()).max_decoding_message_size(MESSAGE_MAX_BYTES)
    }

    pub fn realtime(&self) -> RealtimeServiceClient<Transport> {
        RealtimeServiceClient::new(self.realtime.clone()).max_decoding_message_size(MESSAGE_MAX_BYTES)
    }

    /// Whom a request's credential stands for. Refusals are not remembered, but counted.
    pub async fn session(&self, parts: &Parts, app_id: &str, credential: Credential) -> Result<Session, PublicError> {
        let key = credential_key(app_id, &credential);
        let fetch = async {
            self.guesses.check(&self.config, parts)?;
            let request = AuthenticateRequest { app_id: app_id.to_owned(), credential: Some(credential) };
            let answer = self.auth().authenticate(request).await?.into_inner();
            let principal =
                answer.principal.ok_or_else(|| PublicError::internal("auth answered without a principal"))?;
            Ok(Session { app_id: app_id.into(), principal })
        };
        self.caches.sessions.get(key, fetch).await
    }

    /// The active user of a uid, or ERR_UID_NOT_FOUND.
    pub async fn active_user(&self, app_id: &Arc<str>, uid: &str) -> Result<Arc<User>, PublicError> {
        let fetch = async {
            let request = GetUserRequest { uid: uid.to_owned(), with_deactivated: false };
            let answer = self.identity().get_user(Caller::system(app_id.as_ref()).request(request)).await?;
            let user = answer.into_inner().user;
            user.map(Arc::new).ok_or_else(|| PublicError::new(ErrorCode::UidNotFound, ErrorCode::UidNotFound.meaning()))
        };
        self.caches.users.get((Arc::clone(app_id), uid.to_owned()), fetch).await
    }

    /// What is remembered of a role, fetched when it is not.
    pub async fn known_role(
        &self,
        app_id: &Arc<str>,
        role: &str,
        fetch: impl Future<Output = Result<Arc<Role>, PublicError>>,
    ) -> Result<Arc<Role>, PublicError> {
        self.caches.roles.get((Arc::clone(app_id), role.to_owned()), fetch).await
    }

    /// Whether two users are friends, fetched when it is not remembered.
    pub async fn known_friendship(
        &self,
        app_id: &Arc<str>,
        uid: &str,
        other: &str,
        fetch: impl Future<Output = Result<bool, PublicError>>,
    ) -> Result<bool, PublicError> {
        let (low, high) = in_order(uid, other);
        self.caches.friendships.get((Arc::clone(app_id), low.to_owned(), high.to_owned()), fetch).await
    }
}

fn in_order<'a>(a: &'a str, b: &'a str) -> (&'a str, &'a str) {
    if a < b { (a, b) } else { (b, a) }
}

fn credential_key(app_id: &str, credential: &Credential) -> CredentialKey {
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

impl Caches {
    fn learn(&self, fact: Fact<'_>) {
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
        let app_id = event.app_id.clone();
        match &event.body {
            Some(Body::CredentialRevoked(revoked)) => {
                let (uid, ids) = (revoked.uid.clone(), revoked.credential_ids.clone());
                self.sessions.forget(move |_, session| {
                    *session.app_id == *app_id
                        && match &session.principal {
                            Principal::User(user) => {
                                user.uid == uid && (ids.is_empty() || ids.contains(&user.token_id))
                            }
                            Principal::ApiKey(key) => ids.contains(&key.key_id),
                        }
                });
            }
            Some(Body::UserChanged(changed)) => {
                let uid = changed.user.as_ref().map(|user| user.uid.clone()).unwrap_or_default();
                self.users.forget(move |key, _| *key.0 == *app_id && key.1 == uid);
            }
            Some(Body::RoleChanged(changed)) => {
                let role = changed.role.clone();
                self.roles.forget(move |key, _| *key.0 == *app_id && key.1 == role);
            }
            Some(Body::RelationChanged(changed)) => {
                let (low, high) = in_order(&changed.uid, &changed.other_uid);
                let (low, high) = (low.to_owned(), high.to_owned());
                self.friendships.forget(move |key, _| *key.0 == *app_id && key.1 == low && key.2 == high);
            }
            Some(Body::AppChanged(_)) => self.sessions.forget(move |_, session| *session.app_id == *app_id),
            _ => {}
        }
    }
}
