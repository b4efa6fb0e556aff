//! The files of apps that were deleted for good are removed.
//!
//! No record says which files there are, so each process looks once at the folder of each app that was deleted lately: soon
//! after a fact tells of it, and at the latest within the hour. What a crash leaves is found after the next start.

use std::{collections::HashSet, time::Duration};

use halley_apps::Apps;
use halley_kit::{Lifecycle, time};

use super::Store;

/// How often auth is asked without a fact.
const LOOK_EVERY: Duration = Duration::from_secs(3600);
/// After a failure.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(60);
/// Deletions that are looked after: of the last 30 days, in milliseconds.
const LATELY_MS: i64 = 30 * 86_400_000;

/// Removes files until the end of the process.
pub fn start(apps: Apps, store: Store, lifecycle: &Lifecycle) {
    let stopping = lifecycle.stopping();
    lifecycle.spawn("removal of the files of deleted apps", async move {
        let mut told = apps.removals();
        let mut done = HashSet::new();
        loop {
            let is_all = tokio::select! {
                () = stopping.cancelled() => return,
                is_all = look(&apps, &store, &mut done) => is_all,
            };
            let pause = if is_all { LOOK_EVERY } else { PAUSE_AFTER_FAILURE };
            tokio::select! {
                () = stopping.cancelled() => return,
                Ok(()) = told.changed() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    });
}

/// Answers whether everything is removed that can be known of.
async fn look(apps: &Apps, store: &Store, done: &mut HashSet<String>) -> bool {
    let since = time::from_ms(time::now_ms() - LATELY_MS).unwrap_or_default();
    let removed = match apps.removed_since(since).await {
        Ok(removed) => removed,
        Err(error) => {
            tracing::warn!(error = %error.message, "auth can't be asked which apps were deleted");
            return false;
        }
    };
    // What is too old to be asked for is not held for ever.
    done.retain(|known| removed.iter().any(|(app, _)| app == known));
    let mut is_all = true;
    // A permit to upload may be used for a while.
    let settled = time::now() - LOOK_EVERY;
    for (app, removed_at) in removed {
        if done.contains(&app) {
            continue;
        }
        match store.remove_app(&app).await {
            Ok(count) => {
                tracing::info!(%app, files = count, "the files of a deleted app are removed");
                if removed_at < settled {
                    done.insert(app);
                }
            }
            Err(error) => {
                tracing::warn!(%error, %app, "the files of a deleted app can't be removed now");
                is_all = false;
            }
        }
    }
    is_all
}
