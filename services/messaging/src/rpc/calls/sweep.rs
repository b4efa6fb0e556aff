//! The end of calls that nobody ends.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use halley_kit::{Lifecycle, time};

use crate::{error::Result, service::Messaging, store::calls};

/// How often they are looked for.
const SWEEP: Duration = Duration::from_secs(60);
/// Calls that one statement ends.
const SWEEP_MAX: i64 = 500;

/// Ends calls that nobody has ended, until the end of the process.
pub(crate) fn sweep(messaging: Arc<Messaging>, lifecycle: &Lifecycle) {
    let stopping = lifecycle.stopping();
    lifecycle.spawn("sweep of calls", async move {
        loop {
            match messaging.end_stale_calls().await {
                Ok(0) => {}
                Ok(calls) => tracing::info!(calls, "calls that nobody ended are over"),
                Err(error) => tracing::warn!(%error, "calls that nobody ended are not looked for"),
            }
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(SWEEP) => {}
            }
        }
    });
}

impl Messaging {
    async fn end_stale_calls(&self) -> Result<u64> {
        let mut connection = self.pool.acquire().await?;
        let max = TimeDelta::from_std(self.call_max).unwrap_or(TimeDelta::MAX);
        Ok(calls::end_stale(&mut connection, self.oldest_call(time::now()), max, SWEEP_MAX).await?)
    }
}
