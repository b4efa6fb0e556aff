//! The outbox in the storage: one task does to it what is asked for, in that order.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use crate::calls::segment;
use crate::chat::Audience;
use crate::{ChatEvent, ClientError, Draft, Storage};

/// How much may wait to be done.
const WAITING: usize = 64;

/// A message as it is kept.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    /// The end of its key in the storage.
    #[serde(skip)]
    pub key: String,
    /// Microseconds. Those of a conversation are sent in the order of their making.
    pub created_at: u64,
    pub draft: Draft,
    /// Of one that is not tried again by itself.
    pub error: Option<KeptError>,
}

/// A failure that outlives the program.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum KeptError {
    Api { status: u16, code: String, message: String, details: Option<Value> },
    GivenUp { tries: u32, last: Box<KeptError> },
    Other(String),
}

impl From<&ClientError> for KeptError {
    fn from(error: &ClientError) -> Self {
        match error.clone() {
            ClientError::Api { status, code, message, details, .. } => Self::Api { status, code, message, details },
            ClientError::GivenUp { tries, last } => Self::GivenUp { tries, last: Box::new(Self::from(&*last)) },
            other => Self::Other(other.to_string()),
        }
    }
}

impl From<KeptError> for ClientError {
    fn from(error: KeptError) -> Self {
        match error {
            KeptError::Api { status, code, message, details } => {
                Self::Api { status, code, message, details, retry_after: None }
            }
            KeptError::GivenUp { tries, last } => Self::GivenUp { tries, last: Box::new(Self::from(*last)) },
            KeptError::Other(words) => Self::Earlier(words),
        }
    }
}

enum Order {
    Set(String, Vec<u8>),
    Remove(String),
    Forget,
    /// Nothing but the answer.
    Rest,
}

pub(super) struct Keeper {
    storage: Arc<dyn Storage>,
    prefix: String,
    audience: Arc<Audience>,
    orders: mpsc::Sender<(Order, oneshot::Sender<()>)>,
}

/// Room for one order.
pub(super) struct Slot<'a> {
    permit: mpsc::Permit<'a, (Order, oneshot::Sender<()>)>,
    keeper: &'a Keeper,
}

impl Keeper {
    pub fn new(storage: Arc<dyn Storage>, app_id: &str, uid: &str, audience: Arc<Audience>) -> Self {
        let prefix = format!("halley:{}:outbox:{}:", segment(app_id), segment(uid));
        let (orders, waiting) = mpsc::channel(WAITING);
        let worker = Worker { storage: Arc::clone(&storage), prefix: prefix.clone(), audience: Arc::clone(&audience) };
        tokio::spawn(worker.run(waiting));
        Self { storage, prefix, audience, orders }
    }

    /// What an earlier program left, oldest first. What can't be read is told of, and stays where it is.
    pub async fn load(&self) -> Vec<Kept> {
        let keys = self.storage.keys(&self.prefix).await;
        let keys = keys.unwrap_or_else(|error| {
            failed(&self.audience, error);
            Vec::new()
        });
        let mut left = Vec::new();
        for key in keys {
            match self.storage.get(&key).await.and_then(|value| read(value.as_deref())) {
                Ok(Some(kept)) => left.push(Kept { key: key[self.prefix.len()..].to_owned(), ..kept }),
                Ok(None) => {}
                Err(error) => failed(&self.audience, error),
            }
        }
        left.sort_by_key(|kept| kept.created_at);
        left
    }

    pub async fn slot(&self) -> Result<Slot<'_>, ClientError> {
        let permit = self.orders.reserve().await.map_err(|_| ClientError::LoggedOut)?;
        Ok(Slot { permit, keeper: self })
    }

    /// Waits until everything is done; then there is nothing of the user, if it is to be forgotten.
    pub async fn finish(&self, forget: bool) {
        let Ok(slot) = self.slot().await else { return };
        // An error means that the task was cancelled with its runtime.
        drop(slot.order(if forget { Order::Forget } else { Order::Rest }).await);
    }
}

fn read(value: Option<&[u8]>) -> std::io::Result<Option<Kept>> {
    Ok(value.map(serde_json::from_slice).transpose()?)
}

fn failed(audience: &Audience, error: std::io::Error) {
    audience.tell(ChatEvent::Error(Box::new(ClientError::Storage(Arc::new(error)))));
}

impl Slot<'_> {
    /// Keeps a message in place of an earlier state of it. What can't be written, as its files are not at a path, lives as
    /// long as the program.
    pub fn save(self, kept: &Kept) -> oneshot::Receiver<()> {
        let key = format!("{}{}", self.keeper.prefix, kept.key);
        let order = match serde_json::to_vec(kept) {
            Ok(value) => Order::Set(key, value),
            Err(_) => Order::Rest,
        };
        self.order(order)
    }

    pub fn remove(self, key: &str) -> oneshot::Receiver<()> {
        let key = format!("{}{key}", self.keeper.prefix);
        self.order(Order::Remove(key))
    }

    fn order(self, order: Order) -> oneshot::Receiver<()> {
        let (done, is_done) = oneshot::channel();
        self.permit.send((order, done));
        is_done
    }
}

struct Worker {
    storage: Arc<dyn Storage>,
    prefix: String,
    audience: Arc<Audience>,
}

impl Worker {
    /// Until the outbox is gone. A storage that fails keeps no message from being sent.
    async fn run(self, mut orders: mpsc::Receiver<(Order, oneshot::Sender<()>)>) {
        while let Some((order, done)) = orders.recv().await {
            if let Err(error) = self.obey(order).await {
                failed(&self.audience, error);
            }
            // Nobody may wait for it.
            done.send(()).ok();
        }
    }

    async fn obey(&self, order: Order) -> std::io::Result<()> {
        match order {
            Order::Set(key, value) => self.storage.set(&key, value).await,
            Order::Remove(key) => self.storage.delete(&key).await,
            Order::Rest => Ok(()),
            Order::Forget => {
                for key in self.storage.keys(&self.prefix).await? {
                    self.storage.delete(&key).await?;
                }
                Ok(())
            }
        }
    }
}
