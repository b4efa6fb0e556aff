use std::collections::{BTreeMap, HashSet, VecDeque};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::Deserialize as _;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::calls::messages::text_body;
use crate::outgoing::send_frame;
use crate::seen::{Seen, Verdict};
use crate::{
    ApiClient, ClientError, Connection, Event, Format, Message, MessagePage, Outgoing, Receiver, SocketOptions,
};

/// Rows of one HTTP page while catching up.
const PAGE: u32 = 100;
/// Live events kept while catching up; then the socket is not read until the pages are through.
const HELD: usize = 1024;

/// Messages that one socket may have under way.
const UNDER_WAY: usize = 16;
/// Largest message that goes over the socket, in bytes: below the server's bound for a frame.
const FRAME_MAX: usize = 60 * 1024;

/// Longest time that a server can ask a session to stay away for.
const LONGEST_AWAY: Duration = Duration::from_secs(60);

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
    /// Asks for positions, so that a gap in the live feed is seen and filled at once.
    pub with_sequence: bool,
    /// The form of the frames; the binary one always has positions.
    pub format: Format,
    /// Yields messages that this device sent, too.
    pub keep_own: bool,
}

/// What a session yields.
#[derive(Clone, Debug)]
pub enum SessionEvent {
    /// A message, live or fetched after a break; each id once.
    Message(Box<Message>),
    /// Any other live event (never [`Event::Message`] or [`Event::Closed`]). Those of a break are lost.
    Live(Event),
    /// The socket is gone; the session is reconnecting.
    Disconnected {
        /// WebSocket close code; 1006 when there was no close frame.
        code: u16,
        /// The server's words, or what failed.
        reason: String,
    },
    /// The socket is up, for the first time or again, and everything missed has been yielded before this.
    Resumed {
        /// How many messages were fetched.
        missed: usize,
    },
    /// The login is dead; nothing follows.
    Ended(String),
}

/// A login that outlives its sockets: it reconnects, fetches what it missed and yields each message once. A server that
/// sends many sockets away says to each when to be back, and it keeps to that.
pub struct Session {
    events: mpsc::Receiver<SessionEvent>,
    commands: mpsc::Sender<Command>,
    task: JoinHandle<()>,
    uid: String,
    api: ApiClient,
    /// The socket is up and takes messages.
    takes: Arc<AtomicBool>,
}

enum Command {
    Frame(Outgoing),
    Message(Sending),
}

/// A message that is not answered yet.
struct Sending {
    body: Value,
    answer: oneshot::Sender<Result<Message, ClientError>>,
}

impl Session {
    /// Logs in and connects. What was in the conversations before this call is not yielded.
    ///
    /// A conversation that begins later is yielded from its first message; a group joined while the socket was
    /// down comes with its history.
    pub async fn start(api: ApiClient, options: SessionOptions) -> Result<Self, ClientError> {
        let login = api.login().await?;
        let mut socket = api.socket_options(&login)?;
        socket.with_sequence = options.with_sequence || options.format == Format::Protobuf;
        socket.format = options.format;
        // Own messages move the position, so they are read and left out later.
        socket.keep_own = true;
        let mut seen = Seen::new(&login.uid);
        for conversation in list_conversations(&api).await? {
            seen.start_after(&conversation.id, conversation.peer, conversation.last_id.unwrap_or(0));
        }
        let connection = Connection::connect(socket.clone()).await?;
        let (event_sender, events) = mpsc::channel(socket.capacity);
        let (commands, command_receiver) = mpsc::channel(16);
        let takes = Arc::new(AtomicBool::new(false));
        let worker = Worker {
            api: api.clone(),
            options,
            socket,
            seen,
            away: None,
            events: event_sender,
            commands: command_receiver,
            sendings: BTreeMap::new(),
            next_id: 0,
            takes: Arc::clone(&takes),
        };
        let task = tokio::spawn(worker.run(connection));
        Ok(Self { events, commands, task, uid: login.uid, api, takes })
    }

