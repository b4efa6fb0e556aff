//! Calls the webhooks of apps when something happens, and keeps a log of it.
//!
//! An event's way: [`consumer`] reads the durable stream and asks [`targets`] whom the app wants called, and for what;
//! [`happening`] and [`body`] make of the event what receivers are told; [`store`] keeps one row for each webhook and trigger
//! before the event is acknowledged. [`sender`] takes rows that are due, [`call`] makes the call, past the [`guard`] that
//! keeps it out of the own network. [`upkeep`] deletes what has had its time, and what deleted users leave.
//!
//! Whom to call is kept by auth, with the passwords: here is no row of a webhook.

use std::{sync::Arc, time::Duration};

use halley_apps::Apps;
use halley_bus::{Bus, BusError};
use halley_contracts::webhooks::v1::webhooks_service_server::WebhooksServiceServer;
use halley_kit::{Lifecycle, Transport, config::Validate as _, transport::MESSAGE_MAX_BYTES};
use sqlx::PgPool;
use tonic::service::Routes;

mod body;
mod call;
mod config;
mod consumer;
mod error;
mod guard;
mod happening;
mod people;
mod rpc;
mod sender;
mod service;
mod store;
mod targets;
mod upkeep;

pub use config::WebhooksConfig;

use crate::{call::Calls, people::People, service::Webhooks, targets::Targets};

/// The schema of this service's database.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// The tables with rows of apps.
pub use store::APP_TABLES;

/// What the service needs. The transports are a service's: it asks as Halley itself.
pub struct Dependencies {
    /// Its own database, migrated.
    pub pool: PgPool,
    /// Which apps were deleted.
    pub apps: Apps,
    /// Events, and the facts that keep the cache true.
    pub bus: Bus,
    /// Whom to call.
    pub auth: Transport,
    /// Users, where an event names them by their ids only.
    pub identity: Transport,
    /// Who was in a call.
    pub messaging: Transport,
    /// When to stop.
    pub lifecycle: Lifecycle,
}

/// Why the service can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is out of bounds.
    #[error("{}", .0.join("; "))]
    Config(Vec<String>),
    /// The feed of facts can't be read.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// There can be no HTTP client.
    #[error("the HTTP client: {0}")]
    Client(#[from] reqwest::Error),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Starts the reader of events, the sender and the upkeep, and answers the routes to mount.
pub async fn start(config: WebhooksConfig, needs: Dependencies) -> Result<Routes, StartError> {
    let faults = config.faults();
    if !faults.is_empty() {
        return Err(StartError::Config(faults));
    }
    let Dependencies { pool, apps, bus, auth, identity, messaging, lifecycle } = needs;
    halley_apps::removal::start(apps, pool.clone(), APP_TABLES, &lifecycle);
    let targets = Targets::start(auth, config.apps_cached, &bus, lifecycle.stopping()).await?;
    let began_at = store::deliveries::beginning(&pool).await?;
    let timeout = Duration::from_millis(config.timeout_ms.into());
    let calls = Calls::new(timeout, config.allow_internal)?;
    let people = People::new(identity, messaging);
    let wake = Arc::default();
    let webhooks = Arc::new(Webhooks { pool, targets, people, calls, config, began_at, wake });
    consumer::start(Arc::clone(&webhooks), bus, &lifecycle);
    sender::start(Arc::clone(&webhooks), &lifecycle);
    upkeep::start(Arc::clone(&webhooks), &lifecycle);
    let server = WebhooksServiceServer::new(rpc::Service(webhooks)).max_encoding_message_size(MESSAGE_MAX_BYTES);
    Ok(Routes::new(server))
}
