//! One socket as the rest of the node sees it: an identity and a bounded queue.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::Notify;

use crate::{close::Close, frame::Encoded, friends::Friends};

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// Which form of the protocol a socket speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// Existing clients.
    Plain,
    /// Subprotocol `halley.v1`: message frames carry their sequence number.
    Positions,
    /// Subprotocol `halley.v1.protobuf`: the same in binary form.
    Binary,
}

impl Variant {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Positions, Self::Binary];

    /// Whether it has Halley's own additions.
    pub fn is_own(self) -> bool {
        self != Self::Plain
    }
}

/// Who is behind an authenticated socket.
#[derive(Debug, Clone)]
pub struct Identity {
    pub app_id: String,
    pub uid: String,
    pub device_id: String,
    pub token_id: String,
    /// Whose presence the socket wants to hear of.
    pub presence: PresenceWish,
}

/// Whose presence a socket wants to hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PresenceWish {
    Nobody,
    Everybody,
    Friends,
    /// Users with one of these roles.
    Roles(Vec<String>),
}

/// A socket. Shared by its own task and the rooms it is in.
pub struct Socket {
    pub id: u64,
    pub variant: Variant,
    identity: OnceLock<Identity>,
    friends: OnceLock<Friends>,
    queue: Mutex<Queue>,
    wake: Notify,
    max_bytes: usize,
}

#[derive(Default)]
struct Queue {
    frames: VecDeque<Encoded>,
    bytes: usize,
    close: Option<Close>,
}

/// What the socket's task is to do next.
pub enum Work {
    /// Write these, then flush.
    Frames(VecDeque<Encoded>),
    /// Write what was queued before, then close.
    Close(VecDeque<Encoded>, Close),
}

impl Socket {
    /// A socket that has not authenticated yet.
    pub fn new(variant: Variant, max_bytes: usize) -> Arc<Self> {
        Arc::new(Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            variant,
            identity: OnceLock::new(),
            friends: OnceLock::new(),
            queue: Mutex::default(),
            wake: Notify::new(),
            max_bytes,
        })
    }

    /// Says who is behind it; the first call counts.
    pub fn authenticated(&self, identity: Identity) {
        // A second auth frame is ignored by the connection, so this can't lose anything.
        drop(self.identity.set(identity));
    }

    /// Who is behind it, once authenticated.
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.get()
    }

    /// The friends of its user, when it wants to hear of them; from the first call on they are kept.
    pub fn want_friends(&self) -> &Friends {
        self.friends.get_or_init(Friends::loading)
    }

    /// The friends of its user, if it wants to hear of them.
    pub fn friends(&self) -> Option<&Friends> {
        self.friends.get()
    }

    /// Whether it wants to hear of the presence of a user with a role.
    pub fn watches(&self, uid: &str, role: &str) -> bool {
        match self.identity().map(|identity| &identity.presence) {
            Some(PresenceWish::Everybody) => true,
            Some(PresenceWish::Friends) => self.friends().is_some_and(|friends| friends.has(uid)),
            Some(PresenceWish::Roles(roles)) => roles.iter().any(|wanted| wanted == role),
            Some(PresenceWish::Nobody) | None => false,
        }
    }

    /// Queues a frame. A socket whose queue is full is closed: its client reconnects and fetches.
    pub fn push(&self, frame: &Encoded) {
        let mut queue = self.lock();
        if queue.close.is_some() {
            return;
        }
        if queue.bytes + frame.len() > self.max_bytes {
            metrics::counter!("halley_gateway_slow_sockets_total").increment(1);
            queue.close = Some(Close::Slow);
            queue.frames.clear();
            queue.bytes = 0;
        } else {
            queue.bytes += frame.len();
            queue.frames.push_back(frame.clone());
        }
        drop(queue);
        self.wake.notify_one();
    }

    /// Asks the socket's task to close it; the first reason counts.
    pub fn close(&self, why: Close) {
        self.lock().close.get_or_insert(why);
        self.wake.notify_one();
    }

    /// Whether it is to be closed.
    pub fn is_closing(&self) -> bool {
        self.lock().close.is_some()
    }

    /// Waits until there is work. Safe to cancel.
    pub async fn work(&self) -> Work {
        loop {
            {
                let mut queue = self.lock();
                let frames = std::mem::take(&mut queue.frames);
                queue.bytes = 0;
                if let Some(why) = queue.close {
                    return Work::Close(frames, why);
                }
                if !frames.is_empty() {
                    return Work::Frames(frames);
                }
            }
            self.wake.notified().await;
        }
    }

    /// Waits until the socket is to be closed; answers why. Safe to cancel.
    pub async fn closing(&self) -> Close {
        loop {
            if let Some(why) = self.lock().close {
                return why;
            }
            // A wake-up taken from `work` is not missed: it looks at the queue before it waits.
            self.wake.notified().await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(text: &'static str) -> Encoded {
        Encoded::Text(text.into())
    }

    #[tokio::test]
    async fn a_full_queue_closes_the_socket_and_holds_no_memory() {
        let socket = Socket::new(Variant::Plain, 10);
        socket.push(&frame("123456"));
        socket.push(&Encoded::Binary(b"123456".as_slice().into()));
        let Work::Close(frames, why) = socket.work().await else { panic!("must close") };
        assert!(frames.is_empty());
        assert_eq!(why, Close::Slow);
    }

    #[tokio::test]
    async fn frames_come_out_in_order_before_a_close() {
        let socket = Socket::new(Variant::Plain, 1000);
        socket.push(&frame("a"));
        socket.push(&frame("b"));
        socket.close(Close::GoingAway);
        socket.push(&frame("c"));
        let Work::Close(frames, why) = socket.work().await else { panic!("must close") };
        assert_eq!(frames, ["a", "b"].map(frame));
        assert_eq!(why, Close::GoingAway);
    }
}
