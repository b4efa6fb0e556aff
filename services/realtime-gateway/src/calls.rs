//! What the devices of a call send each other so that their media find a way: offers, answers, candidates. Beside the
//! socket's other work, like signals, one after another, and stored nowhere.
//!
//! Who is in a call, and on which device, is for messaging to say: see [`crate::directory`]. A socket says first that it is
//! there, and only then may it send. From then on it hears the call's messages, so what its node remembers of the call is
//! up to date. Everything that is not allowed is ignored; who may not join is told so.

use std::{collections::VecDeque, sync::Arc, time::Instant};

use futures::future::BoxFuture;
use halley_bus::{Channel, Outgoing};
use halley_contracts::{
    events::v1::{CallSignalKind as Kind, CallSignaled, event::Body},
    messaging::v1::{CallPeer, ListCallPeersResponse},
};
use halley_kit::time;
use halley_model::ErrorCode;
use prost::Message as _;
use tonic::Status;

use crate::{
    bucket::Bucket,
    frame::{
        self, Told,
        calls::{CallFrame, PeerJson, Wish},
    },
    ice,
    node::Node,
    socket::{Identity, Socket},
};

/// What a socket may spend at once, and a second. A frame costs 1, and 1 more for each 4 KiB. A browser finds some twenty
/// candidates at once for each device that it is to reach.
const BUDGET: (u32, u32) = (200, 50);
const BYTES_OF_ONE: usize = 4096;
/// What a coming and a going cost: everybody in the call is told, and messaging is asked.
const COST_OF_JOIN: usize = 16;
const COST_OF_LEAVE: usize = 4;
/// Largest data, in bytes of JSON. It has to fit into a frame.
const DATA_MAX: usize = 60 * 1024;
/// Most frames of a socket that wait.
const WAITING_MAX: usize = 256;
/// Most calls that a socket is in. A user is in one; a call that has ended may not be left yet.
const JOINED_MAX: usize = 4;

/// One socket's part in calls.
pub struct Calls {
    node: Arc<Node>,
    socket: Arc<Socket>,
    identity: Identity,
    budget: Bucket,
    /// The sessions of calls that the socket said it is in.
    joined: VecDeque<String>,
    waiting: VecDeque<CallFrame>,
    running: Option<BoxFuture<'static, ()>>,
}

impl Calls {
    /// None yet.
    pub fn new(node: Arc<Node>, socket: Arc<Socket>, identity: Identity) -> Self {
        Self {
            node,
            socket,
            identity,
            budget: Bucket::new(BUDGET.0, BUDGET.1),
            joined: VecDeque::new(),
            waiting: VecDeque::new(),
            running: None,
        }
    }

    /// Takes a frame in, unless the socket sends too much.
    pub fn add(&mut self, frame: CallFrame) {
        let is_joined = self.joined.contains(&frame.session_id);
        let cost = match &frame.wish {
            Wish::Join => COST_OF_JOIN,
            Wish::Leave if is_joined => COST_OF_LEAVE,
            Wish::Tell { data, .. } if is_joined && data.len() <= DATA_MAX => 1 + data.len() / BYTES_OF_ONE,
            Wish::Leave | Wish::Tell { .. } => return,
        };
        if self.waiting.len() >= WAITING_MAX || !self.budget.has_some(Instant::now()) {
            metrics::counter!("halley_gateway_signals_dropped_total").increment(1);
            return;
        }
        self.budget.spend(cost);
        match &frame.wish {
            Wish::Join if !is_joined => {
                self.joined.truncate(JOINED_MAX - 1);
                self.joined.push_front(frame.session_id.clone());
            }
            Wish::Leave => self.joined.retain(|session_id| *session_id != frame.session_id),
            Wish::Join | Wish::Tell { .. } => {}
        }
        self.waiting.push_back(frame);
    }

