//! Makes up for messages that were stored before there was an index of what they are found by.

use std::time::Duration;

use halley_kit::Lifecycle;
use sqlx::PgPool;

use crate::store::unindexed;

/// Messages of one transaction.
const BATCH: i64 = 500;
/// Between two batches: who sends and reads comes first.
const PAUSE: Duration = Duration::from_millis(20);
/// After a failure.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Indexes what is not indexed, until nothing is left. Instances share the work.
pub(crate) fn start(pool: PgPool, lifecycle: &Lifecycle) {
    let stopping = lifecycle.stopping();
    lifecycle.spawn("indexing of older messages", async move {
        let mut indexed = 0;
        loop {
            let pause = match index_batch(&pool).await {
                Ok(0) => break,
                Ok(some) => {
                    indexed += some;
                    PAUSE
                }
                Err(error) => {
                    tracing::warn!(%error, "older messages can't be indexed now");
                    PAUSE_AFTER_FAILURE
                }
            };
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
        if indexed > 0 {
            tracing::info!(messages = indexed, "older messages can be searched now");
        }
        // A task that ends earlier is reported as one that broke.
        stopping.cancelled().await;
    });
}

async fn index_batch(pool: &PgPool) -> Result<usize, sqlx::Error> {
    let mut transaction = halley_kit::postgres::begin(pool).await?;
    let indexed = unindexed::index_some(&mut transaction, BATCH).await?;
    transaction.commit().await?;
    Ok(indexed)
}
