//! What the run counts, shared by all tasks.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use halley_client::Message;
use hdrhistogram::Histogram;
use tokio::sync::Notify;

use crate::mark::{Bits, Mark};
use crate::plan::Plan;

/// Histograms of one kind, to keep tasks out of each other's way.
const SHARDS: usize = 8;
/// Longest latency kept, in microseconds.
const LONGEST: u64 = 10 * 60 * 1_000_000;

pub struct Tally {
    pub plan: Plan,
    run: u32,
    started: Instant,
    warm_up: Duration,
    pub acknowledged: AtomicU64,
    pub acknowledged_measured: AtomicU64,
    /// First deliveries to a user who should get the message.
    pub delivered: AtomicU64,
    pub delivered_measured: AtomicU64,
    /// Microseconds since the start.
    pub last_acknowledged_at: AtomicU64,
    pub last_delivered_at: AtomicU64,
    pub duplicated: AtomicU64,
    pub out_of_order: AtomicU64,
    pub misdirected: AtomicU64,
    pub sockets_closed: AtomicU64,
    to_acknowledge: Vec<Mutex<Histogram<u64>>>,
    to_deliver: Vec<Mutex<Histogram<u64>>>,
    /// Until the last receiver had it: of messages that were not outrun by the next of their worker.
    to_deliver_to_all: Mutex<Histogram<u64>>,
    heard: Vec<Mutex<Heard>>,
    slots: Vec<Slot>,
}

/// What one user's socket brought.
#[derive(Default)]
struct Heard {
    bits: Bits,
    last_ids: HashMap<String, u64>,
}

/// The message a worker waits for in a closed loop.
struct Slot {
    number: AtomicU64,
    missing: AtomicU32,
    done: Notify,
}

/// A task that panicked while it counted has spoilt one count at most.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn histograms() -> Vec<Mutex<Histogram<u64>>> {
    (0..SHARDS).map(|_| Mutex::new(histogram())).collect()
}

/// Of microseconds.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST, 3).expect("these bounds are valid")
}

fn sum(shards: &[Mutex<Histogram<u64>>]) -> Histogram<u64> {
    let mut total = lock(&shards[0]).clone();
    for shard in &shards[1..] {
        total += &*lock(shard);
    }
    total
}

impl Tally {
    pub fn new(plan: Plan, warm_up: Duration, workers: usize) -> Self {
        let slot = || Slot { number: AtomicU64::new(u64::MAX), missing: AtomicU32::new(0), done: Notify::new() };
        Self {
            plan,
            run: rand::random(),
            started: Instant::now(),
            warm_up,
            acknowledged: AtomicU64::new(0),
            acknowledged_measured: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            delivered_measured: AtomicU64::new(0),
            last_acknowledged_at: AtomicU64::new(0),
            last_delivered_at: AtomicU64::new(0),
            duplicated: AtomicU64::new(0),
            out_of_order: AtomicU64::new(0),
            misdirected: AtomicU64::new(0),
            sockets_closed: AtomicU64::new(0),
            to_acknowledge: histograms(),
            to_deliver: histograms(),
            to_deliver_to_all: Mutex::new(histogram()),
            heard: (0..plan.users()).map(|_| Mutex::default()).collect(),
            slots: (0..workers).map(|_| slot()).collect(),
        }
    }

    pub fn started(&self) -> Instant {
        self.started
    }

    /// Microseconds since the start.
    pub fn now(&self) -> u64 {
        self.started.elapsed().as_micros() as u64
    }

    pub fn mark(&self, worker: usize, number: u64, due: u64) -> Mark {
        Mark { run: self.run, worker, number, due }
    }

    fn is_measured(&self, due: u64) -> bool {
        u128::from(due) >= self.warm_up.as_micros()
    }

    pub fn expect_deliveries(&self, mark: Mark) {
        let slot = &self.slots[mark.worker];
        slot.number.store(u64::MAX, SeqCst);
        slot.missing.store(u32::try_from(self.plan.fan_out()).unwrap_or(u32::MAX), SeqCst);
        slot.number.store(mark.number, SeqCst);
    }

    /// Returns when everybody has the worker's message, or after the limit.
    pub async fn wait_delivered(&self, worker: usize, limit: Duration) {
        let slot = &self.slots[worker];
        let all = async {
            while slot.missing.load(SeqCst) > 0 {
                slot.done.notified().await;
            }
        };
        // A message that never arrives is counted at the end.
        drop(tokio::time::timeout(limit, all).await);
    }

    pub fn note_acknowledged(&self, mark: Mark) {
        let now = self.now();
        self.acknowledged.fetch_add(1, Relaxed);
        self.last_acknowledged_at.fetch_max(now, Relaxed);
        if self.is_measured(mark.due) {
            self.acknowledged_measured.fetch_add(1, Relaxed);
            lock(&self.to_acknowledge[mark.worker % SHARDS]).saturating_record(now.saturating_sub(mark.due));
        }
    }

