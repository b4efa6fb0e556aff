//! Users, roles, friends and blocks.
//!
//! Every table leads with the app. Whoever changes what is between users locks those users first, in the order of their
//! uids; whoever gives a user a role locks the role first. So no two calls wait for each other.

use std::convert::Infallible;

use halley_apps::Apps;
use halley_bus::{Bus, outbox::Relay};
use halley_contracts::identity::v1::identity_service_server::IdentityServiceServer;
use halley_kit::{Lifecycle, transport::MESSAGE_MAX_BYTES};
use sqlx::PgPool;
use tonic::service::Routes;

mod access;
mod config;
mod domain;
mod error;
mod events;
mod rpc;
mod store;

pub use config::IdentityConfig;

/// The migrations of this service's database.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// The tables with rows of apps.
pub use store::APP_TABLES;

/// What the service needs.
pub struct Dependencies {
    /// Its own database, migrated.
    pub pool: PgPool,
    /// Settings and limits of apps.
    pub apps: Apps,
    /// For the facts that it tells.
    pub bus: Bus,
    /// When to stop.
    pub lifecycle: Lifecycle,
}

/// Everything that a handler may use.
struct Identity {
    pool: PgPool,
    apps: Apps,
    relay: Relay,
}

/// Starts the relay and answers the routes to mount. Nothing of it can fail.
pub async fn start(_config: IdentityConfig, needs: Dependencies) -> Result<Routes, Infallible> {
    let Dependencies { pool, apps, bus, lifecycle } = needs;
    let relay = Relay::start(pool.clone(), bus, lifecycle.stopping(), lifecycle.tracker());
    halley_apps::removal::start(apps.clone(), pool.clone(), APP_TABLES, &lifecycle);
    let service =
        IdentityServiceServer::new(Identity { pool, apps, relay }).max_decoding_message_size(MESSAGE_MAX_BYTES);
    Ok(Routes::new(service))
}
