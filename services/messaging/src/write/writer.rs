//! Takes what waits, writes it, publishes it, answers.

use std::time::Duration;

use halley_bus::outbox::Relay;
use halley_contracts::messaging::v1::MessageCategory;
use halley_kit::time;
use sqlx::{PgPool, Postgres, pool::PoolConnection};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    Item, Outcome, Written,
    batch::{self, BatchError, Committed},
};
use crate::{
    config::MessagingConfig,
    counters::{Counted, Counters},
    domain::new_message::NewMessage,
    error::{MessagingError, Result, is_away},
};

/// Tries of what fails for a reason that may pass.
const TRIES: u32 = 4;
/// A stopping writer ends when nothing has come for so long: calls that were let in before are still on their way.
const LAST_CALL: Duration = Duration::from_millis(300);

pub(super) struct Writer {
    pool: PgPool,
    relay: Relay,
    counters: Counters,
    batch_max: usize,
    linger: Duration,
    /// Kept while there is work, so that a batch does not begin with a check of the connection.
    connection: Option<PoolConnection<Postgres>>,
}

impl Writer {
    pub(super) fn new(config: &MessagingConfig, pool: PgPool, relay: Relay, counters: Counters) -> Self {
        Self {
            pool,
            relay,
            counters,
            batch_max: config.batch_max.max(1),
            linger: Duration::from_micros(config.linger_us),
            connection: None,
        }
    }

    pub(super) async fn run(mut self, mut items: mpsc::Receiver<Item>, stopping: CancellationToken) {
        let mut batch = Vec::with_capacity(self.batch_max);
        while next(&mut items, &mut batch, self.batch_max, &stopping).await {
            if !self.linger.is_zero() && batch.len() < self.batch_max {
                tokio::time::sleep(self.linger).await;
                while batch.len() < self.batch_max
                    && let Ok(item) = items.try_recv()
                {
                    batch.push(item);
                }
            }
            metrics::histogram!("halley_messaging_batch_size").record(batch.len() as f64);
            self.write(std::mem::take(&mut batch)).await;
            if items.is_empty() {
                self.connection = None;
            }
        }
        items.close();
        while let Ok(item) = items.try_recv() {
            self.write(vec![item]).await;
        }
    }

    /// Writes a batch; if that fails, its messages one by one, so that none suffers for another.
    async fn write(&mut self, items: Vec<Item>) {
        let news: Vec<&NewMessage> = items.iter().map(|item| &item.new).collect();
        match self.attempt_again(&news, |error| may_pass(error) && is_away(error)).await {
            Ok(written) => answer_all(items, written.into_iter().map(|outcome| Ok(outcome?))),
            Err(Attempt::Uncertain(error)) => {
                tracing::error!(%error, messages = items.len(), "a commit was not answered");
                answer_all(items, std::iter::repeat_with(|| Err(MessagingError::Uncertain)));
            }
            // Each would fare alike, and wait for it in turn.
            Err(Attempt::Failed(error)) if is_away(&error) => {
                tracing::error!(%error, messages = items.len(), "the database is away; nothing was written");
                answer_all(items, std::iter::repeat_with(|| Err(MessagingError::Away)));
            }
            Err(Attempt::Failed(error)) => {
                if items.len() > 1 {
                    tracing::warn!(%error, messages = items.len(), "a batch failed; its messages are tried one by one");
                    metrics::counter!("halley_messaging_batches_split_total").increment(1);
                }
                for item in items {
                    let outcome = self.write_alone(&item.new).await;
                    give(item, outcome);
                }
            }
        }
    }

    async fn write_alone(&mut self, new: &NewMessage) -> Result<Written> {
        match self.attempt_again(&[new], may_pass).await {
            Ok(mut written) => {
                Ok(written.pop().ok_or(MessagingError::Inconsistent("a batch of one has no answer"))??)
            }
            Err(Attempt::Uncertain(error)) => {
                tracing::error!(%error, "a commit was not answered");
                Err(MessagingError::Uncertain)
            }
            Err(Attempt::Failed(error)) => Err(error.into()),
        }
    }

    /// Tries a few times while nothing was stored and another try may do: a connection that breaks before the commit is
    /// not kept, so the next try has a new one.
    async fn attempt_again(
        &mut self,
        news: &[&NewMessage],
        worth_it: fn(&sqlx::Error) -> bool,
    ) -> std::result::Result<Vec<Outcome>, Attempt> {
        for attempt in 1..TRIES {
            match self.attempt(news).await {
                Err(Attempt::Failed(error)) if worth_it(&error) => {
                    tracing::debug!(%error, attempt, "nothing was written; trying again");
                    tokio::time::sleep(Duration::from_millis(5) * attempt * attempt).await;
                }
                outcome => return outcome,
            }
        }
        self.attempt(news).await
    }

    /// One transaction. What it committed is handed over for publishing before anybody is answered.
    async fn attempt(&mut self, news: &[&NewMessage]) -> std::result::Result<Vec<Outcome>, Attempt> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.pool.acquire().await.map_err(Attempt::Failed)?,
        };
        match batch::write(&mut connection, news).await {
            Ok(Committed { written, pending }) => {
                self.relay.publish(pending);
                self.count(news, &written);
                self.connection = Some(connection);
                Ok(written)
            }
            // Not kept: the pool looks whether it is still good.
            Err(BatchError::Failed(error)) => Err(Attempt::Failed(error)),
            Err(BatchError::Uncertain(error)) => Err(Attempt::Uncertain(error)),
        }
    }
}

impl Writer {
    /// Counts what people and apps sent: neither actions nor what was sent before.
    fn count(&self, news: &[&NewMessage], written: &[Outcome]) {
        let now = time::now();
        for (new, outcome) in news.iter().zip(written) {
            if matches!(outcome, Ok(Written::New(_))) && new.message.category() != MessageCategory::Action {
                self.counters.add(&new.app_id, Counted::Sent, now);
            }
        }
    }
}

enum Attempt {
    Failed(sqlx::Error),
    Uncertain(sqlx::Error),
}

/// Waits for messages. False when there will be none any more.
async fn next(
    items: &mut mpsc::Receiver<Item>,
    batch: &mut Vec<Item>,
    max: usize,
    stopping: &CancellationToken,
) -> bool {
    let received = tokio::select! {
        biased;
        received = items.recv_many(batch, max) => Some(received),
        () = stopping.cancelled() => None,
    };
    match received {
        Some(received) => received > 0,
        None => {
            matches!(tokio::time::timeout(LAST_CALL, items.recv_many(batch, max)).await, Ok(received) if received > 0)
        }
    }
}

/// Whether the same transaction may succeed when tried again.
pub(crate) fn may_pass(error: &sqlx::Error) -> bool {
    const UNIQUE_VIOLATION: &str = "23505";
    const SERIALIZATION_FAILURE: &str = "40001";
    const DEADLOCK: &str = "40P01";
    match error {
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            [UNIQUE_VIOLATION, SERIALIZATION_FAILURE, DEADLOCK].contains(&code.as_ref()) || code.starts_with("57P")
        }),
        // The connection broke before the commit, so nothing was stored.
        sqlx::Error::Io(_) | sqlx::Error::RowNotFound => true,
        _ => false,
    }
}

fn answer_all(items: Vec<Item>, outcomes: impl Iterator<Item = Result<Written>>) {
    for (item, outcome) in items.into_iter().zip(outcomes) {
        give(item, outcome);
    }
}

/// The caller may have gone away; the message is written all the same.
fn give(item: Item, outcome: Result<Written>) {
    if item.answer.send(outcome).is_err() {
        tracing::debug!("nobody waits for the answer");
    }
}