    pub fn note_delivered(&self, user: usize, message: &Message) {
        let Some(mark) = message.muid.as_deref().and_then(Mark::from_muid).filter(|mark| mark.run == self.run) else {
            return;
        };
        let now = self.now();
        let Some(bit) = self.plan.bit_of(user, mark.number) else {
            self.misdirected.fetch_add(1, Relaxed);
            return;
        };
        {
            let mut heard = lock(&self.heard[user]);
            if !heard.bits.set(bit) {
                self.duplicated.fetch_add(1, Relaxed);
                return;
            }
            if !heard.is_in_order(message) {
                self.out_of_order.fetch_add(1, Relaxed);
            }
        }
        self.delivered.fetch_add(1, Relaxed);
        self.last_delivered_at.fetch_max(now, Relaxed);
        if self.is_measured(mark.due) {
            self.delivered_measured.fetch_add(1, Relaxed);
            lock(&self.to_deliver[user % SHARDS]).saturating_record(now.saturating_sub(mark.due));
        }
        self.count_down(mark);
    }

    fn count_down(&self, mark: Mark) {
        let Some(slot) = self.slots.get(mark.worker) else { return };
        if slot.number.load(SeqCst) == mark.number && slot.missing.fetch_sub(1, SeqCst) == 1 {
            if self.is_measured(mark.due) {
                lock(&self.to_deliver_to_all).saturating_record(self.now().saturating_sub(mark.due));
            }
            slot.done.notify_one();
        }
    }

    pub fn count_lost(&self, acknowledged: &[u64]) -> u64 {
        let guards: Vec<_> = self.heard.iter().map(lock).collect();
        let bits: Vec<&Bits> = guards.iter().map(|heard| &heard.bits).collect();
        self.plan.count_lost(acknowledged, &bits)
    }

    pub fn to_acknowledge(&self) -> Histogram<u64> {
        sum(&self.to_acknowledge)
    }

    pub fn to_deliver_to_all(&self) -> Histogram<u64> {
        lock(&self.to_deliver_to_all).clone()
    }

    pub fn to_deliver(&self) -> Histogram<u64> {
        sum(&self.to_deliver)
    }
}

impl Heard {
    fn is_in_order(&mut self, message: &Message) -> bool {
        let Some(last_id) = self.last_ids.get_mut(&message.conversation_id) else {
            self.last_ids.insert(message.conversation_id.clone(), message.id);
            return true;
        };
        let grows = message.id > *last_id;
        *last_id = message.id.max(*last_id);
        grows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(tally: &Tally, id: u64, number: u64) -> Message {
        let muid = tally.mark(0, number, 0).to_muid();
        let json = format!(
            r#"{{"id":"{id}","muid":"{muid}","conversationId":"c","category":"message","type":"text","data":{{}}}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn faults_are_told_apart() {
        let tally = Tally::new(Plan::Pairs { users: 2 }, Duration::ZERO, 1);
        // Even numbers are sent by user 0 to user 1.
        tally.note_delivered(1, &message(&tally, 10, 0));
        tally.note_delivered(1, &message(&tally, 12, 4));
        tally.note_delivered(1, &message(&tally, 11, 2));
        tally.note_delivered(1, &message(&tally, 12, 4));
        tally.note_delivered(0, &message(&tally, 13, 6));
        assert_eq!(tally.delivered.load(Relaxed), 3);
        assert_eq!(tally.out_of_order.load(Relaxed), 1);
        assert_eq!(tally.duplicated.load(Relaxed), 1);
        assert_eq!(tally.misdirected.load(Relaxed), 1);
        assert_eq!(tally.count_lost(&[0, 2, 4]), 0);
        assert_eq!(tally.count_lost(&[0, 2, 4, 6, 8]), 2);
        assert_eq!(tally.to_deliver().len(), 3);
    }

    #[tokio::test]
    async fn a_worker_waits_until_everybody_has_its_message() {
        let tally = Tally::new(Plan::Group { members: 3, senders: 1 }, Duration::ZERO, 1);
        tally.expect_deliveries(tally.mark(0, 7, 0));
        tally.note_delivered(1, &message(&tally, 1, 7));
        tally.wait_delivered(0, Duration::from_millis(1)).await;
        assert_eq!(tally.slots[0].missing.load(SeqCst), 1);
        tally.note_delivered(2, &message(&tally, 1, 7));
        tally.wait_delivered(0, Duration::from_secs(60)).await;
        assert_eq!(tally.slots[0].missing.load(SeqCst), 0);
    }
}
