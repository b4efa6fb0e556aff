//! The end of calls that nobody answers, and of those that nobody ends.
//!
//! What is to end stands in the database and nowhere else, so whichever instance is left does it.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use halley_contracts::messaging::v1::CallStatus;
use halley_kit::{Lifecycle, time};

use super::make;
use crate::{
    domain::call::{CallFault, StoredCall},
    error::{MessagingError, Result},
    service::Messaging,
    store::calls,
};

/// How often calls are looked for that nobody answers.
const RING_SWEEP: Duration = Duration::from_secs(1);
/// Those that one look ends. Each is a change of its own, with a message.
const RING_SWEEP_MAX: i64 = 200;
/// How often those are looked for that nobody ends.
const SWEEP: Duration = Duration::from_secs(60);
/// Calls that one statement ends.
const SWEEP_MAX: i64 = 500;

/// Ends calls that nobody has answered or ended, until the end of the process.
pub(crate) fn sweep(messaging: Arc<Messaging>, lifecycle: &Lifecycle) {
    let stopping = lifecycle.stopping();
    let of_rings = Arc::clone(&messaging);
    lifecycle.spawn("sweep of calls that ring", async move {
        while stopping.run_until_cancelled(tokio::time::sleep(RING_SWEEP)).await.is_some() {
            if let Err(error) = of_rings.end_unanswered_calls().await {
                tracing::warn!(%error, "calls that nobody answers are not looked for");
            }
        }
    });
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
    async fn end_unanswered_calls(&self) -> Result<()> {
        let now = time::now();
        let before = now - TimeDelta::from_std(self.call_ring).unwrap_or(TimeDelta::MAX);
        for (app_id, call) in calls::list_unanswered(&self.pool, self.oldest_call(now), before, RING_SWEEP_MAX).await? {
            match self.give_up(&app_id, &call).await {
                Ok(()) => {}
                // Another instance was first, somebody answered in the last moment, or the conversation is gone.
                Err(MessagingError::Call(
                    CallFault::Terminated | CallFault::OngoingToInvalid | CallFault::NotFound { .. },
                )) => {}
                Err(error) => tracing::warn!(%error, session = call.session_id, "a call that nobody answers goes on"),
            }
        }
        Ok(())
    }

    /// As if who started it had said so, from no device: all of theirs are told.
    async fn give_up(&self, app_id: &str, call: &StoredCall) -> Result<()> {
        let change = self.change_of(app_id, &call.initiator_uid, String::new(), call).await?;
        make(self, &change, call, CallStatus::Unanswered, None).await.map(drop)
    }

    async fn end_stale_calls(&self) -> Result<u64> {
        let mut connection = self.pool.acquire().await?;
        let max = TimeDelta::from_std(self.call_max).unwrap_or(TimeDelta::MAX);
        Ok(calls::end_stale(&mut connection, self.oldest_call(time::now()), max, SWEEP_MAX).await?)
    }
}
