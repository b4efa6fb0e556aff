//! What handlers share: the ways to the services, and what is remembered of callers.

use std::sync::Arc;

use axum::http::request::Parts;
use halley_apps::Apps;
use halley_bus::watch_facts;
use halley_contracts::{
    auth::v1::{
        AuthenticateRequest, auth_service_client::AuthServiceClient, authenticate_request::Credential,
        management_service_client::ManagementServiceClient, push_tokens_service_client::PushTokensServiceClient,
    },
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
use tokio::sync::Semaphore;

use crate::{
    Dependencies, RestConfig, RestError,
    media::Media,
    rates::{Guesses, Rates},
    remembered::{Change, Remembered, Session, credential_key, in_order},
    rights::Role,
};

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
    remembered: Arc<Remembered>,
}

impl State {
    /// Connects the caches to the feed of facts.
    pub async fn start(config: RestConfig, needs: Dependencies) -> Result<Self, RestError> {
        let remembered = Arc::new(Remembered::new(config.sessions_cached));
        if !config.media_url.is_empty() && field::url("media_url", &config.media_url).is_err() {
            return Err(RestError::MediaUrl);
        }
        let media = Media::open(&config, &needs)?;
        let told = Arc::clone(&remembered);
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
            remembered,
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
        self.remembered.sessions.get(key, fetch).await
    }

    /// Drops what is remembered of something that has changed.
    pub fn forget(&self, app_id: &str, change: Change) {
        self.remembered.apply(app_id, change);
    }

    /// The active user of a uid, or ERR_UID_NOT_FOUND.
    pub async fn active_user(&self, app_id: &Arc<str>, uid: &str) -> Result<Arc<User>, PublicError> {
        self.remembered.users.get((Arc::clone(app_id), uid.to_owned()), self.ask_for_active_user(app_id, uid)).await
    }

    /// The same from identity itself, for what must not be given to somebody who was active a moment ago.
    pub async fn ask_for_active_user(&self, app_id: &str, uid: &str) -> Result<Arc<User>, PublicError> {
        let request = GetUserRequest { uid: uid.to_owned(), with_deactivated: false };
        let answer = self.identity().get_user(Caller::system(app_id).request(request)).await?;
        let user = answer.into_inner().user;
        user.map(Arc::new).ok_or_else(|| PublicError::new(ErrorCode::UidNotFound, ErrorCode::UidNotFound.meaning()))
    }

    /// What is remembered of a role, fetched when it is not.
    pub async fn known_role(
        &self,
        app_id: &Arc<str>,
        role: &str,
        fetch: impl Future<Output = Result<Arc<Role>, PublicError>>,
    ) -> Result<Arc<Role>, PublicError> {
        self.remembered.roles.get((Arc::clone(app_id), role.to_owned()), fetch).await
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
        self.remembered.friendships.get((Arc::clone(app_id), low.to_owned(), high.to_owned()), fetch).await
    }
}
