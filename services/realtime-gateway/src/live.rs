//! What a node tells of itself besides its lease, and how many sockets there were over time.
//!
//! A node's state lies beside its lease and is worth as much as that: what a node that died left behind is told by nobody and
//! runs out. Sockets over time are counted once a minute by whichever node is first, for each app that has any and for
//! all of them together: four bytes a minute in one text a day and app, for seven days.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use halley_kit::time;
use redis::aio::ConnectionManager;
use serde::{Deserialize, Serialize};

use crate::error::GatewayError;

/// States of nodes.
pub const STATES: &str = "halley:nodes:state";
/// Apps whose sockets a node tells of; of more, those with the most.
const APPS_MAX: usize = 1000;
/// Bytes of a count.
const COUNT: i64 = 4;
const MINUTE_MS: i64 = 60_000;
const DAY_MINUTES: i64 = 1440;
/// For which counts are kept.
pub const KEPT_DAYS: i64 = 7;
/// Steps of one answer.
const STEPS_MAX: i64 = 1000;

/// Frames that came from sockets and went to them since the start.
#[derive(Default)]
pub struct Traffic {
    came: AtomicU64,
    went: AtomicU64,
}

impl Traffic {
    /// Counts a frame from a socket.
    pub fn came(&self) {
        self.came.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts frames to a socket.
    pub fn went(&self, frames: usize) {
        self.went.fetch_add(frames as u64, Ordering::Relaxed);
    }

    fn so_far(&self) -> (u64, u64) {
        (self.came.load(Ordering::Relaxed), self.went.load(Ordering::Relaxed))
    }
}

/// Makes rates of counts.
pub struct Meter {
    at: Instant,
    counts: (u64, u64),
}

impl Meter {
    /// Begins now.
    pub fn new() -> Self {
        Self { at: Instant::now(), counts: (0, 0) }
    }

    /// Frames a second, in and out, since the last reading.
    pub fn read(&mut self, traffic: &Traffic, now: Instant) -> (f64, f64) {
        let counts = traffic.so_far();
        let seconds = now.saturating_duration_since(self.at).as_secs_f64().max(0.001);
        let rate = |new: u64, old: u64| new.saturating_sub(old) as f64 / seconds;
        let rates = (rate(counts.0, self.counts.0), rate(counts.1, self.counts.1));
        (self.at, self.counts) = (now, counts);
        rates
    }
}

/// What a node tells of itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// The program's.
    pub version: String,
    /// Frames a second.
    pub frames_in: f64,
    pub frames_out: f64,
    /// Resident; 0: not known.
    pub memory_bytes: i64,
    /// Unix milliseconds.
    pub renewed_at_ms: i64,
}

impl State {
    /// Of now.
    pub fn of(rates: (f64, f64)) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            frames_in: rates.0,
            frames_out: rates.1,
            memory_bytes: memory_bytes(),
            renewed_at_ms: time::now_ms(),
        }
    }
}

/// The resident memory of this process, as Linux tells it.
fn memory_bytes() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<i64>().ok());
    kilobytes.unwrap_or_default() * 1024
}

/// A node's sockets by app.
fn by_app(node_id: &str) -> String {
    format!("halley:node:{node_id}:connections")
}

/// An app's counts of a day; without an app, those of all together.
fn counts(app_id: &str, day: i64) -> String {
    format!("halley:connections:{{{app_id}}}:{day}")
}

/// Tells a node's state, good for as long as `kept`.
pub async fn tell(
    redis: &mut ConnectionManager,
    node_id: &str,
    state: &State,
    sockets: HashMap<String, i64>,
    kept: Duration,
) -> Result<(), GatewayError> {
    let Ok(state) = serde_json::to_string(state) else { return Ok(()) };
    let mut sockets: Vec<(String, i64)> = sockets.into_iter().collect();
    sockets.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    sockets.truncate(APPS_MAX);
    let key = by_app(node_id);
    let mut pipe = redis::pipe();
    pipe.atomic().hset(STATES, node_id, state).ignore().del(&key).ignore();
    if !sockets.is_empty() {
        pipe.hset_multiple(&key, &sockets).ignore();
        pipe.expire(&key, i64::try_from(kept.as_secs()).unwrap_or(i64::MAX).max(1)).ignore();
    }
    let _: () = pipe.query_async(redis).await?;
    Ok(())
}

/// Forgets what a node told.
pub async fn forget(redis: &mut ConnectionManager, node_id: &str) -> Result<(), GatewayError> {
    let _: () = redis::pipe().hdel(STATES, node_id).ignore().del(by_app(node_id)).ignore().query_async(redis).await?;
    Ok(())
}

