//! Groups, their members and bans.
//!
//! A change of members locks its group's row, reads how everybody concerned stands, asks `halley_model::rights`, and
//! writes members, number of members and events in one transaction. What it tells is published before the answer.

mod access;
mod config;
mod consumer;
mod domain;
mod error;
mod events;
mod password;
mod rpc;
mod service;
mod store;

use std::{convert::Infallible, sync::Arc};

use halley_apps::Apps;
use halley_bus::{Bus, outbox::Relay};
use halley_contracts::groups::v1::groups_service_server::GroupsServiceServer;
use halley_kit::{Lifecycle, transport::MESSAGE_MAX_BYTES};
use sqlx::PgPool;
use tonic::service::Routes;

pub use config::GroupsConfig;

use crate::service::Groups;

/// The schema of this service's database.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// The tables with rows of apps.
pub use store::APP_TABLES;

/// What the service needs.
pub struct Dependencies {
    /// Its own database, migrated.
    pub pool: PgPool,
    /// Settings and limits of apps.
    pub apps: Apps,
    /// For the facts that it tells, and those that it acts on.
    pub bus: Bus,
    /// When to stop.
    pub lifecycle: Lifecycle,
}

/// Starts the relay and the reader of events, and answers the routes to mount. Nothing of it can fail yet.
pub async fn start(_config: GroupsConfig, needs: Dependencies) -> Result<Routes, Infallible> {
    let Dependencies { pool, apps, bus, lifecycle } = needs;
    let relay = Relay::start(pool.clone(), bus.clone(), lifecycle.stopping(), lifecycle.tracker());
    halley_apps::removal::start(apps.clone(), pool.clone(), APP_TABLES, &lifecycle);
    let groups = Arc::new(Groups::new(pool, apps, relay));
    consumer::start(Arc::clone(&groups), bus, &lifecycle);
    let server = GroupsServiceServer::new(rpc::Service(groups)).max_decoding_message_size(MESSAGE_MAX_BYTES);
    Ok(Routes::new(server))
}
