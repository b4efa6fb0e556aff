//! What services know of apps: their settings, asked of auth once and kept until a fact says that they changed.
//!
//! A service works without auth: when it can't be asked, what was known last is believed, and of an app that was never
//! asked for, the defaults. Limits protect; they are not worth a refused message.
//!
//! Also what is to be done when an app is deleted for good: see [`removal`].

pub mod removal;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use halley_bus::{Bus, BusError, Fact, watch_facts};
use halley_contracts::{
    auth::v1::{GetAppRequest, ListRemovedAppsRequest, auth_service_client::AuthServiceClient},
    events::v1::{Event, event::Body},
};
use halley_kit::{Caller, PublicError, Transport, time};
use halley_model::AppSettings;
use moka::sync::Cache;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Apps that are remembered.
const APPS_CACHED: u64 = 10_000;
/// How long settings are believed without a fact: facts are rarely lost, and never for long.
const BELIEVED: Duration = Duration::from_secs(600);
/// How long auth is left alone after it could not be asked.
const PAUSE: Duration = Duration::from_secs(1);
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// The settings of apps. Cheap to clone.
#[derive(Clone)]
pub struct Apps {
    source: Arc<Source>,
    /// Marked when a fact tells that an app was deleted for good.
    removals: watch::Sender<()>,
}

enum Source {
    /// The same for every app.
    Fixed(Arc<AppSettings>),
    /// Of auth.
    Asked(Box<Asked>),
}

struct Asked {
    auth: Transport,
    fresh: Cache<String, Arc<AppSettings>>,
    /// What was known before a fact or the end of a belief; used when auth can't be asked.
    last: Cache<String, Arc<AppSettings>>,
    /// Apps that were asked for in vain a moment ago.
    in_vain: Cache<String, ()>,
    trusted: AtomicBool,
    changes: AtomicU64,
    warned: AtomicBool,
}

impl Apps {
    /// The same settings for every app: for tests, and where there is no auth.
    pub fn fixed(settings: AppSettings) -> Self {
        Self::new(Source::Fixed(Arc::new(settings)))
    }

    fn new(source: Source) -> Self {
        Self { source: Arc::new(source), removals: watch::Sender::new(()) }
    }

    /// Asks auth, and follows the feed of facts until `shutdown`. The transport is a service's: it asks as Halley itself.
    pub async fn start(auth: Transport, bus: &Bus, shutdown: CancellationToken) -> Result<Self, BusError> {
        let asked = Asked {
            auth,
            fresh: Cache::builder().max_capacity(APPS_CACHED).time_to_live(BELIEVED).build(),
            last: Cache::new(APPS_CACHED),
            in_vain: Cache::builder().max_capacity(APPS_CACHED).time_to_live(PAUSE).build(),
            trusted: AtomicBool::new(true),
            changes: AtomicU64::new(0),
            warned: AtomicBool::new(false),
        };
        let apps = Self::new(Source::Asked(Box::new(asked)));
        let told = apps.clone();
        watch_facts(bus, shutdown, move |fact| told.learn(&fact)).await?;
        Ok(apps)
    }

    /// An app's settings.
    pub async fn settings(&self, app_id: &str) -> Arc<AppSettings> {
        match self.source.as_ref() {
            Source::Fixed(settings) => Arc::clone(settings),
            Source::Asked(asked) => asked.settings(app_id).await,
        }
    }

    /// The apps that were deleted for good since a time, the oldest deletions first, with the times. No belief: auth must answer.
    pub async fn removed_since(&self, since: DateTime<Utc>) -> Result<Vec<(String, DateTime<Utc>)>, PublicError> {
        let Source::Asked(asked) = self.source.as_ref() else { return Ok(Vec::new()) };
        let mut request = tonic::Request::new(ListRemovedAppsRequest { since_ms: time::to_ms(since) });
        request.set_timeout(PATIENCE);
        let answer = AuthServiceClient::new(asked.auth.clone()).list_removed_apps(request).await?.into_inner();
        Ok(answer.apps.into_iter().filter_map(|app| Some((app.app_id, time::from_ms(app.removed_at_ms)?))).collect())
    }

    /// Changes whenever a fact tells that an app was deleted for good. Facts may be lost: ask now and then, too.
    pub fn removals(&self) -> watch::Receiver<()> {
        self.removals.subscribe()
    }

    fn learn(&self, fact: &Fact<'_>) {
        let Source::Asked(asked) = self.source.as_ref() else { return };
        match fact {
            Fact::Event(Event { app_id, body: Some(Body::AppChanged(changed)), .. }) => {
                if changed.removed {
                    self.removals.send_replace(());
                }
                asked.changes.fetch_add(1, Ordering::AcqRel);
                asked.fresh.invalidate(app_id);
                asked.in_vain.invalidate(app_id);
            }
            Fact::Event(_) => {}
            Fact::Lost => asked.trust(false),
            Fact::Gap => asked.trust(true),
        }
    }
}

impl Asked {
    /// While the feed is cut nothing fresh is kept.
    fn trust(&self, whole: bool) {
        self.trusted.store(whole, Ordering::Release);
        self.changes.fetch_add(1, Ordering::AcqRel);
        self.fresh.invalidate_all();
    }

    async fn settings(&self, app_id: &str) -> Arc<AppSettings> {
        let is_trusted = self.trusted.load(Ordering::Acquire);
        if is_trusted && let Some(settings) = self.fresh.get(app_id) {
            return settings;
        }
        // While the feed is cut, one question a second and app has to do: messages must not wait for each.
        if self.in_vain.contains_key(app_id) {
            return self.last_known(app_id);
        }
        let before = self.changes.load(Ordering::Acquire);
        match self.ask(app_id).await {
            Ok(settings) => {
                self.warned.store(false, Ordering::Relaxed);
                self.last.insert(app_id.to_owned(), Arc::clone(&settings));
                let is_whole = self.trusted.load(Ordering::Acquire);
                if !is_whole {
                    self.in_vain.insert(app_id.to_owned(), ());
                } else if self.changes.load(Ordering::Acquire) == before {
                    self.fresh.insert(app_id.to_owned(), Arc::clone(&settings));
                    // A fact that came meanwhile wins.
                    if self.changes.load(Ordering::Acquire) != before {
                        self.fresh.invalidate(app_id);
                    }
                }
                settings
            }
            Err(error) => {
                self.in_vain.insert(app_id.to_owned(), ());
                if !self.warned.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%error, "an app's settings can't be asked for; the last known ones or the defaults hold");
                }
                self.last_known(app_id)
            }
        }
    }

    fn last_known(&self, app_id: &str) -> Arc<AppSettings> {
        self.last.get(app_id).unwrap_or_default()
    }

    async fn ask(&self, app_id: &str) -> Result<Arc<AppSettings>, PublicError> {
        let request = GetAppRequest { app_id: app_id.to_owned() };
        let mut request = Caller::system(app_id).request(request);
        request.set_timeout(PATIENCE);
        let answer = AuthServiceClient::new(self.auth.clone()).get_app(request).await?;
        let app = answer.into_inner().app.unwrap_or_default();
        Ok(Arc::new(AppSettings::parse(&app.settings_json)))
    }
}

#[cfg(test)]
mod tests {
    use halley_model::Limit;

    use super::*;

    #[tokio::test]
    async fn fixed_settings_are_every_apps() {
        let apps = Apps::fixed(AppSettings::default().with_limit(Limit::Roles, 3));
        assert_eq!(apps.settings("one").await.limit(Limit::Roles), 3);
        assert_eq!(apps.settings("other").await.limit(Limit::ApiKeys), 25);
    }
}
