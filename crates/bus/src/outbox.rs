//! Events written in the transaction of what they tell of, and published after its commit.
//!
//! Every service's migrations contain
//!
//! ```sql
//! CREATE TABLE outbox (
//!     outbox_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT outbox_pkey PRIMARY KEY,
//!     channels text[] NOT NULL,
//!     durable boolean NOT NULL,
//!     payload bytea NOT NULL,
//!     created_at timestamptz NOT NULL DEFAULT now()
//! );
//! ```
//!
//! [`insert`] writes rows; after the commit [`Relay::publish`] hands them over: they are published in the order of
//! handing over, and their rows deleted. Rows that a crash or an outage left behind are published by a sweep. An event
//! may go out twice (published, but not deleted before a crash), never not at all.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use halley_contracts::events::v1::Event;
use prost::Message as _;
use sqlx::{PgConnection, PgPool};
use tokio::sync::{mpsc, oneshot};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{Bus, BusError, Channel, Outgoing};

/// An event and where it goes.
pub struct Entry {
    /// The event.
    pub event: Event,
    /// Live channels.
    pub channels: Vec<Channel>,
    /// Whether it also goes onto the durable stream.
    pub durable: bool,
}

/// Rows that were written and are not published yet.
#[derive(Debug, Default)]
pub struct Pending {
    rows: Vec<(i64, Outgoing)>,
}

impl Pending {
    /// Whether there is nothing to publish.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Joins another's rows behind these.
    pub fn extend(&mut self, other: Self) {
        self.rows.extend(other.rows);
    }
}

/// Writes events with one statement, inside the caller's transaction.
pub async fn insert(connection: &mut PgConnection, entries: &[Entry]) -> Result<Pending, sqlx::Error> {
    if entries.is_empty() {
        return Ok(Pending::default());
    }
    let outgoing: Vec<Outgoing> = entries
        .iter()
        .map(|entry| Outgoing {
            channels: entry.channels.clone(),
            durable: entry.durable,
            payload: entry.event.encode_to_vec().into(),
        })
        .collect();
    // Arrays of arrays must be rectangular in SQL, so channels travel as one text; names hold no line break.
    let channels: Vec<String> = outgoing.iter().map(|item| names(&item.channels).join("\n")).collect();
    let durable: Vec<bool> = outgoing.iter().map(|item| item.durable).collect();
    let payloads: Vec<&[u8]> = outgoing.iter().map(|item| item.payload.as_ref()).collect();
    let mut ids: Vec<i64> = sqlx::query_scalar(
        "INSERT INTO outbox (channels, durable, payload)
         SELECT string_to_array(row.channels, E'\\n'), row.durable, row.payload
         FROM unnest($1::text[], $2::boolean[], $3::bytea[]) WITH ORDINALITY AS row (channels, durable, payload, place)
         ORDER BY row.place
         RETURNING outbox_id",
    )
    .bind(channels)
    .bind(durable)
    .bind(payloads)
    .fetch_all(connection)
    .await?;
    ids.sort_unstable();
    Ok(Pending { rows: ids.into_iter().zip(outgoing).collect() })
}

/// Takes rows back that nothing was done with yet, inside the caller's transaction: what they stood for is told better.
pub async fn withdraw(connection: &mut PgConnection, pending: Pending) -> Result<(), sqlx::Error> {
    let ids: Vec<i64> = pending.rows.iter().map(|(id, _)| *id).collect();
    sqlx::query("DELETE FROM outbox WHERE outbox_id = ANY($1)").bind(ids).execute(connection).await?;
    Ok(())
}

fn names(channels: &[Channel]) -> Vec<&str> {
    channels.iter().map(Channel::as_str).collect()
}

/// Rows handed over and not published yet, by one `publish`; past it they are left to the sweep.
const HANDED_OVER_MAX: usize = 64 * 1024;
/// Rows of one pipeline.
const PIPELINE: usize = 512;
const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// Rows of one sweep.
const SWEEP: i64 = 500;
const RETRIES: u32 = 3;

/// Publishes committed rows.
#[derive(Clone)]
pub struct Relay {
    shared: Arc<Shared>,
    queue: mpsc::UnboundedSender<Job>,
}

struct Job {
    pending: Pending,
    published: Option<oneshot::Sender<()>>,
}

struct Shared {
    pool: PgPool,
    bus: Bus,
    /// Ids that this process holds, so that its own sweep leaves them alone.
    held: Mutex<HashSet<i64>>,
}

impl Shared {
    fn held(&self) -> MutexGuard<'_, HashSet<i64>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn release(&self, ids: &[i64]) {
        let mut held = self.held();
        for id in ids {
            held.remove(id);
        }
    }
}

impl Relay {
    /// Starts publishing and sweeping, until `shutdown` and the queue is empty.
    pub fn start(pool: PgPool, bus: Bus, shutdown: CancellationToken, tracker: TaskTracker) -> Self {
        let shared = Arc::new(Shared { pool, bus, held: Mutex::default() });
        #[expect(clippy::disallowed_methods, reason = "bounded by HANDED_OVER_MAX through the set of held ids")]
        let (queue, jobs) = mpsc::unbounded_channel();
        tracker.spawn(publish_jobs(Arc::clone(&shared), jobs, shutdown.clone()));
        tracker.spawn(sweep_for_ever(Arc::clone(&shared), shutdown));
        Self { shared, queue }
    }

    /// Hands rows over after their commit. Never waits; what does not fit, or fails, is left to the sweep.
    pub fn publish(&self, pending: Pending) {
        self.hand_over(pending, None);
    }

