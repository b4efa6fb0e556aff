//! Start, readiness and the orderly end of a process.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Handed to everything that runs: says when to stop and counts what still runs.
///
/// The end goes: not ready, `stopping` is cancelled, listeners and tasks finish, and what has not finished after
/// the grace period is dropped with the process.
#[derive(Clone, Default)]
pub struct Lifecycle {
    stopping: CancellationToken,
    tracker: TaskTracker,
    ready: Arc<AtomicBool>,
}

impl Lifecycle {
    /// A process that has just begun: not ready.
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancelled when the process should end.
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// What counts the running tasks.
    pub fn tracker(&self) -> TaskTracker {
        self.tracker.clone()
    }

    /// Runs a task that the end of the process waits for. It must watch [`Lifecycle::stopping`].
    pub fn spawn<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stopping = self.stopping.clone();
        self.tracker.spawn(async move {
            task.await;
            if !stopping.is_cancelled() {
                tracing::warn!(task = name, "a background task ended before its time");
            }
        });
    }

    /// Says that requests are welcome.
    pub fn set_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }

    /// Whether requests are welcome.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire) && !self.stopping.is_cancelled()
    }

    /// Begins the end.
    pub fn stop(&self) {
        self.ready.store(false, Ordering::Release);
        self.stopping.cancel();
    }

    /// Waits for every task, at most `grace`. False when some had to be left behind.
    pub async fn drain(&self, grace: Duration) -> bool {
        self.tracker.close();
        tokio::time::timeout(grace, self.tracker.wait()).await.is_ok()
    }
}

/// Waits for SIGTERM or SIGINT.
pub async fn end_signal() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
