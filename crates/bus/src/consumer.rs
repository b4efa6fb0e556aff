//! Readers of the durable stream: at least once, in stream order within one reader.

use std::{fmt::Display, future::Future, time::Duration};

use halley_contracts::events::v1::Event;
use prost::Message as _;
use redis::{
    AsyncCommands as _, FromRedisValue as _,
    aio::MultiplexedConnection,
    streams::{StreamAutoClaimOptions, StreamAutoClaimReply, StreamId, StreamReadOptions, StreamReadReply},
};
use tokio_util::sync::CancellationToken;

use crate::{Bus, BusError, FIELD, STREAM};

/// Entries of one read.
const BATCH: usize = 100;
/// How long a read waits for entries.
const BLOCK_MS: usize = 2000;
/// After this time an entry of another reader that never finished it is taken over.
const IDLE_MS: usize = 30_000;
/// Tries of one event before it is put aside.
const TRIES: u32 = 10;

/// Reads the stream as a member of `group` until `shutdown`, calling `handler` for one event after another. An event is
/// acknowledged after the handler's `Ok`, together with others that were read with it. On `Err` it is tried again with
/// growing pauses; after ten tries it is logged and put aside on the stream `halley:events:dead:{group}`, so that one bad
/// event does not stop all that follow.
pub async fn run<F, Fut, E>(bus: Bus, group: &str, consumer: &str, shutdown: CancellationToken, handler: F)
where
    F: Fn(Event) -> Fut,
    Fut: Future<Output = Result<(), E>>,
    E: Display,
{
    let reader = Reader { bus, group, consumer, handler: &handler, shutdown: &shutdown };
    let mut pause = Duration::from_millis(100);
    while !shutdown.is_cancelled() {
        let outcome = tokio::select! {
            outcome = reader.session(&mut pause) => outcome,
            () = shutdown.cancelled() => return,
        };
        if let Err(error) = outcome {
            tracing::warn!(%error, group, "reading the durable stream; trying again");
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(2));
    }
}

struct Reader<'a, F> {
    bus: Bus,
    group: &'a str,
    consumer: &'a str,
    handler: &'a F,
    shutdown: &'a CancellationToken,
}

impl<F, Fut, E> Reader<'_, F>
where
    F: Fn(Event) -> Fut,
    Fut: Future<Output = Result<(), E>>,
    E: Display,
{
    /// Reads over one connection of its own, since reads block, until it breaks.
    async fn session(&self, pause: &mut Duration) -> Result<(), BusError> {
        let config = redis::AsyncConnectionConfig::new()
            .set_connection_timeout(Some(Duration::from_secs(1)))
            .set_response_timeout(Some(Duration::from_secs(10)));
        let mut redis = self.bus.client.get_multiplexed_async_connection_with_config(&config).await?;
        self.create_group(&mut redis).await?;
        // What this reader had in its hands when it last ended comes first.
        self.read(&mut redis, "0").await?;
        loop {
            self.take_over(&mut redis).await?;
            *pause = Duration::from_millis(100);
            for _ in 0..10 {
                self.read(&mut redis, ">").await?;
            }
        }
    }

    /// From the beginning of the stream: what was written before the first start is not missed either.
    async fn create_group(&self, redis: &mut MultiplexedConnection) -> Result<(), BusError> {
        let created: Result<(), redis::RedisError> = redis.xgroup_create_mkstream(STREAM, self.group, "0").await;
        match created {
            Err(error) if error.code() != Some("BUSYGROUP") => Err(error.into()),
            _ => Ok(()),
        }
    }

    async fn read(&self, redis: &mut MultiplexedConnection, from: &str) -> Result<(), BusError> {
        loop {
            let options = StreamReadOptions::default().group(self.group, self.consumer).count(BATCH).block(BLOCK_MS);
            let reply: Option<StreamReadReply> = redis.xread_options(&[STREAM], &[from], &options).await?;
            let entries: Vec<StreamId> =
                reply.into_iter().flat_map(|reply| reply.keys).flat_map(|key| key.ids).collect();
            if entries.is_empty() {
                return Ok(());
            }
            self.handle_all(redis, entries).await?;
            if from == ">" {
                return Ok(());
            }
        }
    }

    async fn take_over(&self, redis: &mut MultiplexedConnection) -> Result<(), BusError> {
        let options = StreamAutoClaimOptions::default().count(BATCH);
        let reply: StreamAutoClaimReply =
            redis.xautoclaim_options(STREAM, self.group, self.consumer, IDLE_MS, "0-0", options).await?;
        self.handle_all(redis, reply.claimed).await
    }

    /// One after another; what is handled is acknowledged together, which costs less than each by itself. A crash before
    /// that brings it again.
    async fn handle_all(&self, redis: &mut MultiplexedConnection, entries: Vec<StreamId>) -> Result<(), BusError> {
        let mut handled = Vec::with_capacity(entries.len());
        for entry in entries {
            let payload = entry.map.get(FIELD).and_then(|value| Vec::<u8>::from_redis_value_ref(value).ok());
            match payload.as_deref().map(Event::decode) {
                Some(Ok(event)) => {
                    if let Err(error) = (self.handler)(event.clone()).await {
                        // Others would take over what waits for this one.
                        self.acknowledge(redis, &mut handled).await?;
                        self.try_again(redis, event, payload.unwrap_or_default(), error).await?;
                    }
                }
                Some(Err(error)) => tracing::error!(%error, entry = %entry.id, "an event can't be read"),
                // Trimmed from the stream while it was pending.
                None => {}
            }
            handled.push(entry.id);
        }
        self.acknowledge(redis, &mut handled).await
    }

    async fn acknowledge(&self, redis: &mut MultiplexedConnection, ids: &mut Vec<String>) -> Result<(), BusError> {
        if ids.is_empty() {
            return Ok(());
        }
        let _: () = redis.xack(STREAM, self.group, ids).await?;
        ids.clear();
        Ok(())
    }

    /// After a first failure.
    async fn try_again(
        &self,
        redis: &mut MultiplexedConnection,
        event: Event,
        payload: Vec<u8>,
        mut error: E,
    ) -> Result<(), BusError> {
        for attempt in 1..TRIES {
            tracing::warn!(%error, event = %event.id, attempt, group = self.group, "an event was not handled");
            let pause = Duration::from_millis(100) * (1 << attempt.min(6));
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                // Not acknowledged: it comes again with the next start.
                () = self.shutdown.cancelled() => return Err(BusError::Stopping),
            }
            match (self.handler)(event.clone()).await {
                Ok(()) => return Ok(()),
                Err(again) => error = again,
            }
        }
        tracing::error!(event = %event.id, group = self.group, "an event is put aside");
        metrics::counter!("halley_bus_events_put_aside_total").increment(1);
        let _: () = redis.xadd(format!("{STREAM}:dead:{}", self.group), "*", &[(FIELD, payload)]).await?;
        Ok(())
    }
}
