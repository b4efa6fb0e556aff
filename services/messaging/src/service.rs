//! What every call shares.

use std::time::Duration;

use halley_apps::Apps;
use halley_bus::outbox::Relay;
use sqlx::PgPool;

use crate::{counters::Counters, directory::Directory, write::Writers};

/// The running service.
pub(crate) struct Messaging {
    pub pool: PgPool,
    pub apps: Apps,
    pub directory: Directory,
    pub writers: Writers,
    pub relay: Relay,
    pub counters: Counters,
    /// How long a call rings, should nobody answer it.
    pub call_ring: Duration,
    /// How long a call goes on, should nobody end it.
    pub call_max: Duration,
}