    /// Hands rows over and waits, at most a second or so, until they are published.
    pub async fn publish_now(&self, pending: Pending) {
        if pending.is_empty() {
            return;
        }
        let (published, waiting) = oneshot::channel();
        self.hand_over(pending, Some(published));
        match tokio::time::timeout(Duration::from_millis(1500), waiting).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => {
                metrics::counter!("halley_outbox_published_late_total").increment(1);
                tracing::warn!("a fact is committed but not published yet");
            }
        }
    }

    fn hand_over(&self, pending: Pending, published: Option<oneshot::Sender<()>>) {
        if pending.is_empty() {
            return;
        }
        {
            let mut held = self.shared.held();
            if held.len() + pending.rows.len() > HANDED_OVER_MAX {
                metrics::counter!("halley_outbox_left_to_sweep_total").increment(pending.rows.len() as u64);
                return;
            }
            held.extend(pending.rows.iter().map(|(id, _)| *id));
        }
        if self.queue.send(Job { pending, published }).is_err() {
            tracing::debug!("the relay has ended; the rows stay for the next start");
        }
    }
}

/// Takes what waits into one pipeline, in order; deletes the rows while the next pipeline runs.
async fn publish_jobs(shared: Arc<Shared>, mut jobs: mpsc::UnboundedReceiver<Job>, shutdown: CancellationToken) {
    #[expect(clippy::disallowed_methods, reason = "its ids are held, so HANDED_OVER_MAX bounds it too")]
    let (deletions, to_delete) = mpsc::unbounded_channel();
    let deleting = tokio::spawn(delete_published(Arc::clone(&shared), to_delete));
    loop {
        let first = tokio::select! {
            biased;
            job = jobs.recv() => job,
            () = shutdown.cancelled() => None,
        };
        let Some(first) = first else { break };
        let mut ids = Vec::new();
        let mut items = Vec::new();
        let mut waiting = Vec::new();
        let mut take = |job: Job| {
            for (id, item) in job.pending.rows {
                ids.push(id);
                items.push(item);
            }
            waiting.extend(job.published);
            items.len()
        };
        let mut taken = take(first);
        while taken < PIPELINE
            && let Ok(job) = jobs.try_recv()
        {
            taken = take(job);
        }
        if let Err(error) = publish(&shared.bus, &items).await {
            tracing::warn!(%error, events = items.len(), "not published; the sweep does it");
            shared.release(&ids);
            continue;
        }
        for published in waiting {
            if published.send(()).is_err() {
                tracing::debug!("nobody waits for a publication any more");
            }
        }
        if deletions.send(ids).is_err() {
            tracing::error!("the deletion of published rows has ended");
        }
    }
    drop(deletions);
    if let Err(error) = deleting.await {
        tracing::error!(%error, "the deletion of published rows failed");
    }
}

/// A short cut of Redis is sat out here, so that order is kept; a longer one is the sweep's.
async fn publish(bus: &Bus, items: &[Outgoing]) -> Result<(), BusError> {
    let mut attempt = 0;
    loop {
        match bus.publish(items).await {
            Ok(()) => return Ok(()),
            Err(error) if attempt == RETRIES => return Err(error),
            Err(_) => {
                attempt += 1;
                tokio::time::sleep(Duration::from_millis(100) * attempt).await;
            }
        }
    }
}

async fn delete_published(shared: Arc<Shared>, mut published: mpsc::UnboundedReceiver<Vec<i64>>) {
    while let Some(mut ids) = published.recv().await {
        while let Ok(more) = published.try_recv() {
            ids.extend(more);
        }
        let deleted =
            sqlx::query("DELETE FROM outbox WHERE outbox_id = ANY($1)").bind(&ids).execute(&shared.pool).await;
        if let Err(error) = deleted {
            // They go out a second time, which receivers bear.
            tracing::warn!(%error, rows = ids.len(), "published rows are not deleted; the sweep publishes them again");
        }
        shared.release(&ids);
    }
}

async fn sweep_for_ever(shared: Arc<Shared>, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(SWEEP_EVERY) => {}
        }
        loop {
            match sweep(&shared).await {
                Ok(full) if full => {}
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, "the outbox is not swept");
                    break;
                }
            }
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum SweepError {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Bus(#[from] BusError),
}

type Row = (i64, Vec<String>, bool, Vec<u8>);

/// Publishes rows that were left behind, oldest first. Rows of the last 2 s may still be in somebody's hands. Answers
/// whether there may be more.
async fn sweep(shared: &Shared) -> Result<bool, SweepError> {
    let mut transaction = halley_kit::postgres::begin(&shared.pool).await?;
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT outbox_id, channels, durable, payload
         FROM outbox
         WHERE created_at < now() - interval '2 seconds'
         ORDER BY outbox_id
         LIMIT $1
         FOR UPDATE SKIP LOCKED",
    )
    .bind(SWEEP)
    .fetch_all(&mut *transaction)
    .await?;
    metrics::gauge!("halley_outbox_left_behind").set(rows.len() as f64);
    let full = rows.len() == usize::try_from(SWEEP).unwrap_or(usize::MAX);
    let (ids, items): (Vec<i64>, Vec<Outgoing>) = {
        let held = shared.held();
        rows.into_iter().filter(|row| !held.contains(&row.0)).map(outgoing).unzip()
    };
    if ids.is_empty() {
        return Ok(false);
    }
    shared.bus.publish(&items).await?;
    sqlx::query("DELETE FROM outbox WHERE outbox_id = ANY($1)").bind(&ids).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(full)
}

fn outgoing((id, channels, durable, payload): Row) -> (i64, Outgoing) {
    let channels = channels.iter().filter(|name| !name.is_empty()).map(|name| Channel::from_name(name)).collect();
    (id, Outgoing { channels, durable, payload: Bytes::from(payload) })
}
