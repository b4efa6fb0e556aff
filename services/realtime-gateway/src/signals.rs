//! What a socket sends to others that is not stored: typing and transient messages. Beside the socket's other work, like
//! receipts, and one after another.
//!
//! To a group a socket may send while it is in the group's room, so that costs no question. To a user it may send unless
//! one of the two blocked the other, which [`crate::directory`] knows. What is not allowed is ignored, as clients expect.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use halley_bus::{Channel, Outgoing};
use halley_contracts::{
    events::v1::{TransientSent, TypingChanged, event::Body},
    identity::v1::User,
    messaging::v1::ReceiverType,
};
use halley_model::SignalMode;
use prost::Message as _;
use tonic::Status;

use crate::{
    bucket::Bucket,
    frame::{Signal, SignalFrame},
    node::Node,
    socket::Identity,
};

/// Beginnings of typing that a socket may tell at once, and a second. Clients tell one for each text that is written.
const STARTS: (u32, u32) = (10, 4);
/// Transient messages that a socket may send at once, and a second.
const NOTES: (u32, u32) = (50, 20);
/// Most signals of a socket that wait.
const WAITING_MAX: usize = 64;
/// Most conversations that one socket types in at once.
const BEGUN_MAX: usize = 16;
/// Largest metadata of a typing indicator and largest data of a transient message, in bytes of JSON. The first is told
/// to whole rooms again and again; the second is the documented size of a message's data.
const METADATA_MAX: usize = 2 * 1024;
const DATA_MAX: usize = 10 * 1024;

/// One socket's signals.
pub struct Signals {
    node: Arc<Node>,
    socket_id: u64,
    identity: Identity,
    starts: Bucket,
    notes: Bucket,
    begun: Vec<Begun>,
    waiting: VecDeque<SignalFrame>,
    running: Option<BoxFuture<'static, ()>>,
}

/// Where the socket types.
struct Begun {
    receiver_type: ReceiverType,
    receiver: String,
    told_at: Instant,
}

impl Begun {
    fn is_at(&self, frame: &SignalFrame) -> bool {
        (self.receiver_type, &self.receiver) == (frame.receiver_type, &frame.receiver)
    }
}

impl Signals {
    /// None yet.
    pub fn new(node: Arc<Node>, socket_id: u64, identity: Identity) -> Self {
        Self {
            node,
            socket_id,
            identity,
            starts: Bucket::new(STARTS.0, STARTS.1),
            notes: Bucket::new(NOTES.0, NOTES.1),
            begun: Vec::new(),
            waiting: VecDeque::new(),
            running: None,
        }
    }

    /// Takes a signal in, unless the socket may not send it or sends too much.
    pub fn add(&mut self, frame: SignalFrame) {
        if !self.is_allowed_here(&frame) {
            return;
        }
        let is_taken = match &frame.signal {
            Signal::Typing { started: true, metadata } => metadata.len() <= METADATA_MAX && self.begin(&frame),
            Signal::Typing { started: false, metadata } => {
                // What began must not go on for want of a token: its end was paid for with the beginning.
                if self.end(&frame) && metadata.len() <= METADATA_MAX {
                    self.waiting.push_back(frame);
                }
                return;
            }
            Signal::Transient { data } => data.len() <= DATA_MAX && self.notes.take(Instant::now()),
        };
        if is_taken && self.waiting.len() < WAITING_MAX {
            self.waiting.push_back(frame);
        } else {
            metrics::counter!("halley_gateway_signals_dropped_total").increment(1);
        }
    }

    /// Whether the socket's own node knows nothing against it.
    fn is_allowed_here(&self, frame: &SignalFrame) -> bool {
        match frame.receiver_type {
            ReceiverType::Group => {
                let room = Channel::group(&self.identity.app_id, &frame.receiver);
                self.node.hub.is_in(self.socket_id, &room)
            }
            _ => frame.receiver != self.identity.uid,
        }
    }

    /// Takes note of where the socket types; false when that need not, or can't, be told. What goes on is told again
    /// now and then, because receivers end what they hear nothing of.
    fn begin(&mut self, frame: &SignalFrame) -> bool {
        let now = Instant::now();
        let again = Duration::from_secs(self.node.config.typing_timeout_seconds) / 4;
        if let Some(begun) = self.begun.iter_mut().find(|begun| begun.is_at(frame)) {
            let is_due = now.duration_since(begun.told_at) >= again && self.starts.take(now);
            if is_due {
                begun.told_at = now;
            }
            return is_due;
        }
        // Nobody is shown there any more.
        let timeout = Duration::from_secs(self.node.config.typing_timeout_seconds);
        self.begun.retain(|begun| now.duration_since(begun.told_at) < timeout);
        if self.begun.len() >= BEGUN_MAX || !self.starts.take(now) {
            return false;
        }
        let (receiver_type, receiver) = (frame.receiver_type, frame.receiver.clone());
        self.begun.push(Begun { receiver_type, receiver, told_at: now });
        true
    }

