//! How much a user may upload on a day, counted in Redis over all processes.
//!
//! An upload is counted before it is read if its size is known; one that is refused for want of allowance is not counted, one
//! that fails later is. Uploads that begin in the same moment may pass the limit together. While Redis is away, uploads are
//! taken and not counted.

use std::time::Duration;

use halley_bus::Bus;
use halley_kit::time;

use super::MediaError;

/// A day, in milliseconds.
const DAY_MS: i64 = 86_400_000;
/// How long Redis keeps a day's counter: clocks of processes may be apart.
const KEPT: Duration = Duration::from_secs(90_000);
/// How long an upload waits for Redis.
const PATIENCE: Duration = Duration::from_millis(250);

/// Whose upload it is, and how many bytes the user may upload on a day.
#[derive(Debug, Clone, Copy)]
pub struct Uploader<'a> {
    /// The app's id.
    pub app: &'a str,
    /// `None`: the app itself, which may upload as much as it likes.
    pub uid: Option<&'a str>,
    /// Without a limit as good as endless.
    pub daily_bytes: usize,
}

/// What users uploaded today.
pub struct Allowance(Bus);

impl Allowance {
    /// Counted over that bus.
    pub fn new(bus: Bus) -> Self {
        Self(bus)
    }

    /// Counts an upload of so many bytes, unless it would pass the limit.
    pub async fn draw(&self, uploader: Uploader<'_>, bytes: u64) -> Result<(), MediaError> {
        let (Some(uid), Ok(limit)) = (uploader.uid, u64::try_from(uploader.daily_bytes)) else { return Ok(()) };
        if uploader.daily_bytes == usize::MAX {
            return Ok(());
        }
        let counter = format!("halley:uploads:{}:{uid}:{}", uploader.app, time::now_ms() / DAY_MS);
        let so_far = self.add(&counter, 0).await;
        if so_far.saturating_add(bytes) > limit {
            return Err(MediaError::DailyLimit(limit));
        }
        self.add(&counter, bytes).await;
        Ok(())
    }

    /// Answers what there is now.
    async fn add(&self, counter: &str, bytes: u64) -> u64 {
        match self.0.count(&[(counter.to_owned(), bytes)], KEPT, PATIENCE).await {
            Ok(counts) => counts.first().copied().unwrap_or_default(),
            Err(error) => {
                tracing::warn!(%error, "an upload is taken and not counted");
                0
            }
        }
    }
}
