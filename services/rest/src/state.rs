//! What handlers share: the ways to the services, and what is remembered of callers.

use std::sync::Arc;

use axum::http::request::Parts;
use halley_apps::Apps;
use halley_bus::watch_facts;
use halley_contracts::{
    auth::v1::{
        AuthenticateRequest, auth_service_client::AuthServiceClient, authenticate_request::Credential,
        management_service_client::ManagementServiceClient, operators_service_client::OperatorsServiceClient,
        push_tokens_service_client::PushTokensServiceClient,
    },
    groups::v1::groups_service_client::GroupsServiceClient,
    identity::v1::identity_service_client::IdentityServiceClient,
    messaging::v1::{
        calls_service_client::CallsServiceClient, messaging_service_client::MessagingServiceClient,
        metrics_service_client::MetricsServiceClient, moderation_service_client::ModerationServiceClient,
    },
    realtime::v1::realtime_service_client::RealtimeServiceClient,
    webhooks::v1::webhooks_service_client::WebhooksServiceClient,
};
use halley_edge::{Change, People, Rates};
use halley_kit::{PublicError, Transport, transport::MESSAGE_MAX_BYTES};
use halley_model::field;
use tokio::sync::Semaphore;

use crate::{
    Dependencies, RestConfig, RestError,
    audit::Operations,
    media::Media,
    rates::Guesses,
    routes,
    sessions::{Ended, Session, Sessions, credential_key},
};

/// The edge.
pub struct State {
    pub config: RestConfig,
    pub turns: Arc<Semaphore>,
    pub media: Media,
    pub apps: Apps,
    pub rates: Rates,
    pub people: Arc<People>,
    pub guesses: Guesses,
    pub operations: Operations,
    auth: Transport,
    identity: Transport,
    groups: Transport,
    messaging: Transport,
    webhooks: Transport,
    realtime: Transport,
    sessions: Arc<Sessions>,
}

impl State {
    /// Connects the caches to the feed of facts.
    pub async fn start(config: RestConfig, needs: Dependencies) -> Result<Self, RestError> {
        let sessions = Arc::new(Sessions::new(config.sessions_cached));
        let people = Arc::new(People::new(needs.identity.clone(), config.sessions_cached));
        if !config.media_url.is_empty() && field::url("media_url", &config.media_url).is_err() {
            return Err(RestError::MediaUrl);
        }
        let media = Media::open(&config, &needs)?;
        let told = (Arc::clone(&people), Arc::clone(&sessions));
        watch_facts(&needs.bus, needs.lifecycle.stopping(), move |fact| {
            told.0.learn(&fact);
            told.1.learn(&fact);
        })
        .await?;
        Ok(Self {
            turns: Arc::new(Semaphore::new(config.max_requests)),
            media,
            apps: needs.apps,
            rates: Rates::new(needs.bus, config.rates()),
            people,
            guesses: Guesses::new(config.rate_wrong_credentials),
            operations: Operations::of(&routes::description()),
            config,
            auth: needs.auth,
            identity: needs.identity,
            groups: needs.groups,
            messaging: needs.messaging,
            webhooks: needs.webhooks,
            realtime: needs.realtime,
            sessions,
        })
    }

    pub fn auth(&self) -> AuthServiceClient<Transport> {
        AuthServiceClient::new(self.auth.clone()).max_decoding_message_size(MESSAGE_MAX_BYTES)
    }

    pub fn management(&self) -> ManagementServiceClient<Transport> {
        ManagementServiceClient::new(self.auth.clone()).max_decoding_message_size(MESSAGE_MAX_BYTES)
    }

    pub fn operators(&self) -> OperatorsServiceClient<Transport> {
        OperatorsServiceClient::new(self.auth.clone()).max_decoding_message_size(MESSAGE_MAX_BYTES)
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

    pub fn webhooks(&self) -> WebhooksServiceClient<Transport> {
        WebhooksServiceClient::new(self.webhooks.clone()).max_decoding_message_size(MESSAGE_MAX_BYTES)
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
        self.sessions.get(key, fetch).await
    }

    /// Drops sessions that have ended.
    pub fn end_sessions(&self, app_id: &str, ended: Ended) {
        self.sessions.forget(app_id, ended);
    }

    /// Drops what is remembered of users, roles and friendships.
    pub fn forget_people(&self, app_id: &str, change: Change) {
        self.people.forget(app_id, change);
    }
}