/// What nodes told, in their order; the sockets of all their apps, or of one alone.
pub async fn read(
    redis: &mut ConnectionManager,
    nodes: &[String],
    app_id: &str,
) -> Result<Vec<(State, HashMap<String, i64>)>, GatewayError> {
    if nodes.is_empty() {
        return Ok(Vec::new());
    }
    let mut pipe = redis::pipe();
    pipe.cmd("HMGET").arg(STATES).arg(nodes);
    let (states,): (Vec<Option<String>>,) = pipe.query_async(redis).await?;
    let sockets: Vec<HashMap<String, i64>> = if app_id.is_empty() {
        let mut pipe = redis::pipe();
        for node in nodes {
            pipe.hgetall(by_app(node));
        }
        pipe.query_async(redis).await?
    } else {
        let mut pipe = redis::pipe();
        for node in nodes {
            pipe.hget(by_app(node), app_id);
        }
        let counts: Vec<Option<i64>> = pipe.query_async(redis).await?;
        counts.into_iter().map(|count| count.map(|count| (app_id.to_owned(), count)).into_iter().collect()).collect()
    };
    // A node of an older program tells nothing.
    let state = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    Ok(states.into_iter().map(state).zip(sockets).collect())
}

/// Counts the sockets of this minute, unless another node has.
pub async fn count_minute(redis: &mut ConnectionManager, nodes: &[String], now_ms: i64) -> Result<(), GatewayError> {
    let minute = now_ms / MINUTE_MS;
    let taken: Option<String> = redis::cmd("SET")
        .arg(format!("halley:connections:minute:{minute}"))
        .arg(1)
        .arg("NX")
        .arg("EX")
        .arg(180)
        .query_async(redis)
        .await?;
    if taken.is_none() {
        return Ok(());
    }
    let mut sockets: HashMap<String, i64> = HashMap::new();
    for (_, of_node) in read(redis, nodes, "").await? {
        for (app_id, count) in of_node {
            *sockets.entry(app_id).or_default() += count;
        }
    }
    let all = sockets.values().sum();
    let mut rows: Vec<(String, i64)> = sockets.into_iter().collect();
    rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.1));
    rows.truncate(APPS_MAX);
    rows.push((String::new(), all));
    let (day, at) = (minute / DAY_MINUTES, minute % DAY_MINUTES);
    let mut pipe = redis::pipe();
    for (app_id, count) in rows {
        let key = counts(&app_id, day);
        let bytes = u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes();
        pipe.cmd("SETRANGE").arg(&key).arg(at * COUNT).arg(bytes.as_slice()).ignore();
        pipe.expire(&key, (KEPT_DAYS + 1) * 86_400).ignore();
    }
    let _: () = pipe.query_async(redis).await?;
    Ok(())
}

/// Counts between two times, in steps of so many seconds: the time of each step's beginning, and its highest count.
pub async fn series(
    redis: &mut ConnectionManager,
    app_id: &str,
    (from_ms, to_ms): (i64, i64),
    now_ms: i64,
) -> Result<(Vec<(i64, i64)>, i64), GatewayError> {
    let last = to_ms.min(now_ms) / MINUTE_MS;
    let first = (from_ms / MINUTE_MS).max(last - KEPT_DAYS * DAY_MINUTES);
    if first > last {
        return Ok((Vec::new(), 60));
    }
    let mut pipe = redis::pipe();
    let days = first / DAY_MINUTES..=last / DAY_MINUTES;
    for day in days.clone() {
        pipe.get(counts(app_id, day));
    }
    let texts: Vec<Option<Vec<u8>>> = pipe.query_async(redis).await?;
    let texts: HashMap<i64, Vec<u8>> = days.zip(texts).map(|(day, text)| (day, text.unwrap_or_default())).collect();
    let count = |minute: i64| {
        let place = usize::try_from(minute % DAY_MINUTES * COUNT).unwrap_or_default();
        let bytes = texts.get(&(minute / DAY_MINUTES)).and_then(|text| text.get(place..place + 4));
        bytes.and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes)
    };
    Ok(steps(first, last, count))
}

/// Minutes in steps, each with its highest count.
fn steps(first: i64, last: i64, count: impl Fn(i64) -> u32) -> (Vec<(i64, i64)>, i64) {
    let minutes = last - first + 1;
    let step = (minutes + STEPS_MAX - 1) / STEPS_MAX;
    let mut points = Vec::new();
    let mut at = first;
    while at <= last {
        let most = (at..(at + step).min(last + 1)).map(&count).max().unwrap_or_default();
        points.push((at * MINUTE_MS, i64::from(most)));
        at += step;
    }
    (points, step * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_of_the_time_between_two_readings() {
        let (traffic, mut meter) = (Traffic::default(), Meter::new());
        let begun = meter.at;
        traffic.went(10);
        traffic.came();
        assert_eq!(meter.read(&traffic, begun + Duration::from_secs(5)), (0.2, 2.0));
        assert_eq!(meter.read(&traffic, begun + Duration::from_secs(6)), (0.0, 0.0));
    }

    #[test]
    fn a_long_time_is_told_in_steps_with_their_highest_count() {
        let (points, step) = steps(10, 12, |minute| u32::try_from(minute).unwrap_or_default());
        assert_eq!((points, step), (vec![(600_000, 10), (660_000, 11), (720_000, 12)], 60));
        let (points, step) = steps(0, 2999, |minute| u32::try_from(minute).unwrap_or_default());
        assert_eq!((points.len(), step, points[0], points[999]), (1000, 180, (0, 2), (2997 * 60_000, 2999)));
    }

    #[test]
    fn this_process_has_some_memory() {
        assert!(memory_bytes() > 1_000_000);
    }
}
