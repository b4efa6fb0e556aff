//! Deletes what has had its time, bounds what waits, and erases deleted users.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use halley_kit::{Lifecycle, time};

use crate::{
    call::Attempt,
    error::Result,
    service::Webhooks,
    store::{deliveries, erasures},
};

/// Rows of one statement.
const ROWS: i64 = 1000;
/// Between two rounds.
const PAUSE: Duration = Duration::from_secs(1);
/// Rounds between two looks at old and surplus deliveries.
const ROUNDS: u32 = 30;

/// Works until the end of the process. Instances do the same and don't mind each other.
pub(crate) fn start(webhooks: Arc<Webhooks>, lifecycle: &Lifecycle) {
    let stopping = lifecycle.stopping();
    lifecycle.spawn("upkeep of deliveries", async move {
        let mut round = 0;
        loop {
            let more = match work(&webhooks, round % ROUNDS == 0).await {
                Ok(more) => more,
                Err(error) => {
                    tracing::warn!(%error, "deliveries are not looked after now");
                    false
                }
            };
            if !more {
                round = round.wrapping_add(1);
            }
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(if more { Duration::from_millis(20) } else { PAUSE }) => {}
            }
        }
    });
}

/// Does a part; answers whether there is more.
async fn work(webhooks: &Webhooks, also_old: bool) -> Result<bool> {
    if erasures::erase_part(&webhooks.pool, &Attempt::none("erased")).await? {
        return Ok(true);
    }
    if !also_old {
        return Ok(false);
    }
    let (pool, config) = (&webhooks.pool, &webhooks.config);
    let surplus = Attempt::none("too-many");
    let given_up = deliveries::give_up_surplus(pool, config.waiting_max.into(), &surplus, ROWS).await?;
    metrics::counter!("halley_webhooks_given_up_total").increment(given_up);
    let before = time::now() - TimeDelta::days(config.keep_days.into());
    let old = deliveries::delete_older(pool, before, ROWS).await?;
    let over = deliveries::delete_surplus(pool, config.kept_per_app.into(), ROWS).await?;
    Ok(given_up + old + over > 0)
}
