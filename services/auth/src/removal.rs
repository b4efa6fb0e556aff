//! Deletes archived apps for good when their time has come, a part of one at a time. The fact that it is done, and the row
//! that is left, make the other services delete what they have.

use std::{sync::Arc, time::Duration};

use halley_bus::outbox;
use halley_kit::{Lifecycle, time};

use crate::{Auth, error::AuthError, events, store::removals};

/// Between two parts: who logs in comes first.
const PAUSE: Duration = Duration::from_millis(20);
/// While there is nothing to do.
const IDLE: Duration = Duration::from_secs(5);

/// Deletes until the end of the process. Instances share the work.
pub fn start(auth: Arc<Auth>, lifecycle: &Lifecycle) {
    let stopping = lifecycle.stopping();
    lifecycle.spawn("deletion of archived apps", async move {
        loop {
            let pause = match remove_part(&auth).await {
                Ok(true) => PAUSE,
                Ok(false) => IDLE,
                Err(error) => {
                    tracing::warn!(%error, "archived apps can't be deleted now");
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

/// Does a part of what is to be done; false when there is nothing.
async fn remove_part(auth: &Auth) -> Result<bool, AuthError> {
    let mut transaction = halley_kit::postgres::begin(&auth.pool).await?;
    let now = time::now();
    let Some(app_id) = removals::take(&mut transaction, now).await? else { return Ok(false) };
    if removals::delete_tokens(&mut transaction, &app_id).await?
        || removals::part_with_actions(&mut transaction, &app_id).await?
    {
        transaction.commit().await?;
        return Ok(true);
    }
    removals::remove(&mut transaction, &app_id, now).await?;
    let pending = outbox::insert(&mut transaction, &[events::app_removed(&app_id)]).await?;
    transaction.commit().await?;
    auth.relay.publish_now(pending).await;
    tracing::info!(app = %app_id, "an archived app is deleted for good");
    Ok(true)
}
