//! The socket of the strict client: which events fire by which frames, and which fields a frame must have for that.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{anyhow, bail};
use futures::{SinkExt as _, StreamExt as _};
use rustls::ClientConfig;
use serde_json::{Value, json};
use tokio::{
    net::TcpStream,
    sync::{Notify, mpsc},
};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
    tungstenite::{
        Message,
        client::IntoClientRequest as _,
        http::HeaderValue,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use crate::{
    client::{AGENT, PAGE},
    shapes::{self, at},
};

const LIMIT: Duration = Duration::from_secs(20);

/// Where and as what a socket is opened.
pub struct Address<'a> {
    pub url: &'a str,
    pub tls: Arc<ClientConfig>,
    pub device_id: &'a str,
}

/// An event by its name, with the frame that fired it.
struct Event {
    name: String,
    frame: Value,
}

#[derive(Default)]
struct Heard {
    events: Mutex<Vec<Event>>,
    changed: Notify,
}

impl Heard {
    fn events(&self) -> MutexGuard<'_, Vec<Event>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, name: &str, frame: Value) {
        self.events().push(Event { name: name.to_owned(), frame });
        self.changed.notify_waiters();
    }
}

/// An open socket, read by a task of its own. Dropping it cuts the connection.
pub struct Socket {
    heard: Arc<Heard>,
    outgoing: mpsc::Sender<Message>,
    task: tokio::task::JoinHandle<()>,
    /// The subprotocol that the server chose, and whether it compresses.
    pub chosen: (Option<String>, bool),
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Socket {
    /// Opens as a browser does: no query, no subprotocol, compression offered.
    pub async fn open(address: Address<'_>) -> anyhow::Result<Self> {
        let mut request = address.url.into_client_request()?;
        let headers = request.headers_mut();
        headers.insert("origin", HeaderValue::from_static(PAGE));
        headers.insert("user-agent", HeaderValue::from_static(AGENT));
        let offered = HeaderValue::from_static("permessage-deflate; client_max_window_bits");
        headers.insert("sec-websocket-extensions", offered);
        let connector = Some(Connector::Rustls(address.tls));
        let opening = connect_async_tls_with_config(request, None, true, connector);
        let (stream, response) = tokio::time::timeout(LIMIT, opening).await.map_err(|_| anyhow!("no handshake"))??;
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let chosen =
            (header("sec-websocket-protocol").map(ToOwned::to_owned), header("sec-websocket-extensions").is_some());
        let heard = Arc::new(Heard::default());
        let (outgoing, queue) = mpsc::channel(64);
        let task = tokio::spawn(drive(stream, queue, heard.clone(), address.device_id.to_owned()));
        Ok(Self { heard, outgoing, task, chosen })
    }

    pub async fn send(&self, frame: &Value) -> anyhow::Result<()> {
        self.send_raw(Message::text(frame.to_string())).await
    }

    pub async fn send_raw(&self, message: Message) -> anyhow::Result<()> {
        self.outgoing.send(message).await.map_err(|_| anyhow!("the socket is closed"))
    }

    /// Says goodbye, and waits until the server does.
    pub async fn close(self) -> anyhow::Result<()> {
        self.close_with(1000, "User logged out").await
    }

    pub async fn close_with(self, code: u16, reason: &'static str) -> anyhow::Result<()> {
        let frame = CloseFrame { code: CloseCode::from(code), reason: reason.into() };
        self.send_raw(Message::Close(Some(frame))).await?;
        self.hears("closed", |_| true).await?;
        Ok(())
    }

    /// The ping of the keepalive.
    pub async fn ping(&self) -> anyhow::Result<()> {
        self.send(&json!({"action": "ping", "ack": "true"})).await
    }

    /// Waits for an event; answers its frame. What else was heard stays.
    pub async fn hears(&self, name: &str, is_wanted: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        let waiting = async {
            loop {
                let changed = self.heard.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if let Some(found) = self.take(name, &is_wanted)? {
                    return Ok(found);
                }
                changed.await;
            }
        };
        match tokio::time::timeout(LIMIT, waiting).await {
            Ok(found) => found,
            Err(_) => bail!("{name} does not fire; heard: {}", self.names()),
        }
    }

    /// Whether such an event was heard up to now.
    pub fn has_heard(&self, name: &str, is_wanted: impl Fn(&Value) -> bool) -> bool {
        self.heard.events().iter().any(|event| event.name == name && is_wanted(&event.frame["body"]))
    }

    /// How many such events were heard and not taken yet.
    pub fn count(&self, name: &str, is_wanted: impl Fn(&Value) -> bool) -> usize {
        self.heard.events().iter().filter(|event| event.name == name && is_wanted(&event.frame["body"])).count()
    }

    fn take(&self, name: &str, is_wanted: &impl Fn(&Value) -> bool) -> anyhow::Result<Option<Value>> {
        let mut events = self.heard.events();
        if let Some(fault) = events.iter().find(|event| event.name == "fault") {
            bail!("a frame fires nothing: {}", fault.frame);
        }
        let found = events.iter().position(|event| event.name == name && is_wanted(&event.frame["body"]));
        Ok(found.map(|index| events.remove(index).frame))
    }

    fn names(&self) -> String {
        let events = self.heard.events();
        let shown = events.iter().map(|event| match event.name.as_str() {
            "closed" | "fault" => format!("{} {}", event.name, event.frame),
            name => name.to_owned(),
        });
        shown.collect::<Vec<_>>().join(", ")
    }
}

async fn drive(
    mut stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    mut queue: mpsc::Receiver<Message>,
    heard: Arc<Heard>,
    device_id: String,
) {
    loop {
        tokio::select! {
            item = stream.next() => match item {
                Some(Ok(Message::Text(text))) => hear(&heard, &text, &device_id),
                Some(Ok(Message::Close(frame))) => {
                    let code = frame.map_or(1005, |frame| u16::from(frame.code));
                    return heard.add("closed", json!({"body": {"code": code}}));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(other)) => heard.add("fault", json!(format!("no text: {other:?}"))),
                Some(Err(_)) | None => return heard.add("closed", json!({"body": {"code": 1006}})),
            },
            Some(message) = queue.recv() => {
                if stream.send(message).await.is_err() {
                    return heard.add("closed", json!({"body": {"code": 1006}}));
                }
            }
        }
    }
}

fn hear(heard: &Heard, text: &str, device_id: &str) {
    let frame: Value = match serde_json::from_str(text) {
        Ok(frame @ Value::Object(_)) => frame,
        _ => return heard.add("fault", json!(format!("no JSON object: {text:.200}"))),
    };
    match fired(&frame, device_id) {
        Ok(name) => heard.add(&name, frame),
        Err(missing) => heard.add("fault", json!(format!("{missing} in {text:.1200}"))),
    }
}

/// The event that a frame fires, or what it lacks for that.
fn fired(frame: &Value, device_id: &str) -> Result<String, String> {
    if frame["action"] == "pong" {
        return Ok("pong".to_owned());
    }
    let kind = frame["type"].as_str().ok_or("type")?;
    let body = &frame["body"];
    if kind == "auth" {
        let is_literal = body["code"] == "200" && body["status"] == "OK";
        return is_literal.then(|| "authenticated".to_owned()).ok_or_else(|| "the literal auth reply".to_owned());
    }
    // Whoever sent it: a frame of the own device is dropped.
    if frame["deviceId"] == device_id {
        return Ok(format!("dropped:{kind}"));
    }
    let name = match kind {
        "message" => message(body)?,
        "typing_indicator" => typing(frame)?,
        "transient_message" => {
            user_of(frame)?;
            present(body, &["data"])?;
            "onTransientMessageReceived"
        }
        "receipts" => receipt(frame)?,
        "presence" => presence(body)?,
        "reaction" => reaction(frame)?,
        "message_pinned" => marked(body, "onMessagePinned")?,
        "message_unpinned" => marked(body, "onMessageUnpinned")?,
        "message_saved" => marked(body, "onMessageSaved")?,
        "message_unsaved" => marked(body, "onMessageUnsaved")?,
        "conversation_pinned" => conversation(body, "onConversationPinned")?,
        "conversation_unpinned" => conversation(body, "onConversationUnpinned")?,
        other => return Ok(format!("unknown:{other}")),
    };
    Ok(name.to_owned())
}

fn present(value: &Value, paths: &[&str]) -> Result<(), String> {
    let missing = paths.iter().find(|path| at(value, path).is_null());
    missing.map_or(Ok(()), |path| Err((*path).to_owned()))
}

/// Whom it is from and for: without it the event has holes.
fn user_of(frame: &Value) -> Result<(), String> {
    present(frame, &["receiver", "receiverType", "body.user.uid"])
}

fn message(body: &Value) -> Result<&'static str, String> {
    present(body, &["category", "data"])?;
    shapes::message(body)?;
    let (category, kind) = (body["category"].as_str().unwrap_or_default(), body["type"].as_str().unwrap_or_default());
    let action = at(body, "data.action").as_str().unwrap_or_default();
    let name = match (category, kind) {
        ("message", "text") => "onTextMessageReceived",
        ("message", _) => "onMediaMessageReceived",
        ("custom", _) => "onCustomMessageReceived",
        ("interactive", _) => "onInteractiveMessageReceived",
        ("card", _) => "onCardMessageReceived",
        ("action", "message") => match action {
            "edited" => "onMessageEdited",
            "deleted" => "onMessageDeleted",
            other => return Err(format!("data.action {other}")),
        },
        ("action", "groupMember") => group_action(body, action)?,
        ("call", _) => match at(body, "data.entities.on.entity.status").as_str().unwrap_or_default() {
            "initiated" => "onIncomingCallReceived",
            "ongoing" => "onOutgoingCallAccepted",
            "rejected" | "busy" => "onOutgoingCallRejected",
            "cancelled" | "unanswered" => "onIncomingCallCancelled",
            "ended" => "onCallEndedMessageReceived",
            other => return Err(format!("status {other}")),
        },
        (category, kind) => return Err(format!("category {category} of type {kind}")),
    };
    Ok(name)
}

