//! The way of messages into the database: a bounded queue for each writer, and batches that share one transaction.

mod batch;
pub(crate) mod import;
mod plan;
mod writer;

use std::{
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
    sync::Arc,
};

use halley_bus::outbox::Relay;
use halley_contracts::messaging::v1::Message;
use halley_kit::Lifecycle;
use sqlx::PgPool;
use tokio::sync::{mpsc, oneshot};

use crate::{
    config::MessagingConfig,
    counters::Counters,
    domain::{change::Refusal, new_message::NewMessage},
    error::{MessagingError, Result},
    store::messages::StoredMessage,
};

pub(crate) use writer::may_pass;

/// What became of a message.
#[derive(Debug, Clone)]
pub(crate) enum Written {
    /// Stored and committed.
    New(Box<Message>),
    /// Its muid was known: the message of the first time.
    Repeated(Box<StoredMessage>),
    /// Its muid came twice in one batch.
    RepeatedNew(Box<Message>),
}

/// What became of a message that may tell of a change.
type Outcome = std::result::Result<Written, Refusal>;

/// A message on its way. Who gave it may be gone before the answer: it is written all the same.
pub(crate) struct Item {
    pub new: NewMessage,
    pub answer: oneshot::Sender<Result<Written>>,
}

/// The queues of all writers. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Writers {
    queues: Arc<[mpsc::Sender<Item>]>,
}

impl Writers {
    /// Starts the writers; they run until the end of the process and write what they were given by then.
    pub(crate) fn start(
        config: &MessagingConfig,
        pool: &PgPool,
        relay: &Relay,
        counters: &Counters,
        lifecycle: &Lifecycle,
    ) -> Self {
        let writers = config.writers.max(1);
        let queues = (0..writers)
            .map(|_| {
                let (queue, items) = mpsc::channel((config.queue / writers).max(1));
                let writer = writer::Writer::new(config, pool.clone(), relay.clone(), counters.clone());
                lifecycle.spawn("writer of messages", writer.run(items, lifecycle.stopping()));
                queue
            })
            .collect();
        Self { queues }
    }

    /// Writes a message. A full queue refuses at once.
    pub(crate) async fn write(&self, new: NewMessage) -> Result<Written> {
        let (answer, written) = oneshot::channel();
        let queue = &self.queues[self.queue_of(&new)];
        metrics::gauge!("halley_messaging_queue_length").set((queue.max_capacity() - queue.capacity()) as f64);
        queue.try_send(Item { new, answer }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => {
                metrics::counter!("halley_messaging_queue_full_total").increment(1);
                MessagingError::QueueFull
            }
            mpsc::error::TrySendError::Closed(_) => MessagingError::Stopping,
        })?;
        written.await.map_err(|_| MessagingError::Stopping)?
    }

    /// One conversation has one writer in this process, so that its messages are published in the order of commits.
    fn queue_of(&self, new: &NewMessage) -> usize {
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        let hash = hasher.hash_one((&new.app_id, &new.stored_key));
        usize::try_from(hash % self.queues.len() as u64).unwrap_or(0)
    }
}
