//! What tests share: databases, a Redis, started platforms, waiting with timeouts.
//!
//! Everything panics instead of answering errors: a test that can't have its servers has failed.
#![expect(clippy::unwrap_used, reason = "test support panics")]

mod apps;
pub mod mutate;
pub mod platform;
mod servers;

use std::{future::Future, time::Duration};

pub use apps::{app_tables, execute, tables_holding, tables_with_rows, tables_with_rows_at};
pub use servers::{TestDatabase, database, empty_database, redis_url};

/// How long any wait may take.
pub const LIMIT: Duration = Duration::from_secs(10);

/// A name that nothing else has: the prefix with 12 random characters, fit for app ids, uids and guids.
pub fn unique(prefix: &str) -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    format!("{prefix}{}", &random[..12])
}

/// Asks again and again until there is an answer; panics after 10 s, naming what was awaited.
pub async fn eventually<T, F, Fut>(what: &str, mut ask: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    within(what, asking).await
}

/// Waits at most 10 s; panics naming what was awaited.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(LIMIT, future).await {
        Ok(answer) => answer,
        Err(_) => panic!("waited {} s for: {what}", LIMIT.as_secs()),
    }
}