    /// The user.
    pub fn uid(&self) -> &str {
        &self.uid
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

    /// Queues a frame; it goes out when the socket is up. It is not acknowledged.
    pub async fn send(&self, frame: Outgoing) -> Result<(), ClientError> {
        self.commands.send(Command::Frame(frame)).await.map_err(|_| ended())
    }

    /// Sends a text and waits until it is stored: over the socket while that is up and takes messages (`with_sequence` or
    /// the binary form), else over HTTP.
    /// What a break leaves unanswered is sent again with its muid once the socket is back, and stored once.
    ///
    /// The session's events must be taken meanwhile: who leaves them lying stops the socket.
    pub async fn send_message(&self, receiver: &Receiver, text: &str, muid: &str) -> Result<Message, ClientError> {
        let body = text_body(receiver, text, muid);
        if !self.takes.load(Ordering::Acquire) || body.to_string().len() > FRAME_MAX {
            return self.api.post_message(&body).await;
        }
        let (answer, answered) = oneshot::channel();
        self.commands.send(Command::Message(Sending { body, answer })).await.map_err(|_| ended())?;
        answered.await.map_err(|_| ended())?
    }

    /// Closes the socket and ends the session, keeping the login.
    pub async fn close(self) {
        let Self { events, commands, task, .. } = self;
        drop((events, commands));
        // An error means that the task was cancelled with its runtime.
        drop(task.await);
    }
}

fn ended() -> ClientError {
    ClientError::transport("the session has ended")
}

/// Why a stretch of live reading ended.
enum Break {
    Lost {
        code: u16,
        reason: String,
    },
    /// The owner dropped the session.
    Stopped,
}

impl Break {
    fn lost(error: &ClientError) -> Self {
        Self::Lost { code: 1006, reason: error.to_string() }
    }
}

struct Worker {
    api: ApiClient,
    options: SessionOptions,
    socket: SocketOptions,
    seen: Seen,
    /// How long the server asked to stay away, so that clients don't return all together.
    away: Option<Duration>,
    events: mpsc::Sender<SessionEvent>,
    commands: mpsc::Receiver<Command>,
    /// By their ids, which grow in the order in which they were sent.
    sendings: BTreeMap<u64, Sending>,
    next_id: u64,
    takes: Arc<AtomicBool>,
}

impl Worker {
    async fn run(mut self, mut connection: Connection) {
        loop {
            let stop = match self.catch_up(&mut connection).await {
                Ok(held) => self.live(&mut connection, held).await,
                Err(stop) => stop,
            };
            self.takes.store(false, Ordering::Release);
            let Break::Lost { code, reason } = stop else {
                connection.close().await;
                return;
            };
            tracing::debug!(code, reason, "socket lost");
            if !self.emit(SessionEvent::Disconnected { code, reason }).await {
                return;
            }
            connection = match self.reconnect().await {
                Some(connection) => connection,
                None => return,
            };
        }
    }

    fn fetcher(&mut self) -> Fetcher<'_> {
        Fetcher { api: &self.api, keep_own: self.options.keep_own, seen: &mut self.seen, events: &self.events }
    }

    /// False: the owner is gone.
    async fn emit(&self, event: SessionEvent) -> bool {
        self.events.send(event).await.is_ok()
    }

    /// Fetches what the socket did not bring, while the new socket's events are held back.
    async fn catch_up(&mut self, connection: &mut Connection) -> Result<VecDeque<Event>, Break> {
        let mut held = VecDeque::new();
        let events = self.events.clone();
        let missed = {
            let mut fetcher = self.fetcher();
            let mut fetch = pin!(fetcher.fetch_all());
            loop {
                tokio::select! {
                    missed = &mut fetch => break missed?,
                    () = events.closed() => return Err(Break::Stopped),
                    event = connection.next_event(), if held.len() < HELD => match event {
                        Some(Event::Closed { code, reason }) => return Err(Break::Lost { code, reason }),
                        Some(event) => held.push_back(event),
                        None => return Err(Break::Lost { code: 1006, reason: "closed".into() }),
                    },
                }
            }
        };
        if self.emit(SessionEvent::Resumed { missed }).await { Ok(held) } else { Err(Break::Stopped) }
    }

