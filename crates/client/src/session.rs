//! A login that outlives its sockets.

mod fetcher;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::calls::messages::text_body;
use crate::{ApiClient, ClientError, Connection, Event, Format, Login, Message, Outgoing, Receiver, SocketOptions};
use worker::Worker;

/// Largest message that goes over the socket, in bytes: below the server's bound for a frame.
const FRAME_MAX: usize = 60 * 1024;
/// Longest time that an answer over the socket may take where a message can be sent another way.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);

/// Waits between attempts to reconnect: doubling, with random spread so that clients do not return all together.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// Before the first attempt.
    pub first: Duration,
    /// At most.
    pub max: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(500), max: Duration::from_secs(5) }
    }
}

/// How a session behaves.
#[derive(Clone, Debug, Default)]
pub struct SessionOptions {
    /// Waits between attempts to reconnect.
    pub backoff: Backoff,
    /// The form of the frames: subprotocol `halley.v1` or `halley.v1.protobuf`.
    pub format: Format,
    /// Yields messages that this device sent, too.
    pub keep_own: bool,
}

/// What a session yields.
#[derive(Clone, Debug)]
pub enum SessionEvent {
    /// A message, live or missed in a break; each once, each conversation's in order.
    Message(Box<Message>),
    /// Any other event (never [`Event::Message`] or [`Event::Closed`]); those of a break come, too, as far as the server
    /// tells them (`message_changed`, `receipts`, `conversation_changed`, `conversation_left`).
    Live(Event),
    /// The socket is gone; the session is reconnecting, unless it was told to disconnect.
    Disconnected {
        /// WebSocket close code; 1006 when there was no close frame, 1000 after [`Session::disconnect`].
        code: u16,
        /// The server's words, or what failed.
        reason: String,
    },
    /// The socket is up, for the first time or again, and every message missed has been yielded before this.
    Resumed {
        /// How many messages were missed.
        missed: usize,
        /// Other things that were missed are not told, and what is shown has to be fetched: too much was missed, or it is
        /// the first socket, and what was fetched before it may be older.
        refetch: bool,
        /// Conversations of large groups whose receipts have to be fetched.
        untold_receipts_of: Vec<String>,
    },
    /// The login is dead; nothing follows.
    Ended(String),
}

/// A login that outlives its sockets: it comes back by itself, resumes where it left off, and yields each message once,
/// each conversation's in order. A server that sends many sockets away says to each when to be back, and it keeps to that.
///
/// It speaks the subprotocol `halley.v1`, so the server tells what a break hid. When the server tells that it was too
/// much, conversations are listed anew and their messages fetched. A gap between two messages is fetched at once.
pub struct Session {
    events: mpsc::Receiver<SessionEvent>,
    handle: Handle,
    task: JoinHandle<()>,
}

/// What is asked of a session while its events are taken elsewhere. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Handle {
    pub uid: Arc<str>,
    pub api: ApiClient,
    commands: mpsc::Sender<Command>,
    control: Arc<watch::Sender<Control>>,
    /// The socket is up and takes messages.
    up: Arc<watch::Sender<bool>>,
}

/// What the owner wants of the socket.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Control {
    is_wanted: bool,
    /// How often it was to be closed: one that is wanted again at once is closed all the same.
    closings: u64,
}

pub(crate) enum Command {
    Frame(Outgoing),
    Message(Sending),
}

/// A message that is not answered yet.
pub(crate) struct Sending {
    body: Value,
    answer: oneshot::Sender<Result<Message, ClientError>>,
}

impl Sending {
    /// Whether somebody still waits for the answer.
    fn is_awaited(&self) -> bool {
        !self.answer.is_closed()
    }
}

impl Session {
    /// Logs in and connects. What was in the conversations before this call is not yielded.
    ///
    /// A conversation that begins later is yielded from its first message.
    pub async fn start(api: ApiClient, options: SessionOptions) -> Result<Self, ClientError> {
        let login = api.login().await?;
        let socket = Self::socket_options(&api, &login, &options)?;
        let connection = Connection::connect(socket.clone()).await?;
        Ok(Self::spawn(api, &login.uid, options, socket, true, Some(connection)))
    }

    /// The session of a login. Its socket opens when it is wanted, and again after each fault.
    pub(crate) fn open(api: ApiClient, uid: &str, options: SessionOptions, socket: SocketOptions, now: bool) -> Self {
        Self::spawn(api, uid, options, socket, now, None)
    }

    pub(crate) fn socket_options(
        api: &ApiClient,
        login: &Login,
        options: &SessionOptions,
    ) -> Result<SocketOptions, ClientError> {
        let mut socket = api.socket_options(login)?;
        socket.with_sequence = true;
        socket.format = options.format;
        // Own messages move the position, so they are read and left out later.
        socket.keep_own = true;
        Ok(socket)
    }

    fn spawn(
        api: ApiClient,
        uid: &str,
        options: SessionOptions,
        socket: SocketOptions,
        is_wanted: bool,
        connection: Option<Connection>,
    ) -> Self {
        let (event_sender, events) = mpsc::channel(socket.capacity.max(1));
        let (commands, command_receiver) = mpsc::channel(16);
        let (control, controlled) = watch::channel(Control { is_wanted, closings: 0 });
        let handle = Handle {
            uid: Arc::from(uid),
            api: api.clone(),
            commands,
            control: Arc::new(control),
            up: Arc::new(watch::Sender::new(false)),
        };
        let up = Arc::clone(&handle.up);
        let worker = Worker::new(api, options, socket, event_sender, command_receiver, controlled, up);
        let task = tokio::spawn(worker.run(connection));
        Self { events, handle, task }
    }

