//! The session's task: it owns the socket.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize as _;
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

use super::fetcher::Fetcher;
use super::{Command, Control, Sending, SessionEvent, SessionOptions};
use crate::connection::LeftOff;
use crate::models::texts;
use crate::outgoing::send_frame;
use crate::seen::{Seen, Verdict};
use crate::{ApiClient, ClientError, Connection, Event, Message, SocketOptions};

/// Live events kept while catching up over HTTP; then the socket is not read until the pages are through.
const HELD: usize = 1024;
/// Messages that one socket may have under way.
const UNDER_WAY: usize = 16;
/// How long a socket that has no room for a message waits before it looks whose answers nobody waits for.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(1);
/// Longest time that a server can ask a session to stay away for.
const LONGEST_AWAY: Duration = Duration::from_secs(60);
/// Longest silence while a server tells what was missed.
const TELLS_WITHIN: Duration = Duration::from_secs(30);
/// The socket was closed normally.
const NORMAL: u16 = 1000;
/// No close frame was received.
const ABNORMAL: u16 = 1006;

/// Why a stretch of reading ended.
pub(super) enum Break {
    Lost {
        code: u16,
        reason: String,
    },
    /// The owner wants no socket for now.
    Unwanted,
    /// The owner dropped the session.
    Stopped,
}

impl Break {
    pub fn lost(error: &ClientError) -> Self {
        Self::abnormal(error.to_string())
    }

    fn abnormal(reason: impl Into<String>) -> Self {
        Self::Lost { code: ABNORMAL, reason: reason.into() }
    }
}

/// What a server says when it has told everything that was missed.
struct Told {
    token: String,
    refetch: bool,
    untold_receipts_of: Vec<String>,
    missed: usize,
}

pub(super) struct Worker {
    api: ApiClient,
    options: SessionOptions,
    socket: SocketOptions,
    seen: Seen,
    /// That of the last frame `resumed` behind which everything was yielded.
    token: Option<String>,
    /// How long the server asked to stay away, so that clients don't return all together.
    away: Option<Duration>,
    events: mpsc::Sender<SessionEvent>,
    commands: mpsc::Receiver<Command>,
    control: watch::Receiver<Control>,
    /// By their ids, which grow in the order in which they were sent.
    sendings: BTreeMap<u64, Sending>,
    next_id: u64,
    /// How many of the owner's closings were obeyed.
    closings: u64,
    up: Arc<watch::Sender<bool>>,
}

impl Worker {
    pub fn new(
        api: ApiClient,
        options: SessionOptions,
        socket: SocketOptions,
        events: mpsc::Sender<SessionEvent>,
        commands: mpsc::Receiver<Command>,
        control: watch::Receiver<Control>,
        up: Arc<watch::Sender<bool>>,
    ) -> Self {
        Self {
            api,
            options,
            seen: Seen::new(&socket.uid),
            socket,
            token: None,
            away: None,
            events,
            commands,
            control,
            sendings: BTreeMap::new(),
            next_id: 0,
            closings: 0,
            up,
        }
    }

    pub async fn run(mut self, connection: Option<Connection>) {
        let mut open = match connection {
            Some(connection) => Some(connection),
            None => self.reconnect(true).await,
        };
        while let Some(mut connection) = open {
            let Err(stop) = self.serve(&mut connection).await;
            self.up.send_replace(false);
            let (code, reason, was_asked) = match stop {
                Break::Stopped => return connection.close().await,
                Break::Unwanted => {
                    connection.close().await;
                    // Whoever waits for an answer asks over HTTP.
                    self.sendings.clear();
                    // It was asked of a socket that would have been lost.
                    self.away = None;
                    (NORMAL, "closed by the client".to_owned(), true)
                }
                Break::Lost { code, reason } => (code, reason, false),
            };
            tracing::debug!(code, reason, "socket gone");
            if !self.emit(SessionEvent::Disconnected { code, reason }).await {
                return;
            }
            open = self.reconnect(was_asked).await;
        }
    }

