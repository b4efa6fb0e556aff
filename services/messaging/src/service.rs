//! What every call shares.

use halley_bus::outbox::Relay;
use sqlx::PgPool;

use crate::{directory::Directory, write::Writers};

/// The running service.
pub(crate) struct Messaging {
    pub pool: PgPool,
    pub directory: Directory,
    pub writers: Writers,
    pub relay: Relay,
}
