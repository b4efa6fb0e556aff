//! What is counted of messages and receipts, kept in memory and added to the database every few seconds.
//!
//! Counting costs a sender nothing but a short lock. A process that crashes loses what it counted since it last wrote; one
//! that stops writes first.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use halley_kit::{Lifecycle, time};
use sqlx::PgPool;

use crate::store::metrics;

/// How long a part of the statistics is.
pub(crate) const PART: TimeDelta = TimeDelta::minutes(5);
/// How often what was counted is written.
const INTERVAL: Duration = Duration::from_secs(10);
/// How long parts are kept: they are asked for during an hour.
const KEPT: TimeDelta = TimeDelta::hours(2);

/// Something that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    Sent,
    Read,
    Delivered,
}

/// What was counted of an app in a part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub sent: i64,
    pub read: i64,
    pub delivered: i64,
}

/// By the beginning of a part and app.
pub(crate) type Parts = HashMap<(DateTime<Utc>, String), Counts>;

/// The counters of a process. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Counters(Arc<Mutex<Parts>>);

/// The part that a time lies in.
pub(crate) fn part_of(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(PART).unwrap_or(at)
}

impl Counters {
    /// Counts something of an app.
    pub(crate) fn add(&self, app_id: &str, what: Counted, at: DateTime<Utc>) {
        let mut parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = parts.entry((part_of(at), app_id.to_owned())).or_default();
        match what {
            Counted::Sent => counts.sent += 1,
            Counted::Read => counts.read += 1,
            Counted::Delivered => counts.delivered += 1,
        }
    }

    fn take(&self) -> Parts {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Gives back what could not be written, unless nobody will ask for it any more.
    fn give_back(&self, parts: Parts, now: DateTime<Utc>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, counts) in parts {
            if key.0 + KEPT > now {
                let here = kept.entry(key).or_default();
                here.sent += counts.sent;
                here.read += counts.read;
                here.delivered += counts.delivered;
            }
        }
    }

    /// Adds what was counted to the database.
    pub(crate) async fn write(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        let parts = self.take();
        if parts.is_empty() {
            return Ok(());
        }
        let written = metrics::add_counts(pool, &parts).await;
        if written.is_err() {
            self.give_back(parts, time::now());
        }
        written
    }

    /// Writes now and then, and at the end of the process.
    pub(crate) fn start(&self, pool: PgPool, lifecycle: &Lifecycle) {
        let counters = self.clone();
        let stopping = lifecycle.stopping();
        lifecycle.spawn("counters", async move {
            loop {
                let ended = tokio::select! {
                    () = stopping.cancelled() => true,
                    () = tokio::time::sleep(INTERVAL) => false,
                };
                if let Err(error) = counters.write(&pool).await {
                    tracing::warn!(%error, "what was counted is not written yet");
                }
                if ended {
                    return;
                }
                if let Err(error) = metrics::delete_counts(&pool, time::now() - KEPT).await {
                    tracing::warn!(%error, "old counts are not taken away");
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).expect("time")
    }

    #[test]
    fn each_app_and_each_five_minutes_are_counted_apart() {
        let counters = Counters::default();
        counters.add("a", Counted::Sent, at(300));
        counters.add("a", Counted::Sent, at(599));
        counters.add("a", Counted::Read, at(599));
        counters.add("a", Counted::Delivered, at(600));
        counters.add("b", Counted::Sent, at(300));
        let parts = counters.take();
        assert_eq!(parts.len(), 3);
        assert_eq!(parts[&(at(300), "a".to_owned())], Counts { sent: 2, read: 1, delivered: 0 });
        assert_eq!(parts[&(at(600), "a".to_owned())], Counts { delivered: 1, ..Counts::default() });
        assert!(counters.take().is_empty());
    }

    #[test]
    fn what_could_not_be_written_is_kept_while_it_is_asked_for() {
        let counters = Counters::default();
        counters.add("a", Counted::Sent, at(300));
        let parts = counters.take();
        counters.add("a", Counted::Sent, at(310));
        counters.give_back(parts.clone(), at(400));
        assert_eq!(counters.take()[&(at(300), "a".to_owned())].sent, 2);
        counters.give_back(parts, at(300 + 7200));
        assert!(counters.take().is_empty());
    }
}