    /// Whether the socket typed there until now.
    fn end(&mut self, frame: &SignalFrame) -> bool {
        let before = self.begun.len();
        self.begun.retain(|begun| !begun.is_at(frame));
        self.begun.len() < before
    }

    /// Passes on what waits; without any it never ends. Safe to cancel.
    pub async fn work(&mut self) {
        if self.running.is_none() && !self.waiting.is_empty() {
            let frames = std::mem::take(&mut self.waiting);
            self.running = Some(Box::pin(pass_on(Arc::clone(&self.node), self.identity.clone(), frames)));
        }
        match &mut self.running {
            Some(running) => running.await,
            None => std::future::pending().await,
        }
        self.running = None;
    }

    /// Tells what still waits and ends what the socket was typing, when it goes. The telling goes on by itself: a socket is out
    /// at once.
    pub fn farewell(self) {
        let ended = |begun: Begun| SignalFrame {
            receiver_type: begun.receiver_type,
            receiver: begun.receiver,
            signal: Signal::Typing { started: false, metadata: String::new() },
        };
        let Self { node, identity, begun, waiting, running, .. } = self;
        let frames: VecDeque<SignalFrame> = waiting.into_iter().chain(begun.into_iter().map(ended)).collect();
        if frames.is_empty() && running.is_none() {
            return;
        }
        let tracker = node.lifecycle.tracker();
        tracker.spawn(async move {
            if let Some(running) = running {
                running.await;
            }
            if !frames.is_empty() {
                pass_on(node, identity, frames).await;
            }
        });
    }
}

/// Publishes signals, in their order.
async fn pass_on(node: Arc<Node>, identity: Identity, frames: VecDeque<SignalFrame>) {
    let user = match node.directory.user(&identity.app_id, &identity.uid).await {
        Ok(Some(user)) => user,
        Ok(None) => return,
        Err(status) => return tracing::debug!(%status, "not known who sends signals"),
    };
    let mode = node.apps.settings(&identity.app_id).await.mode();
    let mut items = Vec::with_capacity(frames.len());
    for frame in frames.into_iter().filter(|frame| is_in_mode(mode, &frame.signal)) {
        match route(&node, &identity, &frame).await {
            Ok(Some(channel)) => {
                let event = halley_bus::event(&identity.app_id, &identity.device_id, body(frame, User::clone(&user)));
                items.push(Outgoing { channels: vec![channel], durable: false, payload: event.encode_to_vec().into() });
            }
            Ok(None) => {}
            Err(status) => tracing::debug!(%status, "not known whether a signal is allowed"),
        }
    }
    if let Err(error) = node.bus.publish(&items).await {
        tracing::debug!(%error, signals = items.len(), "signals are not passed on");
    }
}

/// Whether the app has such signals. The end of typing that began before the app had none is passed on.
fn is_in_mode(mode: SignalMode, signal: &Signal) -> bool {
    match signal {
        Signal::Typing { started, .. } => !started || mode.has_typing(),
        Signal::Transient { .. } => mode.has_transient(),
    }
}

/// Where a signal goes; `None`: nowhere.
async fn route(node: &Node, identity: &Identity, frame: &SignalFrame) -> Result<Option<Channel>, Status> {
    let (app_id, receiver) = (identity.app_id.as_str(), frame.receiver.as_str());
    if frame.receiver_type == ReceiverType::Group {
        return Ok(Some(Channel::group(app_id, receiver)));
    }
    if node.directory.user(app_id, receiver).await?.is_none()
        || node.directory.is_blocked(app_id, &identity.uid, receiver).await?
    {
        return Ok(None);
    }
    Ok(Some(Channel::user(app_id, receiver)))
}

fn body(frame: SignalFrame, user: User) -> Body {
    let SignalFrame { receiver_type, receiver, signal } = frame;
    let (user, receiver_type) = (Some(user), receiver_type.into());
    match signal {
        Signal::Typing { started, metadata: metadata_json } => {
            Body::TypingChanged(TypingChanged { user, receiver_type, receiver, started, metadata_json })
        }
        Signal::Transient { data: data_json } => {
            Body::TransientSent(TransientSent { user, receiver_type, receiver, data_json })
        }
    }
}