    /// Passes on what waits; without any it never ends. Safe to cancel.
    pub async fn work(&mut self) {
        if self.running.is_none() && !self.waiting.is_empty() {
            let frames = std::mem::take(&mut self.waiting);
            let (node, socket, identity) = (Arc::clone(&self.node), Arc::clone(&self.socket), self.identity.clone());
            self.running = Some(Box::pin(pass_on(node, socket, identity, frames)));
        }
        match &mut self.running {
            Some(running) => running.await,
            None => std::future::pending().await,
        }
        self.running = None;
    }

    /// Tells what still waits, and that the socket is not in its calls any more, when it goes. The telling goes on by
    /// itself: a socket is out at once.
    pub fn farewell(self) {
        let Self { node, socket, identity, joined, waiting, running, .. } = self;
        let left = joined.into_iter().map(|session_id| CallFrame { session_id, wish: Wish::Leave });
        let frames: VecDeque<CallFrame> = waiting.into_iter().chain(left).collect();
        if frames.is_empty() && running.is_none() {
            return;
        }
        let tracker = node.lifecycle.tracker();
        tracker.spawn(async move {
            if let Some(running) = running {
                running.await;
            }
            pass_on(node, socket, identity, frames).await;
        });
    }
}

/// Acts on frames, in their order.
async fn pass_on(node: Arc<Node>, socket: Arc<Socket>, identity: Identity, frames: VecDeque<CallFrame>) {
    let sender = Sender { node: &node, socket: &socket, identity: &identity };
    let mut items = Vec::with_capacity(frames.len());
    for frame in frames {
        match sender.signals(&frame).await {
            Ok(signals) => items.extend(signals.into_iter().map(|signal| sender.item(signal))),
            Err(status) => {
                tracing::debug!(%status, "not known whether a device is in a call");
                if frame.wish == Wish::Join {
                    sender.refuse(&frame.session_id, ErrorCode::Unavailable);
                }
            }
        }
    }
    if items.is_empty() {
        return;
    }
    if let Err(error) = node.bus.publish(&items).await {
        tracing::debug!(%error, signals = items.len(), "signals of calls are not passed on");
    }
}

/// Whose frames they are.
struct Sender<'a> {
    node: &'a Node,
    socket: &'a Socket,
    identity: &'a Identity,
}

