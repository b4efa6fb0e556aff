//! A supervised subscriber: one connection, the set of wanted channels, and a word when the feed was cut.

use std::{
    collections::HashSet,
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::StreamExt as _;
use redis::aio::{PubSubSink, PubSubStream};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::{BusError, COMMAND_TIMEOUT, Channel};

/// Channels of one SUBSCRIBE command.
const CHUNK: usize = 1000;
/// Deliveries that may wait for a slow reader; then Redis's own buffer fills, and it cuts the feed.
const DELIVERIES: usize = 16 * 1024;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What the feed brings.
#[derive(Debug)]
pub enum Delivery {
    /// An encoded event.
    Message {
        /// Where it was published.
        channel: Channel,
        /// As published.
        payload: Bytes,
    },
    /// The connection is lost; caches that this feed keeps true can't be trusted until the next [`Delivery::Gap`].
    Lost,
    /// The feed is whole again from here on; anything may have been missed before.
    Gap,
}

/// Says which channels are wanted. Cheap to clone.
#[derive(Clone)]
pub struct Subscriptions {
    shared: Arc<Shared>,
    commands: mpsc::UnboundedSender<Command>,
}

#[derive(Default)]
struct Shared {
    wanted: Mutex<HashSet<Channel>>,
    connected: AtomicBool,
}

enum Command {
    Subscribe(Vec<Channel>, oneshot::Sender<Result<(), BusError>>),
    Unsubscribe(Vec<Channel>),
}

impl Subscriptions {
    /// Subscribes; what is published after the answer arrives. The wish itself is noted at once, before the answer is
    /// awaited, so that a caller can make it under a lock. When it fails the channels stay wanted and are subscribed
    /// with the next connection.
    pub fn subscribe(&self, channels: Vec<Channel>) -> impl Future<Output = Result<(), BusError>> + Send + use<> {
        self.shared.wanted().extend(channels.iter().cloned());
        let (done, answer) = oneshot::channel();
        let asked = self.commands.send(Command::Subscribe(channels, done)).map_err(|_| BusError::Stopping);
        async move {
            asked?;
            let waited = tokio::time::timeout(2 * COMMAND_TIMEOUT, answer).await.map_err(|_| BusError::Timeout)?;
            waited.map_err(|_| BusError::Stopping)?
        }
    }

    /// Ends subscriptions, some time soon.
    pub fn unsubscribe(&self, channels: Vec<Channel>) {
        {
            let mut wanted = self.shared.wanted();
            for channel in &channels {
                wanted.remove(channel);
            }
        }
        if self.commands.send(Command::Unsubscribe(channels)).is_err() {
            tracing::debug!("the subscriber has ended");
        }
    }

    /// Whether the feed is up.
    pub fn is_connected(&self) -> bool {
        self.shared.connected.load(Ordering::Acquire)
    }
}

impl Shared {
    fn wanted(&self) -> MutexGuard<'_, HashSet<Channel>> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts the task.
pub fn start(client: redis::Client, shutdown: CancellationToken) -> (Subscriptions, mpsc::Receiver<Delivery>) {
    let shared = Arc::new(Shared::default());
    #[expect(
        clippy::disallowed_methods,
        reason = "bounded by its callers: each waits for its answer, or gives channels back that it had"
    )]
    let (commands, receiver) = mpsc::unbounded_channel();
    let (deliveries, feed) = mpsc::channel(DELIVERIES);
    let task = Subscriber { client, shared: Arc::clone(&shared), commands: receiver, deliveries };
    tokio::spawn(async move {
        tokio::select! {
            () = task.run() => {}
            () = shutdown.cancelled() => {}
        }
    });
    (Subscriptions { shared, commands }, feed)
}

struct Subscriber {
    client: redis::Client,
    shared: Arc<Shared>,
    commands: mpsc::UnboundedReceiver<Command>,
    deliveries: mpsc::Sender<Delivery>,
}

impl Subscriber {
    async fn run(mut self) {
        let mut pause = FIRST_PAUSE;
        let mut cut = false;
        loop {
            match self.connect().await {
                Ok((sink, stream)) => {
                    pause = FIRST_PAUSE;
                    self.shared.connected.store(true, Ordering::Release);
                    if cut && self.deliveries.send(Delivery::Gap).await.is_err() {
                        return;
                    }
                    let why = self.feed(sink, stream).await;
                    self.shared.connected.store(false, Ordering::Release);
                    tracing::warn!(reason = %why, "the live feed is cut");
                }
                Err(error) => tracing::debug!(%error, "can't subscribe yet"),
            }
            if !cut || pause == FIRST_PAUSE {
                cut = true;
                if self.deliveries.send(Delivery::Lost).await.is_err() {
                    return;
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Connects and subscribes to everything that is wanted.
    async fn connect(&self) -> Result<(PubSubSink, PubSubStream), BusError> {
        let connecting = self.client.get_async_pubsub();
        let connection = tokio::time::timeout(COMMAND_TIMEOUT, connecting).await.map_err(|_| BusError::Timeout)??;
        let (mut sink, stream) = connection.split();
        let wanted: Vec<Channel> = self.shared.wanted().iter().cloned().collect();
        subscribe(&mut sink, &wanted).await?;
        Ok((sink, stream))
    }

    /// Passes messages on and carries out commands until the connection breaks; answers why.
    async fn feed(&mut self, mut sink: PubSubSink, mut stream: PubSubStream) -> String {
        loop {
            tokio::select! {
                message = stream.next() => {
                    let Some(message) = message else { return "the connection ended".to_owned() };
                    let delivery = Delivery::Message {
                        channel: Channel::from_name(message.get_channel_name()),
                        payload: Bytes::copy_from_slice(message.get_payload_bytes()),
                    };
                    if self.deliveries.send(delivery).await.is_err() {
                        return "nobody reads the feed".to_owned();
                    }
                }
                command = self.commands.recv() => {
                    let Some(command) = command else { return "nobody subscribes any more".to_owned() };
                    if let Err(error) = carry_out(&mut sink, command, &self.shared).await {
                        return error.to_string();
                    }
                }
            }
        }
    }
}

/// Carries a command out. Between its being given and now the channels may have been wanted or given back again, so
/// the wanted set decides.
async fn carry_out(sink: &mut PubSubSink, command: Command, shared: &Shared) -> Result<(), BusError> {
    match command {
        Command::Subscribe(channels, done) => {
            let outcome = subscribe(sink, &channels).await;
            let failed = outcome.as_ref().err().map(ToString::to_string);
            if done.send(outcome).is_err() {
                tracing::debug!("nobody waits for a subscription any more");
            }
            failed.map_or(Ok(()), |_| Err(BusError::Timeout))
        }
        Command::Unsubscribe(channels) => {
            let gone: Vec<Channel> = {
                let wanted = shared.wanted();
                channels.into_iter().filter(|channel| !wanted.contains(channel)).collect()
            };
            for chunk in gone.chunks(CHUNK) {
                let names: Vec<&str> = chunk.iter().map(Channel::as_str).collect();
                tokio::time::timeout(COMMAND_TIMEOUT, sink.unsubscribe(&names))
                    .await
                    .map_err(|_| BusError::Timeout)??;
            }
            Ok(())
        }
    }
}

async fn subscribe(sink: &mut PubSubSink, channels: &[Channel]) -> Result<(), BusError> {
    for chunk in channels.chunks(CHUNK) {
        let names: Vec<&str> = chunk.iter().map(Channel::as_str).collect();
        tokio::time::timeout(COMMAND_TIMEOUT, sink.subscribe(&names)).await.map_err(|_| BusError::Timeout)??;
    }
    Ok(())
}
