//! Deletes what has had its time: ended sessions of operators, forgotten tries, what operators did long ago.

use std::{sync::Arc, time::Duration};

use halley_kit::{Lifecycle, time};

use crate::{
    Auth,
    error::AuthError,
    rpc::operators::{TRIES_KEPT, sessions},
    store::{operator_actions, operator_sessions},
};

/// Rows that are deleted at once.
const ROWS: i64 = 1000;
/// Between two parts: who logs in comes first.
const PAUSE: Duration = Duration::from_millis(20);
/// While there is nothing to do.
const IDLE: Duration = Duration::from_secs(3600);

/// Deletes until the end of the process. Instances do the same and don't mind each other.
pub fn start(auth: Arc<Auth>, lifecycle: &Lifecycle) {
    let stopping = lifecycle.stopping();
    lifecycle.spawn("deletion of old sessions and actions of operators", async move {
        loop {
            let pause = match delete_part(&auth).await {
                Ok(true) => PAUSE,
                Ok(false) => IDLE,
                Err(error) => {
                    tracing::warn!(%error, "old sessions and actions of operators can't be deleted now");
                    IDLE
                }
            };
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    });
}

/// Deletes a part; answers whether there may be more.
async fn delete_part(auth: &Auth) -> Result<bool, AuthError> {
    let now = time::now();
    let (used_since, tried_since) = (now - sessions::IDLE, now - TRIES_KEPT);
    let stale = operator_sessions::delete_stale(&auth.pool, now, used_since, tried_since, ROWS).await?;
    let old = operator_actions::delete_older(&auth.pool, now - auth.audited_for, ROWS).await?;
    Ok(stale || old)
}