impl Sender<'_> {
    /// What is to be told to whom; the own socket is told at once.
    async fn signals(&self, frame: &CallFrame) -> Result<Vec<CallSignaled>, Status> {
        let session_id = frame.session_id.as_str();
        if frame.wish == Wish::Join {
            // Nobody may have listened for the call's messages until now.
            self.node.directory.forget_call(&self.identity.app_id, session_id);
        }
        let call = match self.call(session_id).await? {
            Ok(call) => call,
            Err(code) => {
                if frame.wish == Wish::Join {
                    self.refuse(session_id, code);
                }
                return Ok(Vec::new());
            }
        };
        let others = call.peers.iter().filter(|peer| peer.uid != self.identity.uid);
        match &frame.wish {
            Wish::Join => {
                self.tell_peers(session_id, others.clone());
                Ok(others.map(|peer| self.signal(session_id, Kind::Joined, peer)).collect())
            }
            Wish::Leave => Ok(others.map(|peer| self.signal(session_id, Kind::Left, peer)).collect()),
            Wish::Tell { kind, to_uid, to_device_id, data } => {
                let device_id = device_of(others, to_uid, to_device_id);
                Ok(device_id
                    .map(|device_id| CallSignaled {
                        to_uid: to_uid.clone(),
                        to_device_id: device_id.to_owned(),
                        data_json: data.clone(),
                        ..self.signal(session_id, *kind, &CallPeer::default())
                    })
                    .into_iter()
                    .collect())
            }
        }
    }

    /// Who is in the call, if this device is; else why it may not send there.
    async fn call(&self, session_id: &str) -> Result<Result<Arc<ListCallPeersResponse>, ErrorCode>, Status> {
        let Identity { app_id, uid, device_id, .. } = self.identity;
        let call = match self.node.directory.call(app_id, session_id).await? {
            Ok(call) => call,
            Err(code) => return Ok(Err(code)),
        };
        let is_own = |peer: &CallPeer| peer.uid == *uid && (peer.device_id.is_empty() || peer.device_id == *device_id);
        if !call.peers.iter().any(is_own) {
            return Ok(Err(ErrorCode::CallNotAPart));
        }
        if !call.guid.is_empty() {
            // Who was put out is out of the group's room at once. A socket that has closed is out of every room.
            let is_member = !self.node.has_left(app_id, uid, &Channel::group(app_id, &call.guid));
            return Ok(if is_member { Ok(call) } else { Err(ErrorCode::CallNotAPart) });
        }
        for peer in call.peers.iter().filter(|peer| peer.uid != *uid) {
            if self.node.directory.is_blocked(app_id, uid, &peer.uid).await? {
                return Ok(Err(ErrorCode::NoAccess));
            }
        }
        Ok(Ok(call))
    }

    fn tell_peers<'a>(&self, session_id: &str, peers: impl Iterator<Item = &'a CallPeer>) {
        let peers: Vec<_> = peers.map(|peer| PeerJson { uid: &peer.uid, device_id: &peer.device_id }).collect();
        let servers = ice::servers(&self.node.config, &self.identity.uid, time::now_ms() / 1000);
        self.tell(&Told::Peers { session_id, peers: &peers, servers: &servers });
    }

    fn refuse(&self, session_id: &str, code: ErrorCode) {
        self.tell(&Told::CallRefused { session_id, code });
    }

    fn tell(&self, told: &Told<'_>) {
        if let Some(frame) = frame::tell(self.socket.variant, Some(self.identity), told) {
            self.socket.push(&frame);
        }
    }

    fn signal(&self, session_id: &str, kind: Kind, to: &CallPeer) -> CallSignaled {
        CallSignaled {
            session_id: session_id.to_owned(),
            uid: self.identity.uid.clone(),
            to_uid: to.uid.clone(),
            to_device_id: to.device_id.clone(),
            kind: kind.into(),
            data_json: String::new(),
        }
    }

    fn item(&self, signal: CallSignaled) -> Outgoing {
        let Identity { app_id, device_id, .. } = self.identity;
        let channels = vec![Channel::user(app_id, &signal.to_uid)];
        let payload = halley_bus::event(app_id, device_id, Body::CallSignaled(signal)).encode_to_vec().into();
        Outgoing { channels, durable: false, payload }
    }
}

/// The device that is meant: the one of the user's that is in the call. `None`: none is, or another.
fn device_of<'a>(mut peers: impl Iterator<Item = &'a CallPeer>, uid: &str, device_id: &'a str) -> Option<&'a str> {
    let peer = peers.find(|peer| peer.uid == uid)?;
    match (peer.device_id.as_str(), device_id) {
        (known, "") => Some(known),
        // Which one it is nobody said.
        ("", given) => Some(given),
        (known, given) => (known == given).then_some(known),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_device_that_is_in_the_call_is_meant_and_no_other() {
        let peer = |uid: &str, device_id: &str| CallPeer {
            uid: uid.to_owned(),
            device_id: device_id.to_owned(),
            ..Default::default()
        };
        let peers = [peer("ann", "a1"), peer("bob", "")];
        let meant = |uid: &str, device_id: &'static str| device_of(peers.iter(), uid, device_id).map(str::to_owned);
        assert_eq!(meant("ann", "").as_deref(), Some("a1"));
        assert_eq!(meant("ann", "a1").as_deref(), Some("a1"));
        assert_eq!(meant("ann", "a2"), None);
        assert_eq!(meant("bob", "").as_deref(), Some(""), "all of them");
        assert_eq!(meant("bob", "b7").as_deref(), Some("b7"));
        assert_eq!(meant("cat", ""), None);
    }
}
