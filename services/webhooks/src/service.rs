//! What every task and call shares.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tokio::sync::Notify;

use crate::{WebhooksConfig, call::Calls, people::People, targets::Targets};

/// The running service.
pub(crate) struct Webhooks {
    pub pool: PgPool,
    pub targets: Targets,
    pub people: People,
    pub calls: Calls,
    pub config: WebhooksConfig,
    /// Since when webhooks are called in this installation.
    pub began_at: DateTime<Utc>,
    /// Tells this process's sender that something is due.
    pub wake: Arc<Notify>,
}
