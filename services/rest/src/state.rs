//! What handlers share: the ways to the services, and what is remembered of callers.

use std::sync::Arc;

use halley_bus::{Fact, watch_facts};
use halley_contracts::{
    auth::v1::{
        AuthenticateRequest, auth_service_client::AuthServiceClient, authenticate_request::Credential,
        authenticate_response::Principal,
    },
    events::v1::event::Body,
    groups::v1::groups_service_client::GroupsServiceClient,
    identity::v1::{GetUserRequest, User, identity_service_client::IdentityServiceClient},
    messaging::v1::messaging_service_client::MessagingServiceClient,
    realtime::v1::realtime_service_client::RealtimeServiceClient,
};
use halley_kit::{Caller, PublicError, Transport, transport::MESSAGE_MAX_BYTES};
use halley_model::ErrorCode;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use crate::{Dependencies, RestConfig, RestError, cache::Facts};

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
}

impl State {
    /// Connects the caches to the feed of facts.
    pub async fn start(config: RestConfig, needs: Dependencies) -> Result<Self, RestError> {
        let caches = Arc::new(Caches {
            sessions: Facts::new(config.sessions_cached),
            users: Facts::new(config.sessions_cached),
        });
        let told = Arc::clone(&caches);
        watch_facts(&needs.bus, needs.lifecycle.stopping(), move |fact| told.learn(fact)).await?;
        Ok(Self {
            turns: Arc::new(Semaphore::new(config.max_requests)),
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

    pub fn identity(&self) -> IdentityServiceClient<Transport> {
        IdentityServiceClient::new(self.identity.clone()).max_decoding_message_size(MESSAGE_MAX_BYTES)
    }

    pub fn groups(&self) -> GroupsServiceClient<Transport> {
        GroupsServiceClient::new(self.groups.clone()).max_decoding_message_size(MESSAGE_MAX_BYTES)
    }

    pub fn messaging(&self) -> MessagingServiceClient<Transport> {
        MessagingServiceClient::new(self.messaging.clone()).max_decoding_message_size(MESSAGE_MAX_BYTES)
    }

    pub fn realtime(&self) -> RealtimeServiceClient<Transport> {
        RealtimeServiceClient::new(self.realtime.clone()).max_decoding_message_size(MESSAGE_MAX_BYTES)
    }

    /// Whom a credential stands for. Refusals are not remembered.
    pub async fn session(&self, app_id: &str, credential: Credential) -> Result<Session, PublicError> {
        let key = credential_key(app_id, &credential);
        let fetch = async {
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
                return;
            }
            Fact::Gap => {
                self.sessions.trust();
                self.users.trust();
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
            Some(Body::AppChanged(_)) => self.sessions.forget(move |_, session| *session.app_id == *app_id),
            _ => {}
        }
    }
}
