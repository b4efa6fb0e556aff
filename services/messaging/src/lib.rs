//! Conversations, messages and receipts; calls, reports of messages, and how much an app is used.
//!
//! A message's way: [`rpc`] checks it with what the directory knows, a writer stores it together with what else waits
//! in one transaction, the outbox relay publishes it. Reading never locks anything. Every table leads with the app.

mod access;
mod config;
mod consumer;
mod counters;
mod directory;
mod domain;
mod erasing;
mod error;
mod events;
mod indexing;
mod rpc;
mod service;
mod store;
mod view;
mod write;

use std::{sync::Arc, time::Duration};

use halley_apps::Apps;
use halley_bus::{Bus, BusError, outbox::Relay};
use halley_contracts::messaging::v1::{
    calls_service_server::CallsServiceServer, messaging_service_server::MessagingServiceServer,
    metrics_service_server::MetricsServiceServer, moderation_service_server::ModerationServiceServer,
};
use halley_kit::{Lifecycle, Transport, config::Validate as _};
use sqlx::PgPool;
use tonic::service::Routes;

pub use config::MessagingConfig;

use crate::{counters::Counters, directory::Directory, service::Messaging, write::Writers};

/// The schema of this service's database.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// The tables with rows of apps.
pub use store::APP_TABLES;

/// How long after the end of its time a ringing call is ended by the server: the client of who started it counts the same
/// seconds, from when it has the answer, and says by itself that nobody answered.
const RING_GRACE: Duration = Duration::from_secs(2);

/// What the service needs.
pub struct Dependencies {
    /// Its own database, migrated.
    pub pool: PgPool,
    /// Settings and limits of apps.
    pub apps: Apps,
    /// Events in and out.
    pub bus: Bus,
    /// Users and blocks. With a service's credential: it is asked as Halley itself.
    pub identity: Transport,
    /// Groups and members. With a service's credential.
    pub groups: Transport,
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
}

/// Starts the writers, the relay and the readers of events, and answers the routes to mount.
pub async fn start(config: MessagingConfig, needs: Dependencies) -> Result<Routes, StartError> {
    let faults = config.faults();
    if !faults.is_empty() {
        return Err(StartError::Config(faults));
    }
    let Dependencies { pool, apps, bus, identity, groups, lifecycle } = needs;
    let relay = Relay::start(pool.clone(), bus.clone(), lifecycle.stopping(), lifecycle.tracker());
    halley_apps::removal::start(apps.clone(), pool.clone(), APP_TABLES, &lifecycle);
    let directory = Directory::new(&config, identity, groups);
    directory.watch(&bus, lifecycle.stopping()).await?;
    let counters = Counters::default();
    counters.start(pool.clone(), &lifecycle);
    let writers = Writers::start(&config, &pool, &relay, &counters, &lifecycle);
    let call_max = Duration::from_secs(60 * u64::from(config.call_max_minutes));
    let call_ring = Duration::from_secs(config.call_ring_seconds.into()) + RING_GRACE;
    let messaging = Arc::new(Messaging { pool, apps, directory, writers, relay, counters, call_ring, call_max });
    indexing::start(messaging.pool.clone(), &lifecycle);
    erasing::start(messaging.pool.clone(), &lifecycle);
    consumer::start(Arc::clone(&messaging), bus, &lifecycle);
    rpc::sweep_calls(Arc::clone(&messaging), &lifecycle);
    Ok(Routes::new(MessagingServiceServer::new(rpc::Service(Arc::clone(&messaging))))
        .add_service(CallsServiceServer::new(rpc::Calls(Arc::clone(&messaging))))
        .add_service(ModerationServiceServer::new(rpc::Moderation(Arc::clone(&messaging))))
        .add_service(MetricsServiceServer::new(rpc::Metrics(messaging))))
}
