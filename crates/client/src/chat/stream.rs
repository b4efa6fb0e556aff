use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};

use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};

use super::event::{ChatEvent, ConnectionState, LogoutReason};

/// How many events may wait in a stream that is not read.
const WAITING: usize = 1024;

/// Everything that a client tells of from a moment on, in its order. It ends with the login.
///
/// Nobody waits for a stream: one that is read too slowly goes on with [`ChatEvent::Lost`].
pub struct EventStream {
    events: BoxStream<'static, ChatEvent>,
}

impl EventStream {
    fn new(receiver: broadcast::Receiver<ChatEvent>) -> Self {
        let next = |mut receiver: broadcast::Receiver<ChatEvent>| async move {
            match receiver.recv().await {
                Ok(event) => Some((event, receiver)),
                Err(RecvError::Lagged(events)) => Some((ChatEvent::Lost { events }, receiver)),
                Err(RecvError::Closed) => None,
            }
        };
        Self { events: stream::unfold(receiver, next).boxed() }
    }
}

impl Stream for EventStream {
    type Item = ChatEvent;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<ChatEvent>> {
        self.events.poll_next_unpin(context)
    }
}

type Listener = Arc<dyn Fn(&ChatEvent) + Send + Sync>;

/// Whether there is a socket, and how often there was none any more: who waits for its end may look too late to see it.
#[derive(Clone, Copy)]
pub(super) struct Standing {
    pub state: ConnectionState,
    pub endings: u64,
}

/// Whom events are told.
pub(crate) struct Audience {
    standing: watch::Sender<Standing>,
    /// None after the login's end.
    events: Mutex<Option<broadcast::Sender<ChatEvent>>>,
    listeners: Mutex<HashMap<String, Listener>>,
    /// Why the login ends; the first reason counts.
    logout: OnceLock<LogoutReason>,
}

impl Audience {
    pub fn new() -> Self {
        Self {
            standing: watch::Sender::new(Standing { state: ConnectionState::Disconnected, endings: 0 }),
            events: Mutex::new(Some(broadcast::Sender::new(WAITING))),
            listeners: Mutex::default(),
            logout: OnceLock::new(),
        }
    }

    pub fn stream(&self) -> EventStream {
        // A sender that is dropped at once makes a stream that has ended.
        let receiver =
            locked(&self.events).as_ref().map_or_else(|| broadcast::channel(1).1, broadcast::Sender::subscribe);
        EventStream::new(receiver)
    }

    pub fn add(&self, id: &str, listener: Listener) {
        locked(&self.listeners).insert(id.to_owned(), listener);
    }

    pub fn remove(&self, id: &str) {
        locked(&self.listeners).remove(id);
    }

    pub fn tell(&self, event: ChatEvent) {
        // Called without the lock, so that a listener may add and remove others.
        let listeners: Vec<Listener> = locked(&self.listeners).values().cloned().collect();
        for listener in listeners {
            // One that panics keeps no other from hearing of it.
            if catch_unwind(AssertUnwindSafe(|| listener(&event))).is_err() {
                tracing::error!("a listener panicked");
            }
        }
        if let Some(events) = &*locked(&self.events) {
            // An error means that nobody listens.
            drop(events.send(event));
        }
    }

    pub fn state(&self) -> ConnectionState {
        self.standing.borrow().state
    }

    pub(super) fn watch(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }

    pub fn change(&self, state: ConnectionState) {
        let is_news = self.standing.send_if_modified(|standing| {
            let is_news = standing.state != state;
            standing.endings += u64::from(is_news && state == ConnectionState::Disconnected);
            standing.state = state;
            is_news
        });
        if is_news {
            self.tell(ChatEvent::Connection(state));
        }
    }

    /// The login is about to end for this reason, unless it ends for another already.
    pub fn expect_logout(&self, reason: LogoutReason) {
        // An error means that there is a reason.
        self.logout.set(reason).ok();
    }

    /// The login ended: nothing follows.
    pub fn log_out(&self, reason: LogoutReason) {
        let reason = *self.logout.get_or_init(|| reason);
        self.change(ConnectionState::Disconnected);
        self.tell(ChatEvent::Logout(reason));
        self.end();
    }

    /// Nothing follows.
    pub fn end(&self) {
        self.change(ConnectionState::Disconnected);
        locked(&self.events).take();
        locked(&self.listeners).clear();
    }
}

/// What is guarded is whole at every moment, so it is no worse after a panic.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