    /// The user.
    pub fn uid(&self) -> &str {
        &self.handle.uid
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The next event; `None` after [`SessionEvent::Ended`].
    pub async fn next(&mut self) -> Option<SessionEvent> {
        self.events.recv().await
    }

    /// The next message; other events are passed over. `None` when the session has ended.
    pub async fn next_message(&mut self) -> Option<Message> {
        loop {
            if let SessionEvent::Message(message) = self.next().await? {
                return Some(*message);
            }
        }
    }

    /// Queues a frame; it goes out when the socket is up, and is lost after [`Session::disconnect`]. It is not
    /// acknowledged.
    pub async fn send(&self, frame: Outgoing) -> Result<(), ClientError> {
        self.handle.send(frame).await
    }

    /// Sends a text and waits until it is stored: over the socket while that is up, else over HTTP.
    /// What a break leaves unanswered is sent again with its muid once the socket is back, and stored once.
    ///
    /// The session's events must be taken meanwhile: who leaves them lying stops the socket.
    pub async fn send_message(&self, receiver: &Receiver, text: &str, muid: &str) -> Result<Message, ClientError> {
        self.handle.post(text_body(receiver, text, muid)).await
    }

    /// The same with a message of any kind: `body` is that of `POST /messages`, to one receiver, with a `muid`.
    pub async fn send_body(&self, body: Value) -> Result<Message, ClientError> {
        self.handle.post(body).await
    }

    /// Closes the socket and keeps in mind where it left off. The event [`SessionEvent::Disconnected`] tells that it is
    /// done. Messages go over HTTP until [`Session::connect`].
    pub fn disconnect(&self) {
        self.handle.want(false);
    }

    /// Opens the socket after [`Session::disconnect`], and resumes. While the session is reconnecting, it tries at once.
    pub fn connect(&self) {
        self.handle.want(true);
    }

    /// Closes the socket and ends the session, keeping the login.
    pub async fn close(self) {
        let Self { events, handle, task } = self;
        drop((events, handle));
        // An error means that the task was cancelled with its runtime.
        drop(task.await);
    }
}

impl Handle {
    pub fn want(&self, is_wanted: bool) {
        self.control.send_modify(|control| {
            control.is_wanted = is_wanted;
            control.closings += u64::from(!is_wanted);
        });
    }

    pub fn is_wanted(&self) -> bool {
        self.control.borrow().is_wanted
    }

    /// Whether the socket is up.
    pub fn is_up(&self) -> bool {
        *self.up.borrow()
    }

    /// Tells when the socket comes and goes, from now on.
    pub fn watch_up(&self) -> watch::Receiver<bool> {
        self.up.subscribe()
    }

    pub async fn send(&self, frame: Outgoing) -> Result<(), ClientError> {
        self.commands.send(Command::Frame(frame)).await.map_err(|_| ended())
    }

    /// As long as the socket is up. False: it is lost.
    pub async fn say(&self, frame: Outgoing) -> bool {
        let mut up = self.watch_up();
        if !*up.borrow_and_update() {
            return false;
        }
        tokio::select! {
            sent = self.send(frame) => sent.is_ok(),
            _ = up.wait_for(|is_up| !is_up) => false,
        }
    }

    /// Without waiting. False: the socket is not up, or too much waits for it.
    pub fn try_send(&self, frame: Outgoing) -> bool {
        self.is_up() && self.commands.try_send(Command::Frame(frame)).is_ok()
    }

    pub async fn post(&self, body: Value) -> Result<Message, ClientError> {
        if !self.is_up() || body.to_string().len() > FRAME_MAX {
            return self.api.post_message(&body).await;
        }
        let (answer, answered) = oneshot::channel();
        let sending = Sending { body: body.clone(), answer };
        self.commands.send(Command::Message(sending)).await.map_err(|_| ended())?;
        match answered.await {
            Ok(answer) => answer,
            // The socket was closed for good before the answer: by its muid the message is stored once.
            Err(_) => self.api.post_message(&body).await,
        }
    }
}

impl Handle {
    /// As [`Handle::post`], but what the socket leaves unanswered is told as a fault, and the caller sends it again.
    pub async fn post_once(&self, body: &Value) -> Result<Message, ClientError> {
        let mut up = self.watch_up();
        if !*up.borrow_and_update() || body.to_string().len() > FRAME_MAX {
            return self.api.post_message(body).await;
        }
        let (answer, answered) = oneshot::channel();
        let sending = Sending { body: body.clone(), answer };
        let answer = async {
            self.commands.send(Command::Message(sending)).await.map_err(|_| ended())?;
            answered.await.unwrap_or_else(|_| Err(unanswered()))
        };
        tokio::select! {
            // An answer that came just before the break is one.
            biased;
            answer = timeout(ANSWERED_WITHIN, answer) => answer.unwrap_or_else(|_| Err(unanswered())),
            _ = up.wait_for(|is_up| !is_up) => Err(unanswered()),
        }
    }
}

#[cfg(test)]
impl Handle {
    /// A handle of a socket that seems to be up, and what is asked of it.
    pub fn detached(uid: &str, api: ApiClient) -> (Self, mpsc::Receiver<Command>) {
        let (commands, received) = mpsc::channel(16);
        let control = Arc::new(watch::Sender::new(Control::default()));
        let up = Arc::new(watch::Sender::new(true));
        (Self { uid: Arc::from(uid), api, commands, control, up }, received)
    }
}

fn unanswered() -> ClientError {
    ClientError::transport("the socket left the message unanswered")
}

fn ended() -> ClientError {
    ClientError::transport("the session has ended")
}