    async fn live(&mut self, connection: &mut Connection, held: VecDeque<Event>) -> Break {
        for event in held {
            if let Err(stop) = self.take(event).await {
                return stop;
            }
        }
        for (id, sending) in &self.sendings {
            if let Err(error) = connection.send_frame(&send_frame(*id, &sending.body)).await {
                return Break::lost(&error);
            }
        }
        self.takes.store(self.socket.with_sequence, Ordering::Release);
        loop {
            tokio::select! {
                event = connection.next_event() => {
                    let Some(event) = event else {
                        return Break::Lost { code: 1006, reason: "closed".into() };
                    };
                    if let Err(stop) = self.take(event).await {
                        return stop;
                    }
                }
                command = self.commands.recv(), if self.sendings.len() < UNDER_WAY => {
                    let sent = match command {
                        None => return Break::Stopped,
                        Some(Command::Frame(frame)) => connection.send(&frame).await,
                        Some(Command::Message(sending)) => {
                            self.next_id += 1;
                            let frame = send_frame(self.next_id, &sending.body);
                            self.sendings.insert(self.next_id, sending);
                            connection.send_frame(&frame).await
                        }
                    };
                    if let Err(error) = sent {
                        return Break::lost(&error);
                    }
                }
            }
        }
    }

    /// Tells whoever sent a message what became of it.
    fn answer(&mut self, frame: &Value) {
        let id = frame["id"].as_str().and_then(|id| id.parse().ok());
        let Some(sending) = id.and_then(|id: u64| self.sendings.remove(&id)) else { return };
        let body = &frame["body"];
        let answer = if frame["type"] == "sent" {
            Message::deserialize(body).map_err(|error| ClientError::Shape(format!("{error}: {body}")))
        } else {
            Err(refusal(body))
        };
        // Nobody may wait for it any more.
        drop(sending.answer.send(answer));
    }

    async fn take(&mut self, event: Event) -> Result<(), Break> {
        let message = match event {
            Event::Message(message) => message,
            Event::Closed { code, reason } => return Err(Break::Lost { code, reason }),
            Event::Other(frame) if frame["type"] == "sent" || frame["type"] == "refused" => {
                self.answer(&frame);
                return Ok(());
            }
            Event::Other(frame) if frame["type"] == "hint" => {
                let asked = frame["body"]["delayMs"].as_u64().map(Duration::from_millis);
                self.away = asked.map(|asked| asked.min(LONGEST_AWAY));
                return Ok(());
            }
            other => {
                return if self.emit(SessionEvent::Live(other)).await { Ok(()) } else { Err(Break::Stopped) };
            }
        };
        let verdict = self.seen.judge(&message);
        let mut fetcher = self.fetcher();
        match verdict {
            Verdict::Repeated => Ok(()),
            Verdict::New => fetcher.yield_once(*message).await.map(drop),
            Verdict::Gap => {
                let last_id = fetcher.seen.find(&message.conversation_id).map_or(0, |place| place.last_id);
                let peer = fetcher.seen.peer_of(&message);
                fetcher.fetch_after(&peer, last_id).await?;
                // Normally it was among the rows; if not, it still must not be lost.
                fetcher.yield_once(*message).await.map(drop)
            }
        }
    }

    async fn reconnect(&mut self) -> Option<Connection> {
        let mut wait = self.options.backoff.first;
        loop {
            let pause = self.away.take().unwrap_or_else(|| wait.mul_f64(rand::random_range(0.5..1.0)));
            tokio::select! {
                () = sleep(pause) => {}
                () = self.events.closed() => return None,
            }
            wait = (wait * 2).min(self.options.backoff.max);
            let attempt = tokio::select! {
                attempt = Connection::connect(self.socket.clone()) => attempt,
                () = self.events.closed() => return None,
            };
            let error = match attempt {
                Ok(connection) => return Some(connection),
                Err(error) => error,
            };
            tracing::debug!(%error, "reconnect failed");
            // The socket cannot say that the login is dead; an HTTP call can, and it renews the proof.
            if is_refusal(&error) {
                match self.api.login().await {
                    Ok(login) => self.socket.jwt = login.jwt,
                    Err(error) if error.is_credential_dead() => {
                        self.emit(SessionEvent::Ended(error.to_string())).await;
                        return None;
                    }
                    Err(error) => tracing::debug!(%error, "login failed"),
                }
            }
        }
    }
}

