//! Sends what is due. A delivery is taken for half a minute before it is sent; a process that dies meanwhile leaves it to
//! others.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use halley_kit::{Lifecycle, time};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    call::Attempt,
    error::Result,
    service::Webhooks,
    store::deliveries::{self, Busy, Due, Outcome},
};

/// App id and webhook id.
type Key = (String, String);

/// Calls under way by webhook.
#[derive(Clone, Default)]
struct Calls(Arc<Mutex<HashMap<Key, i64>>>);

/// A call under way; it ends with this, whatever becomes of it.
struct Slot {
    calls: Calls,
    key: Key,
}

impl Calls {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, due: &Due) -> Slot {
        let key = (due.app_id.clone(), due.webhook_id.clone());
        *self.lock().entry(key.clone()).or_default() += 1;
        Slot { calls: self.clone(), key }
    }

    fn busy(&self) -> Vec<Busy> {
        let busy = |((app_id, webhook_id), calls): (&Key, &i64)| Busy {
            app_id: app_id.clone(),
            webhook_id: webhook_id.clone(),
            calls: *calls,
        };
        self.lock().iter().map(busy).collect()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut calls = self.calls.lock();
        if let Some(count) = calls.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                calls.remove(&self.key);
            }
        }
    }
}

/// Sends until the end of the process, which waits for calls under way.
pub(crate) fn start(webhooks: Arc<Webhooks>, lifecycle: &Lifecycle) {
    let stopping = lifecycle.stopping();
    lifecycle.spawn("sender of webhooks", async move { run(webhooks, stopping).await });
}

async fn run(webhooks: Arc<Webhooks>, stopping: CancellationToken) {
    let calls = Calls::default();
    let mut running = JoinSet::new();
    let most = webhooks.config.calls as usize;
    let poll = Duration::from_millis(webhooks.config.poll_ms.into());
    while !stopping.is_cancelled() {
        while running.try_join_next().is_some() {}
        let mut taken = match take(&webhooks, &calls, most.saturating_sub(running.len())).await {
            Ok(taken) => taken,
            Err(error) => {
                tracing::warn!(%error, "what is due can't be looked up");
                Vec::new()
            }
        };
        // The database answers them in no order.
        taken.sort_by_key(|due| due.delivery_id);
        for due in taken {
            let slot = calls.begin(&due);
            let webhooks = Arc::clone(&webhooks);
            running.spawn(async move {
                webhooks.send(&due).await;
                drop(slot);
            });
        }
        tokio::select! {
            () = stopping.cancelled() => {}
            () = webhooks.wake.notified() => {}
            // Its webhook may have more to send.
            Some(_) = running.join_next() => {}
            () = tokio::time::sleep(poll) => {}
        }
    }
    while running.join_next().await.is_some() {}
}

async fn take(webhooks: &Webhooks, calls: &Calls, room: usize) -> Result<Vec<Due>> {
    if room == 0 {
        return Ok(Vec::new());
    }
    let per_webhook = i64::from(webhooks.config.calls_per_webhook);
    let room = i64::try_from(room).unwrap_or(i64::MAX);
    Ok(deliveries::take(&webhooks.pool, &calls.busy(), per_webhook, room).await?)
}

impl Webhooks {
    async fn send(&self, due: &Due) {
        if let Err(error) = self.try_send(due).await {
            tracing::warn!(%error, delivery = %due.delivery_id, "a delivery is sent later, or once more");
        }
    }

    async fn try_send(&self, due: &Due) -> Result<()> {
        let app = match self.targets.of(&due.app_id).await {
            Ok(app) => app,
            Err(error) => {
                deliveries::put_back(&self.pool, due).await?;
                return Err(error.into());
            }
        };
        let Some(target) = app.find(&due.webhook_id) else {
            let attempt = Attempt::none("not-enabled");
            return Ok(deliveries::finish(&self.pool, due, &attempt, Outcome::GivenUp).await?);
        };
        let attempt = self.calls.call(target, due, time::now()).await;
        let retries = [self.config.first_retry_ms, self.config.second_retry_ms];
        let outcome = outcome(&attempt, target.retries, due.failures, retries);
        if outcome == Outcome::GivenUp {
            metrics::counter!("halley_webhooks_given_up_total").increment(1);
        }
        Ok(deliveries::finish(&self.pool, due, &attempt, outcome).await?)
    }
}

/// What becomes of a delivery that had so many failures before this call.
fn outcome(attempt: &Attempt, retries: bool, failures: i16, after_ms: [u32; 2]) -> Outcome {
    if attempt.is_success() {
        return Outcome::Delivered;
    }
    let after = usize::try_from(failures).ok().and_then(|failures| after_ms.get(failures));
    match after {
        Some(after) if retries => Outcome::Again(*after),
        _ => Outcome::GivenUp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_tried_twice_more_where_that_is_wanted() {
        let after = [10_000, 30_000];
        let (failed, fine) = (Attempt::none("timeout"), Attempt::none(""));
        assert_eq!(outcome(&failed, true, 0, after), Outcome::Again(10_000));
        assert_eq!(outcome(&failed, true, 1, after), Outcome::Again(30_000));
        assert_eq!(outcome(&failed, true, 2, after), Outcome::GivenUp);
        assert_eq!(outcome(&failed, false, 0, after), Outcome::GivenUp);
        assert_eq!(outcome(&fine, false, 2, after), Outcome::Delivered);
    }
}
