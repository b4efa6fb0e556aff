//! Whom the apps want called: asked of auth, remembered until a fact says that it changed.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use halley_bus::{Bus, BusError, Fact, fact_cache::FactCache, watch_facts};
use halley_contracts::{
    auth::v1::{ListWebhookTargetsRequest, WebhookTarget, webhook_targets_service_client::WebhookTargetsServiceClient},
    events::v1::{Event, event::Body},
};
use halley_kit::{PublicError, Transport, time};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// A webhook as it is called.
pub(crate) struct Target {
    pub webhook_id: String,
    pub url: String,
    /// User and password for HTTP Basic.
    pub login: Option<(String, SecretString)>,
    pub retries: bool,
    /// Whether it wants the newer envelope.
    pub is_current: bool,
    pub triggers: BTreeSet<String>,
    pub created_at: DateTime<Utc>,
}

/// The enabled webhooks of an app.
#[derive(Default)]
pub(crate) struct AppTargets {
    pub targets: Vec<Target>,
    pub region: String,
}

impl AppTargets {
    /// The webhook of an id, if it is to be called.
    pub(crate) fn find(&self, webhook_id: &str) -> Option<&Target> {
        self.targets.iter().find(|target| target.webhook_id == webhook_id)
    }
}

/// The webhooks of all apps. Most apps have none, which is remembered, too.
pub(crate) struct Targets {
    auth: Transport,
    known: Arc<FactCache<Arc<AppTargets>>>,
    /// Whether the feed of facts is whole.
    open: Arc<AtomicBool>,
}

impl Targets {
    /// Remembers the webhooks of so many apps, and follows the feed of facts until `shutdown`.
    pub(crate) async fn start(
        auth: Transport,
        apps: u64,
        bus: &Bus,
        shutdown: CancellationToken,
    ) -> Result<Self, BusError> {
        let targets =
            Self { auth, known: Arc::new(FactCache::new("webhooks", apps)), open: Arc::new(AtomicBool::new(true)) };
        let (known, open) = (Arc::clone(&targets.known), Arc::clone(&targets.open));
        watch_facts(bus, shutdown, move |fact| match fact {
            Fact::Event(Event { app_id, body: Some(Body::WebhooksChanged(_) | Body::AppChanged(_)), .. }) => {
                known.forget(app_id);
            }
            Fact::Event(_) => {}
            Fact::Lost => open.store(false, Ordering::Release),
            Fact::Gap => {
                known.forget_all();
                open.store(true, Ordering::Release);
            }
        })
        .await?;
        Ok(targets)
    }

    /// The webhooks of an app that are to be called.
    pub(crate) async fn of(&self, app_id: &str) -> Result<Arc<AppTargets>, PublicError> {
        let is_open = || self.open.load(Ordering::Acquire);
        if let Some(found) = self.known.get(app_id, is_open()) {
            return Ok(found);
        }
        let ticket = self.known.begin(app_id.to_owned());
        let mut request = tonic::Request::new(ListWebhookTargetsRequest { app_id: app_id.to_owned() });
        request.set_timeout(PATIENCE);
        let answer =
            WebhookTargetsServiceClient::new(self.auth.clone()).list_webhook_targets(request).await?.into_inner();
        let found = AppTargets { targets: answer.targets.into_iter().map(target).collect(), region: answer.region };
        let found = Arc::new(found);
        self.known.put(&ticket, Arc::clone(&found), is_open);
        Ok(found)
    }
}

fn target(given: WebhookTarget) -> Target {
    let webhook = given.webhook.unwrap_or_default();
    Target {
        login: webhook.use_basic_auth.then(|| (webhook.username, SecretString::from(given.password))),
        webhook_id: webhook.webhook_id,
        url: webhook.url,
        retries: webhook.retry_on_failure,
        is_current: webhook.version == 2,
        triggers: given.trigger_ids.into_iter().collect(),
        created_at: time::from_ms(webhook.created_at_ms).unwrap_or_default(),
    }
}