/// The error that the same call over HTTP answers.
fn refusal(body: &Value) -> ClientError {
    let error = &body["error"];
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    let status = body["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or_default();
    ClientError::Api { status, code: text("code"), message: text("message"), details: error.get("details").cloned() }
}

/// Whether the server looked at the login and did not like it. Codes below 4100 only say "come back later".
fn is_refusal(error: &ClientError) -> bool {
    match error {
        ClientError::Closed { code, .. } => !matches!(code, 1001 | 1005 | 1006 | 1011..=1014 | 4000..=4099),
        ClientError::Api { status, .. } => matches!(status, 401 | 403),
        ClientError::Shape(_) => true,
        ClientError::Transport(_) | ClientError::Setting(_) => false,
    }
}

/// Brings messages from HTTP to the session's owner, each once.
struct Fetcher<'a> {
    api: &'a ApiClient,
    keep_own: bool,
    seen: &'a mut Seen,
    events: &'a mpsc::Sender<SessionEvent>,
}

impl Fetcher<'_> {
    /// Everything after the last message seen, in every conversation.
    async fn fetch_all(&mut self) -> Result<usize, Break> {
        let conversations = list_conversations(self.api).await.map_err(|error| Break::lost(&error))?;
        let mut missed = 0;
        let mut listed = HashSet::new();
        for conversation in conversations {
            listed.insert(conversation.id.clone());
            let last_id = self.seen.find(&conversation.id).map_or(0, |place| place.last_id);
            // A conversation whose newest message was deleted names no last message: look.
            if conversation.last_id.is_some_and(|newest| newest <= last_id) {
                continue;
            }
            missed += self.fetch_after(&conversation.peer, last_id).await?;
        }
        // A conversation that moved to the front between two pages is on neither.
        for (peer, last_id) in self.seen.places_outside(&listed) {
            missed += self.fetch_after(&peer, last_id).await?;
        }
        Ok(missed)
    }

    async fn fetch_after(&mut self, peer: &Receiver, mut last_id: u64) -> Result<usize, Break> {
        let mut fetched = 0;
        loop {
            let page = MessagePage::after(last_id, PAGE).with_sequence();
            let rows = self.api.list_messages(peer, &page).await.map_err(|error| Break::lost(&error))?;
            let newest = rows.iter().map(|message| message.id).max().unwrap_or(0);
            // No row, or a server that ignores the cursor: either way there is nothing more to get.
            if newest <= last_id {
                return Ok(fetched);
            }
            last_id = newest;
            for message in rows {
                fetched += usize::from(self.yield_once(message).await?);
            }
        }
    }

    async fn yield_once(&mut self, message: Message) -> Result<bool, Break> {
        let own = message.device.as_deref() == Some(self.api.resource());
        if !self.seen.note(&message) || (own && !self.keep_own) {
            return Ok(false);
        }
        let sent = self.events.send(SessionEvent::Message(Box::new(message))).await;
        sent.map(|()| true).map_err(|_| Break::Stopped)
    }
}

struct ConversationHead {
    id: String,
    peer: Receiver,
    last_id: Option<u64>,
}

async fn list_conversations(api: &ApiClient) -> Result<Vec<ConversationHead>, ClientError> {
    const PER_PAGE: u32 = 50;
    let mut heads = Vec::new();
    for page in 1.. {
        let rows = api.list_conversations(page, PER_PAGE).await?;
        let full = rows.len() >= PER_PAGE as usize;
        for row in &rows {
            heads.push(conversation_head(row)?);
        }
        if !full {
            break;
        }
    }
    Ok(heads)
}

fn conversation_head(row: &Value) -> Result<ConversationHead, ClientError> {
    let shape = |what: &str| ClientError::Shape(format!("a conversation without {what}"));
    let id = row["conversationId"].as_str().ok_or_else(|| shape("conversationId"))?;
    let with = &row["conversationWith"];
    let peer = match (with["guid"].as_str(), with["uid"].as_str()) {
        (Some(guid), _) => Receiver::group(guid),
        (None, Some(uid)) => Receiver::user(uid),
        (None, None) => return Err(shape("conversationWith")),
    };
    let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
    Ok(ConversationHead { id: id.to_owned(), peer, last_id: number(&row["lastMessage"]["id"]) })
}
