//! Events over Redis: live fan-out, the durable stream, and the outbox relay.
//!
//! Live events go over pub/sub channels: at most once, and a subscriber is told when the feed was cut. Durable events
//! go onto one stream: at least once for each consumer group. Both carry a prost-encoded
//! [`Event`].
//!
//! Commands and subscriptions never share a connection, and nothing is resubscribed by the Redis crate itself: after a
//! reconnect its first answers could be another command's.

mod channel;
mod connect;
pub mod consumer;
mod counters;
pub mod fact_cache;
mod facts;
pub mod outbox;
mod subscriber;

use std::time::Duration;

use bytes::Bytes;
use halley_contracts::events::v1::{Event, event::Body};
use redis::aio::ConnectionManager;
use secrecy::SecretString;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use channel::{Channel, ChannelKind};
pub use facts::{Fact, watch_facts};
pub use subscriber::{Delivery, Subscriptions};

/// The durable stream.
pub const STREAM: &str = "halley:events";
/// The field of a stream entry that holds the event.
const FIELD: &str = "event";
/// How long a command may take before it counts as failed. It may still have taken effect.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(1);

/// Where Redis is.
#[derive(Debug, Clone)]
pub struct BusConfig {
    /// `redis://:password@host:port`.
    pub url: SecretString,
    /// Entries that the durable stream keeps, about.
    pub stream_max_len: u64,
}

/// What went wrong with Redis.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// Redis answered an error, or not at all.
    #[error("Redis: {0}")]
    Redis(#[from] redis::RedisError),
    /// Redis took too long.
    #[error("Redis did not answer in time")]
    Timeout,
    /// The process is stopping.
    #[error("the bus is stopping")]
    Stopping,
}

/// The connection to Redis for everything but subscriptions. Cheap to clone.
#[derive(Clone)]
pub struct Bus {
    client: redis::Client,
    commands: ConnectionManager,
    stream_max_len: u64,
}

/// An encoded event and where it goes.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// One PUBLISH for each.
    pub channels: Vec<Channel>,
    /// Whether it also goes onto the durable stream.
    pub durable: bool,
    /// The encoded event.
    pub payload: Bytes,
}

impl Bus {
    /// Connects; fails within a few seconds when Redis can't be reached.
    pub async fn connect(config: &BusConfig) -> Result<Self, BusError> {
        let client = connect::client(&config.url)?;
        let connecting = ConnectionManager::new_with_config(client.clone(), connect::manager_config());
        let commands =
            tokio::time::timeout(Duration::from_secs(5), connecting).await.map_err(|_| BusError::Timeout)??;
        let bus = Self { client, commands, stream_max_len: config.stream_max_len };
        bus.ping().await?;
        Ok(bus)
    }

    /// Publishes in one pipeline, in the order given.
    pub async fn publish(&self, items: &[Outgoing]) -> Result<(), BusError> {
        if items.is_empty() {
            return Ok(());
        }
        let mut pipe = redis::pipe();
        for item in items {
            for channel in &item.channels {
                pipe.publish(channel.as_str(), item.payload.as_ref()).ignore();
            }
            if item.durable {
                pipe.cmd("XADD")
                    .arg(STREAM)
                    .arg("MAXLEN")
                    .arg("~")
                    .arg(self.stream_max_len)
                    .arg("*")
                    .arg(FIELD)
                    .arg(item.payload.as_ref())
                    .ignore();
            }
        }
        let mut commands = self.commands.clone();
        let sent = tokio::time::timeout(COMMAND_TIMEOUT, pipe.query_async::<()>(&mut commands)).await;
        let outcome = match sent {
            Ok(answer) => answer.map_err(BusError::from),
            Err(_) => Err(BusError::Timeout),
        };
        let name = if outcome.is_ok() { "halley_bus_published_total" } else { "halley_bus_publish_failed_total" };
        metrics::counter!(name).increment(items.len() as u64);
        outcome
    }

    /// For other commands; never for subscriptions or blocking reads.
    pub fn connection(&self) -> ConnectionManager {
        self.commands.clone()
    }

    /// A feed of live events over a connection of its own, restored for ever until `shutdown`.
    pub fn subscriber(&self, shutdown: CancellationToken) -> (Subscriptions, mpsc::Receiver<Delivery>) {
        subscriber::start(self.client.clone(), shutdown)
    }

    /// Asks whether Redis answers.
    pub async fn ping(&self) -> Result<(), BusError> {
        let mut commands = self.commands.clone();
        let cmd = redis::cmd("PING");
        let ping = cmd.query_async::<()>(&mut commands);
        tokio::time::timeout(COMMAND_TIMEOUT, ping).await.map_err(|_| BusError::Timeout)?.map_err(BusError::from)
    }
}

/// An event of now, with an id of its own.
pub fn event(app_id: &str, origin_device_id: &str, body: Body) -> Event {
    Event {
        id: Uuid::now_v7().to_string(),
        app_id: app_id.to_owned(),
        occurred_at_ms: halley_kit::time::now_ms(),
        origin_device_id: origin_device_id.to_owned(),
        body: Some(body),
    }
}
