//! The settings of this service.

use halley_kit::config::Validate;
use serde::Deserialize;

/// The section `[messaging]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MessagingConfig {
    /// Messages written in one transaction at most. Past 256 latency grows and nothing else.
    pub batch_max: usize,
    /// Microseconds that a batch waits for more messages. 0: it takes what is there; while one batch commits the next
    /// one gathers by itself.
    pub linger_us: u64,
    /// Batches written at the same time. A conversation always goes through the same one.
    pub writers: usize,
    /// Messages that may wait to be written, over all writers. What comes on top is refused at once.
    pub queue: usize,
    /// Users kept in memory.
    pub users_cached: u64,
    /// Groups kept in memory.
    pub groups_cached: u64,
    /// Memberships kept in memory.
    pub memberships_cached: u64,
    /// Pairs of users without a block kept in memory.
    pub relations_cached: u64,
    /// Seconds for which a call rings: nobody has answered it after that.
    pub call_ring_seconds: u32,
    /// Minutes from the beginning of a call after which it is over, should nobody have ended it.
    pub call_max_minutes: u32,
}

impl Default for MessagingConfig {
    fn default() -> Self {
        Self {
            batch_max: 256,
            linger_us: 0,
            writers: 2,
            queue: 4096,
            users_cached: 100_000,
            groups_cached: 20_000,
            memberships_cached: 500_000,
            relations_cached: 200_000,
            call_ring_seconds: 45,
            call_max_minutes: 240,
        }
    }
}

impl Validate for MessagingConfig {
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !(1..=1024).contains(&self.batch_max) {
            faults.push("messaging.batch_max: must be 1 to 1024".to_owned());
        }
        if self.linger_us > 100_000 {
            faults.push("messaging.linger_us: must be 100000 or less".to_owned());
        }
        if !(1..=64).contains(&self.writers) {
            faults.push("messaging.writers: must be 1 to 64".to_owned());
        }
        if !(1..=3600).contains(&self.call_ring_seconds) {
            faults.push("messaging.call_ring_seconds: must be 1 to 3600".to_owned());
        }
        if !(1..=10_080).contains(&self.call_max_minutes) {
            faults.push("messaging.call_max_minutes: must be 1 to 10080".to_owned());
        }
        if self.queue < self.writers {
            faults.push("messaging.queue: must not be less than messaging.writers".to_owned());
        }
        faults
    }
}
