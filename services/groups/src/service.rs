//! What every call shares.

use halley_apps::Apps;
use halley_bus::outbox::{self, Entry, Relay};
use sqlx::{PgPool, Postgres, Transaction};

use crate::{error::Result, password::Passwords};

/// The running service.
pub(crate) struct Groups {
    pub pool: PgPool,
    pub apps: Apps,
    pub passwords: Passwords,
    relay: Relay,
}

impl Groups {
    /// With everything at hand.
    pub(crate) fn new(pool: PgPool, apps: Apps, relay: Relay) -> Self {
        Self { pool, apps, passwords: Passwords::new(), relay }
    }

    /// Commits what was done together with what is told of it, and waits until it is told: who lost a right must not
    /// have it any more when the caller hears of the success.
    pub(crate) async fn commit(&self, mut transaction: Transaction<'_, Postgres>, entries: &[Entry]) -> Result<()> {
        let pending = outbox::insert(&mut transaction, entries).await?;
        transaction.commit().await?;
        self.relay.publish_now(pending).await;
        Ok(())
    }
}
