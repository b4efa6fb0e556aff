//! Apps, API keys, auth tokens, push tokens, sessions and operators, and what operators do with apps.
//!
//! Adding an RPC: the proto, the codegen, a line in `rpc.rs`, its handler in `rpc/<area>.rs`, its SQL in `store/`, its test
//! in `tests/it`.

use std::sync::Arc;

use halley_bus::{Bus, outbox::Relay};
use halley_contracts::auth::v1::{
    auth_service_server::AuthServiceServer, management_service_server::ManagementServiceServer,
    operators_service_server::OperatorsServiceServer, push_tokens_service_server::PushTokensServiceServer,
    webhook_targets_service_server::WebhookTargetsServiceServer,
};
use halley_kit::{Lifecycle, MasterKey};
use sqlx::PgPool;
use tonic::service::Routes;

mod access;
mod config;
mod consumer;
mod error;
mod events;
mod password;
mod removal;
mod rpc;
mod seal;
mod session;
mod store;
mod upkeep;

pub use config::AuthConfig;
pub use error::AuthError;

/// The migrations of this service's database.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// What the service needs.
pub struct Dependencies {
    /// Its own database, migrated.
    pub pool: PgPool,
    /// For the facts that it tells, and those that it acts on.
    pub bus: Bus,
    /// What API keys, auth tokens and sessions are protected with.
    pub master_key: MasterKey,
    /// When to stop.
    pub lifecycle: Lifecycle,
}

/// Everything that a handler may use.
struct Auth {
    pool: PgPool,
    relay: Relay,
    seal: seal::Seal,
    sessions: session::Sessions,
    passwords: password::Passwords,
    /// From the archiving of an app to its deletion.
    archived_for: chrono::Duration,
    /// For which it is known what operators did.
    audited_for: chrono::Duration,
    /// Apps that an operator may own at once.
    apps_per_operator: i64,
}

/// Starts the service.
pub async fn start(config: AuthConfig, needs: Dependencies) -> Result<Routes, AuthError> {
    let lifecycle = &needs.lifecycle;
    let relay = Relay::start(needs.pool.clone(), needs.bus.clone(), lifecycle.stopping(), lifecycle.tracker());
    let auth = Arc::new(Auth {
        pool: needs.pool,
        relay,
        seal: seal::Seal::new(&needs.master_key),
        sessions: session::Sessions::new(&needs.master_key),
        passwords: password::Passwords::new().await?,
        archived_for: chrono::Duration::days(i64::from(config.archived_app_days)),
        audited_for: chrono::Duration::days(i64::from(config.audit_days.max(1))),
        apps_per_operator: i64::from(config.apps_per_operator),
    });
    consumer::start(Arc::clone(&auth), needs.bus, lifecycle);
    removal::start(Arc::clone(&auth), lifecycle);
    upkeep::start(Arc::clone(&auth), lifecycle);
    Ok(Routes::new(AuthServiceServer::from_arc(Arc::clone(&auth)))
        .add_service(ManagementServiceServer::from_arc(Arc::clone(&auth)))
        .add_service(OperatorsServiceServer::from_arc(Arc::clone(&auth)))
        .add_service(PushTokensServiceServer::from_arc(Arc::clone(&auth)))
        .add_service(WebhookTargetsServiceServer::from_arc(auth)))
}
