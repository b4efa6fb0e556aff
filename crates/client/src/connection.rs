use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use http::HeaderValue;
use http::header::SEC_WEBSOCKET_PROTOCOL;
use rustls::ClientConfig;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message as WsMessage, Utf8Bytes};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config};

use crate::binary::{decode_server_frame, encode_client_frame};
use crate::event::Frame;
use crate::outgoing::{auth_frame, ping};
use crate::{ClientError, Event, Outgoing};

/// The opt-in that makes message frames carry their position in the conversation.
const HALLEY_SUBPROTOCOL: &str = "halley.v1";
/// The same in binary form.
const BINARY_SUBPROTOCOL: &str = "halley.v1.protobuf";
/// Small, so that a process can hold thousands of sockets.
const READ_BUFFER: usize = 4 * 1024;
/// What the server may send in one message, and what may wait here to be written.
const MAX_MESSAGE: usize = 4 * 1024 * 1024;
/// Most events that may come before the auth reply.
const EARLY_MAX: usize = 1024;
/// No close frame was received.
const ABNORMAL: u16 = 1006;

/// In which form frames go over a socket. What they say is the same, and so are the events that come of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// JSON, as text.
    #[default]
    Json,
    /// Protobuf, as bytes (subprotocol `halley.v1.protobuf`). It always has each message's position.
    Protobuf,
}

/// Whose presence the socket is told.
#[derive(Clone, Debug, Default)]
pub enum PresenceSubscription {
    /// Nobody's.
    #[default]
    None,
    /// Every user's.
    AllUsers,
    /// The friends'.
    Friends,
    /// That of users with these roles.
    Roles(Vec<String>),
}

/// The socket's clocks. The defaults are those of existing clients.
#[derive(Clone, Copy, Debug)]
pub struct Timings {
    /// Limit from the TCP connect to the accepted auth frame, and for writing one frame.
    pub connect: Duration,
    /// Keepalive beat, counted from the auth reply.
    pub ping_every: Duration,
    /// A ping not answered within this time ends the socket.
    pub pong_within: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            ping_every: Duration::from_secs(15),
            pong_within: Duration::from_secs(3),
        }
    }
}

/// Where a socket left off.
#[derive(Clone, Debug, Default)]
pub struct LeftOff {
    /// `body.token` of the last frame `resumed`.
    pub token: String,
    /// By conversation id, the sequence number up to which the client has every message.
    pub positions: HashMap<String, i64>,
}

/// How to open a socket; made by [`crate::ApiClient::socket_options`].
#[derive(Clone)]
pub struct SocketOptions {
    /// `ws://` or `wss://`.
    pub url: String,
    /// The app.
    pub app_id: String,
    /// The user.
    pub uid: String,
    /// Proof of the login.
    pub jwt: String,
    /// The device; equals the `resource` of the HTTP calls.
    pub device_id: String,
    /// Whose presence is wanted.
    pub presence: PresenceSubscription,
    /// Asks for each message's position (subprotocol `halley.v1`); fails on a server without that addition.
    pub with_sequence: bool,
    /// The form of the frames.
    pub format: Format,
    /// Where an earlier socket left off: what was missed since comes first. Goes with `with_sequence` or the binary form.
    pub left_off: Option<LeftOff>,
    /// Yields frames that this device caused, too; existing clients drop them.
    pub keep_own: bool,
    /// How many events of a [`crate::Socket`] may wait before it stops reading.
    pub capacity: usize,
    /// The clocks.
    pub timings: Timings,
    pub(crate) tls: Arc<ClientConfig>,
}

impl fmt::Debug for SocketOptions {
    /// Without what proves the login.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketOptions").field("url", &self.url).field("uid", &self.uid).finish_non_exhaustive()
    }
}

impl SocketOptions {
    fn subprotocol(&self) -> Option<&'static str> {
        match self.format {
            Format::Protobuf => Some(BINARY_SUBPROTOCOL),
            Format::Json => self.with_sequence.then_some(HALLEY_SUBPROTOCOL),
        }
    }
}

/// One authenticated socket, driven by whoever calls [`Connection::next_event`].
///
/// The keepalive runs inside that call, so it must be called again and again. It may be cancelled at any await.
pub struct Connection {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    options: Arc<SocketOptions>,
    /// Events that came before the auth reply.
    early: VecDeque<Event>,
    next_ping: Instant,
    pong_due: Option<Instant>,
    alarm: Pin<Box<Sleep>>,
    ended: bool,
}