fn group_action(body: &Value, action: &str) -> Result<&'static str, String> {
    let name = match action {
        "joined" => "onGroupMemberJoined",
        "left" => "onGroupMemberLeft",
        "kicked" => "onGroupMemberKicked",
        "banned" => "onGroupMemberBanned",
        "unbanned" => "onGroupMemberUnbanned",
        "added" => "onMemberAddedToGroup",
        "scopeChanged" => {
            present(body, &["data.extras.scope.old", "data.extras.scope.new"])?;
            "onGroupMemberScopeChanged"
        }
        other => return Err(format!("data.action {other}")),
    };
    Ok(name)
}

fn typing(frame: &Value) -> Result<&'static str, String> {
    user_of(frame)?;
    match at(frame, "body.action").as_str() {
        Some("started") => Ok("onTypingStarted"),
        Some("ended") => Ok("onTypingEnded"),
        _ => Err("action".to_owned()),
    }
}

fn receipt(frame: &Value) -> Result<&'static str, String> {
    user_of(frame)?;
    present(&frame["body"], &["messageId", "timestamp"])?;
    match at(frame, "body.action").as_str() {
        Some("delivered") => Ok("onMessagesDelivered"),
        Some("read") => Ok("onMessagesRead"),
        Some("deliveredToAll") => Ok("onMessagesDeliveredToAll"),
        Some("readByAll") => Ok("onMessagesReadByAll"),
        _ => Err("action".to_owned()),
    }
}

fn presence(body: &Value) -> Result<&'static str, String> {
    present(body, &["user", "timestamp"])?;
    shapes::user(&body["user"])?;
    match body["action"].as_str() {
        Some("online") => Ok("onUserOnline"),
        Some("offline") => Ok("onUserOffline"),
        _ => Err("action".to_owned()),
    }
}

fn reaction(frame: &Value) -> Result<&'static str, String> {
    present(frame, &["receiver", "receiverType"])?;
    let body = &frame["body"];
    present(body, &["id", "messageId", "reaction", "uid", "reactedAt", "reactedBy", "conversationId"])?;
    match body["action"].as_str() {
        Some("message_reaction_added") => Ok("onMessageReactionAdded"),
        Some("message_reaction_removed") => Ok("onMessageReactionRemoved"),
        _ => Err("action".to_owned()),
    }
}

fn marked(body: &Value, name: &'static str) -> Result<&'static str, String> {
    shapes::message(body.get("message").unwrap_or(body))?;
    Ok(name)
}

fn conversation(body: &Value, name: &'static str) -> Result<&'static str, String> {
    shapes::conversation(body)?;
    Ok(name)
}