    fn fetcher(&mut self) -> Fetcher<'_> {
        Fetcher { api: &self.api, keep_own: self.options.keep_own, seen: &mut self.seen, events: &self.events }
    }

    /// False: the owner is gone.
    async fn emit(&self, event: SessionEvent) -> bool {
        self.events.send(event).await.is_ok()
    }

    async fn tell(&self, event: SessionEvent) -> Result<(), Break> {
        if self.emit(event).await { Ok(()) } else { Err(Break::Stopped) }
    }

    /// Takes in what the server tells of the break, and fetches it where the server does not.
    async fn come_back(&mut self, connection: &mut Connection) -> Result<VecDeque<Event>, Break> {
        let told = self.hear_missed(connection).await?;
        let is_first = self.token.is_none();
        let mut held = VecDeque::new();
        let mut missed = told.missed;
        if is_first || told.refetch {
            missed += self.fetch(connection, &mut held, is_first).await?;
        }
        // Not before: what could not be fetched is asked for again.
        self.token = Some(told.token);
        let (refetch, untold_receipts_of) = (is_first || told.refetch, told.untold_receipts_of);
        self.tell(SessionEvent::Resumed { missed, refetch, untold_receipts_of }).await?;
        Ok(held)
    }

    /// Everything up to the frame `resumed`. It is in order and without an omission, so a hole in the positions is none.
    async fn hear_missed(&mut self, connection: &mut Connection) -> Result<Told, Break> {
        let mut missed = 0;
        loop {
            let event = timeout(TELLS_WITHIN, self.next_of(connection)).await;
            match event.map_err(|_| Break::abnormal("what was missed is not told in time"))?? {
                Event::Message(message) => {
                    missed += usize::from(self.fetcher().yield_once(*message).await?);
                }
                Event::Other(frame) if frame["type"] == "resumed" => {
                    let body = &frame["body"];
                    return Ok(Told {
                        token: body["token"].as_str().unwrap_or_default().to_owned(),
                        refetch: body["refetch"] == true,
                        untold_receipts_of: texts(&body["untoldReceiptsOf"]),
                        missed,
                    });
                }
                other => self.take(other).await?,
            }
        }
    }

    /// The socket's next event, as long as it is wanted.
    async fn next_of(&mut self, connection: &mut Connection) -> Result<Event, Break> {
        loop {
            tokio::select! {
                event = connection.next_event() => return event.ok_or_else(|| Break::abnormal("closed")),
                () = self.events.closed() => return Err(Break::Stopped),
                changed = self.control.changed() => self.obey(changed.is_ok())?,
            }
        }
    }

    fn obey(&mut self, has_owner: bool) -> Result<(), Break> {
        if !has_owner {
            return Err(Break::Stopped);
        }
        let control = *self.control.borrow_and_update();
        let is_wanted = control.is_wanted && control.closings == self.closings;
        self.closings = control.closings;
        if is_wanted { Ok(()) } else { Err(Break::Unwanted) }
    }

    /// Lists conversations, and fetches what is missing in them unless it is the first time. Meanwhile the socket's
    /// events are held back.
    async fn fetch(
        &mut self,
        connection: &mut Connection,
        held: &mut VecDeque<Event>,
        is_first: bool,
    ) -> Result<usize, Break> {
        let events = self.events.clone();
        let mut control = self.control.clone();
        let closings = self.closings;
        let mut fetcher = self.fetcher();
        let mut fetch =
            pin!(async move { if is_first { fetcher.note_all().await } else { fetcher.fetch_all().await } });
        loop {
            tokio::select! {
                missed = &mut fetch => return missed,
                () = events.closed() => return Err(Break::Stopped),
                changed = control.changed() => {
                    if changed.is_err() {
                        return Err(Break::Stopped);
                    }
                    let now = *control.borrow_and_update();
                    if !now.is_wanted || now.closings != closings {
                        return Err(Break::Unwanted);
                    }
                }
                event = connection.next_event(), if held.len() < HELD => match event {
                    Some(Event::Closed { code, reason }) => return Err(Break::Lost { code, reason }),
                    Some(event) => held.push_back(event),
                    None => return Err(Break::abnormal("closed")),
                },
            }
        }
    }

    /// Reads and writes until something ends it.
    async fn serve(&mut self, connection: &mut Connection) -> Result<Infallible, Break> {
        let held = self.come_back(connection).await?;
        for event in held {
            self.take(event).await?;
        }
        self.sendings.retain(|_, sending| sending.is_awaited());
        for (id, sending) in &self.sendings {
            let sent = connection.send_frame(&send_frame(*id, &sending.body)).await;
            sent.map_err(|error| Break::lost(&error))?;
        }
        self.up.send_replace(true);
        loop {
            let is_full = self.sendings.len() >= UNDER_WAY;
            tokio::select! {
                event = connection.next_event() => self.take(event.ok_or_else(|| Break::abnormal("closed"))?).await?,
                command = self.commands.recv(), if !is_full => {
                    let sent = self.send(connection, command.ok_or(Break::Stopped)?).await;
                    sent.map_err(|error| Break::lost(&error))?;
                }
                // An answer that nobody waits for any more makes room.
                () = sleep(GIVEN_UP_AFTER), if is_full => self.sendings.retain(|_, sending| sending.is_awaited()),
                () = self.events.closed() => return Err(Break::Stopped),
                changed = self.control.changed() => self.obey(changed.is_ok())?,
            }
        }
    }

    async fn send(&mut self, connection: &mut Connection, command: Command) -> Result<(), ClientError> {
        match command {
            Command::Frame(frame) => match connection.send(&frame).await {
                // It has no binary form, which is no fault of the socket.
                Err(error @ ClientError::Shape(_)) => {
                    tracing::warn!(%error, "frame not sent");
                    Ok(())
                }
                sent => sent,
            },
            // Whoever gave it up may have sent it another way.
            Command::Message(sending) if !sending.is_awaited() => Ok(()),
            Command::Message(sending) => self.send_message(connection, sending).await,
        }
    }

    async fn send_message(&mut self, connection: &mut Connection, sending: Sending) -> Result<(), ClientError> {
        self.next_id += 1;
        let frame = send_frame(self.next_id, &sending.body);
        match connection.send_frame(&frame).await {
            // It has no binary form: no other socket takes it either.
            Err(error @ ClientError::Shape(_)) => {
                sending.answer.send(Err(error)).ok();
                Ok(())
            }
            sent => {
                // After a failure, too: it is sent again.
                self.sendings.insert(self.next_id, sending);
                sent
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
            other => return self.tell(SessionEvent::Live(other)).await,
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

    /// Waits until a socket is wanted. False: the owner is gone. What is to be sent meanwhile is not: a note is no news
    /// any more, and whoever sends a message does it over HTTP when its answer is dropped here.
    async fn wanted(&mut self) -> bool {
        loop {
            let control = *self.control.borrow_and_update();
            // There is no socket to close.
            self.closings = control.closings;
            if control.is_wanted {
                return true;
            }
            let is_owned = tokio::select! {
                changed = self.control.changed() => changed.is_ok(),
                command = self.commands.recv() => command.is_some(),
                () = self.events.closed() => false,
            };
            if !is_owned {
                return false;
            }
        }
    }

    /// A new socket; without a pause before the first try if it is asked for `now`. `None`: the owner is gone, or the login
    /// is dead.
    async fn reconnect(&mut self, mut now: bool) -> Option<Connection> {
        let mut wait = self.options.backoff.first;
        loop {
            if !self.control.borrow().is_wanted {
                (now, wait) = (true, self.options.backoff.first);
            }
            if !self.wanted().await {
                return None;
            }
            if !now {
                let pause = self.away.take().unwrap_or_else(|| wait.mul_f64(rand::random_range(0.5..1.0)));
                wait = (wait * 2).min(self.options.backoff.max);
                tokio::select! {
                    () = sleep(pause) => {}
                    () = self.events.closed() => return None,
                    // Wanted no more, or now.
                    changed = self.control.changed() => {
                        changed.ok()?;
                        now = true;
                        continue;
                    }
                }
            }
            now = false;
            let mut socket = self.socket.clone();
            socket.left_off =
                self.token.as_ref().map(|token| LeftOff { token: token.clone(), positions: self.seen.positions() });
            let attempt = tokio::select! {
                attempt = Connection::connect(socket) => attempt,
                () = self.events.closed() => return None,
                changed = self.control.changed() => {
                    changed.ok()?;
                    now = true;
                    continue;
                }
            };
            match attempt {
                Ok(connection) => return Some(connection),
                Err(error) => self.failed(&error).await?,
            }
        }
    }

    /// The socket cannot say that the login is dead; an HTTP call can, and it renews the proof. `None`: it is dead.
    async fn failed(&mut self, error: &ClientError) -> Option<()> {
        tracing::debug!(%error, "reconnect failed");
        if !is_refusal(error) {
            return Some(());
        }
        match self.api.login().await {
            Ok(login) => self.socket.jwt = login.jwt,
            Err(error) if error.is_credential_dead() => {
                self.emit(SessionEvent::Ended(error.to_string())).await;
                return None;
            }
            Err(error) => tracing::debug!(%error, "login failed"),
        }
        Some(())
    }
}

/// The error that the same call over HTTP answers.
fn refusal(body: &Value) -> ClientError {
    let error = &body["error"];
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    let status = body["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or_default();
    ClientError::Api {
        status,
        code: text("code"),
        message: text("message"),
        details: error.get("details").cloned(),
        retry_after: None,
    }
}

/// Whether the server looked at the login and did not like it. Codes below 4100 only say "come back later".
fn is_refusal(error: &ClientError) -> bool {
    match error {
        ClientError::Closed { code, .. } => !matches!(code, 1001 | 1005 | 1006 | 1011..=1014 | 4000..=4099),
        ClientError::Api { status, .. } => matches!(status, 401 | 403),
        ClientError::Shape(_) => true,
        _ => false,
    }
}