impl Connection {
    /// Connects, sends the auth frame and waits until it is accepted.
    pub async fn connect(options: SocketOptions) -> Result<Self, ClientError> {
        let limit = options.timings.connect;
        let attempt = Self::connect_unbounded(Arc::new(options));
        timeout(limit, attempt).await.map_err(|_| ClientError::transport("the socket did not open in time"))?
    }

    async fn connect_unbounded(options: Arc<SocketOptions>) -> Result<Self, ClientError> {
        let mut request = options.url.as_str().into_client_request().map_err(failed)?;
        if let Some(protocol) = options.subprotocol() {
            let protocol = HeaderValue::from_static(protocol);
            request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_write_buffer_size(MAX_MESSAGE)
            .max_message_size(Some(MAX_MESSAGE))
            .max_frame_size(Some(MAX_MESSAGE));
        let connector = Connector::Rustls(options.tls.clone());
        let (stream, _) =
            connect_async_tls_with_config(request, Some(config), true, Some(connector)).await.map_err(failed)?;
        let next_ping = Instant::now() + options.timings.ping_every;
        let mut connection = Self {
            stream,
            options,
            early: VecDeque::new(),
            next_ping,
            pong_due: None,
            alarm: Box::pin(sleep_until(next_ping)),
            ended: false,
        };
        connection.authenticate().await?;
        Ok(connection)
    }

    async fn authenticate(&mut self) -> Result<(), ClientError> {
        let auth = auth_frame(&self.options);
        self.send_frame(&auth).await?;
        loop {
            let text = match self.stream.next().await {
                Some(Ok(WsMessage::Close(frame))) => {
                    let (code, reason) = close_parts(frame);
                    return Err(ClientError::Closed { code, reason });
                }
                Some(Ok(message)) => match self.text_of(message) {
                    Some(text) => text,
                    None => continue,
                },
                Some(Err(error)) => return Err(failed(error)),
                None => return Err(ClientError::Closed { code: ABNORMAL, reason: "cut before the auth reply".into() }),
            };
            match Frame::parse(&text, &self.options.device_id) {
                Frame::AuthAccepted => break,
                Frame::AuthOther(body) => return Err(ClientError::Shape(format!("auth reply {body}"))),
                Frame::Event(_) | Frame::Own(_) if self.early.len() >= EARLY_MAX => {
                    return Err(ClientError::Shape("no auth reply among the first frames".into()));
                }
                Frame::Event(event) => self.early.push_back(event),
                Frame::Own(event) if self.options.keep_own => self.early.push_back(event),
                Frame::Own(_) | Frame::Pong | Frame::Unreadable => {}
            }
        }
        self.next_ping = Instant::now() + self.options.timings.ping_every;
        self.set_alarm();
        Ok(())
    }

    /// The options it was opened with.
    pub fn options(&self) -> &SocketOptions {
        &self.options
    }

    /// The next event; the last one is [`Event::Closed`], then `None`.
    pub async fn next_event(&mut self) -> Option<Event> {
        if let Some(event) = self.early.pop_front() {
            return Some(event);
        }
        while !self.ended {
            let now = Instant::now();
            if self.pong_due.is_none() && now >= self.next_ping {
                // The clocks move first, so that a cancelled write is not repeated at once.
                self.next_ping = now + self.options.timings.ping_every;
                self.pong_due = Some(now + self.options.timings.pong_within);
                self.set_alarm();
                if let Err(error) = self.send_frame(&ping()).await {
                    return self.closed(ABNORMAL, error.to_string());
                }
            }
            tokio::select! {
                // Reading comes first: a pong that already waits must win over its deadline.
                biased;
                item = self.stream.next() => {
                    if let Some(event) = self.read(item) {
                        return Some(event);
                    }
                }
                () = self.alarm.as_mut() => {
                    if self.pong_due.is_some_and(|due| Instant::now() >= due) {
                        return self.closed(ABNORMAL, "no pong in time".into());
                    }
                    self.set_alarm();
                }
            }
        }
        None
    }

    fn read(&mut self, item: Option<Result<WsMessage, tungstenite::Error>>) -> Option<Event> {
        let text = match item {
            Some(Ok(WsMessage::Close(frame))) => {
                let (code, reason) = close_parts(frame);
                return self.closed(code, reason);
            }
            Some(Ok(message)) => self.text_of(message)?,
            Some(Err(error)) => return self.closed(ABNORMAL, error.to_string()),
            None => return self.closed(ABNORMAL, "cut without a close frame".into()),
        };
        match Frame::parse(&text, &self.options.device_id) {
            Frame::Event(event) => Some(event),
            Frame::Own(event) => self.options.keep_own.then_some(event),
            Frame::Pong => {
                self.pong_due = None;
                self.set_alarm();
                None
            }
            Frame::AuthAccepted | Frame::AuthOther(_) => None,
            Frame::Unreadable => {
                tracing::debug!(frame = %text, "unreadable frame");
                None
            }
        }
    }

    fn closed(&mut self, code: u16, reason: String) -> Option<Event> {
        self.ended = true;
        Some(Event::Closed { code, reason })
    }

    fn set_alarm(&mut self) {
        let at = self.pong_due.map_or(self.next_ping, |due| due.min(self.next_ping));
        self.alarm.as_mut().reset(at);
    }

    /// Sends a frame. It is not acknowledged.
    pub async fn send(&mut self, frame: &Outgoing) -> Result<(), ClientError> {
        let frame = frame.to_value(&self.options);
        self.send_frame(&frame).await
    }

    /// Sends a frame that is given as JSON, in the form that the socket has.
    pub async fn send_frame(&mut self, frame: &Value) -> Result<(), ClientError> {
        let message = match self.options.format {
            Format::Json => WsMessage::text(frame.to_string()),
            Format::Protobuf => {
                let bytes = encode_client_frame(frame);
                WsMessage::binary(bytes.ok_or_else(|| ClientError::Shape(format!("no binary form of {frame}")))?)
            }
        };
        self.write(message).await
    }

    /// A peer that reads nothing would hold the writer up for ever, and with it the keepalive.
    async fn write(&mut self, message: WsMessage) -> Result<(), ClientError> {
        let written = timeout(self.options.timings.connect, self.stream.send(message)).await;
        written.map_err(|_| ClientError::transport("a frame could not be written in time"))?.map_err(failed)
    }

    /// A frame as JSON; `None` for what is none of the socket's form.
    fn text_of(&self, message: WsMessage) -> Option<Utf8Bytes> {
        match (self.options.format, message) {
            (Format::Json, WsMessage::Text(text)) => Some(text),
            (Format::Protobuf, WsMessage::Binary(bytes)) => {
                let frame = decode_server_frame(&bytes);
                if frame.is_none() {
                    tracing::debug!(bytes = bytes.len(), "unreadable frame");
                }
                frame.map(|frame| frame.to_string().into())
            }
            _ => None,
        }
    }

    /// Sends a text frame as it is, whatever it holds; for tests of the server.
    pub async fn send_text(&mut self, text: String) -> Result<(), ClientError> {
        self.write(WsMessage::text(text)).await
    }

    /// Says goodbye (code 1000) and waits a moment for the answer.
    pub async fn close(mut self) {
        let frame = CloseFrame { code: CloseCode::Normal, reason: "client closed".into() };
        let goodbye = async {
            if self.stream.close(Some(frame)).await.is_ok() {
                while let Some(Ok(_)) = self.stream.next().await {}
            }
        };
        // A server that does not answer in time has lost its turn: the connection is dropped anyway.
        drop(timeout(Duration::from_secs(1), goodbye).await);
    }
}

fn close_parts(frame: Option<CloseFrame>) -> (u16, String) {
    // 1005: a close frame without a code.
    frame.map_or((1005, String::new()), |frame| (frame.code.into(), frame.reason.to_string()))
}

fn failed(error: tungstenite::Error) -> ClientError {
    match error {
        tungstenite::Error::Http(response) => ClientError::Api {
            status: response.status().as_u16(),
            code: String::new(),
            message: "the server refused the WebSocket handshake".into(),
            details: None,
            retry_after: None,
        },
        tungstenite::Error::Url(error) => ClientError::Setting(error.to_string()),
        other => ClientError::transport(other),
    }
}
