//! A small server of the client protocol with faults that a test can switch on.

#![allow(dead_code, reason = "two test crates share this file, and each uses a part")]

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message as WsMessage, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// Orders that may wait for one socket; more are lost, as no test wants.
const QUEUE: usize = 65_536;
/// The users that are listed: u0, u1 and so on.
const USERS: std::ops::Range<usize> = 0..70;

pub struct Fake {
    pub address: SocketAddr,
    pub state: Arc<Shared>,
}

#[derive(Default)]
pub struct Shared {
    store: Mutex<Store>,
    /// Answer no ping.
    pub mute: AtomicBool,
    /// Close instead of accepting the auth frame.
    pub refuse_sockets: AtomicBool,
    /// Refuse every token.
    pub dead_tokens: AtomicBool,
    /// Answer this many history calls with 503.
    pub failing_histories: AtomicU32,
    /// Send each live frame twice.
    pub twice: AtomicBool,
    /// Leave out this many of the next live frames.
    pub skip_live: AtomicU32,
    /// Leave out every n-th live frame; 0 for none.
    pub skip_every: AtomicU64,
    /// Tell nobody who comes back what was missed.
    pub refetch: AtomicBool,
    /// What becomes of the next messages that are sent, by either way; then all are stored.
    pub faults: Mutex<VecDeque<Fault>>,
    /// Nobody's messages arrive, and no socket opens.
    pub away: AtomicBool,
    /// The muid of each message that arrived, as often as it did.
    pub arrived: Mutex<Vec<String>>,
    /// What a failure asks to wait for, in seconds.
    pub retry_after: AtomicU32,
    /// Cut this many sockets when they send a message, once it is stored.
    pub cut_sends: AtomicU32,
    live: AtomicU64,
    pub pings: AtomicU32,
    pub logins: AtomicU32,
}

/// What can become of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Refused with 429.
    Busy,
    /// Refused with 503.
    Broken,
    /// Neither stored nor answered.
    Lost,
    /// Stored, and not answered.
    AnswerLost,
}

#[derive(Default)]
struct Store {
    messages: Vec<Value>,
    members: HashMap<String, Vec<String>>,
    sockets: Vec<Peer>,
    frames: Vec<Value>,
    resumes: Vec<Value>,
}

struct Peer {
    uid: String,
    with_sequence: bool,
    sender: mpsc::Sender<Order>,
}

enum Order {
    Text(String),
    Cut,
    Close(u16, &'static str),
}

impl Fake {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Shared::default());
        let router = router(state.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, state }
    }

    pub fn rest(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn websocket(&self) -> String {
        format!("ws://{}/ws", self.address)
    }

    /// Ends every socket without a close frame.
    pub fn cut(&self) {
        self.state.order(|| Order::Cut);
    }

    pub fn close(&self, code: u16, reason: &'static str) {
        self.state.order(|| Order::Close(code, reason));
    }

    pub fn push(&self, frame: &Value) {
        self.state.order(|| Order::Text(frame.to_string()));
    }

    /// What the sockets of the subprotocol said of where they left off.
    pub fn resumes(&self) -> Vec<Value> {
        self.state.store.lock().unwrap().resumes.clone()
    }

    /// The texts that a user was sent, in the order of their storing.
    pub fn texts_to(&self, uid: &str) -> Vec<String> {
        let store = self.state.store.lock().unwrap();
        let texts = store.messages.iter().filter(|message| message["receiver"] == uid);
        texts.map(|message| message["data"]["text"].as_str().unwrap().to_owned()).collect()
    }

    /// What clients sent up their sockets.
    pub fn frames(&self) -> Vec<Value> {
        self.state.store.lock().unwrap().frames.clone()
    }
}

pub fn router(state: Arc<Shared>) -> Router {
    Router::new().route("/ws", any(upgrade)).fallback(rest).with_state(state)
}

impl Shared {
    fn order(&self, make: impl Fn() -> Order) {
        for peer in &self.store.lock().unwrap().sockets {
            drop(peer.sender.try_send(make()));
        }
    }

    pub fn send(&self, from: &str, device: &str, body: &Value) -> Value {
        let mut store = self.store.lock().unwrap();
        let receiver = body["receiver"].as_str().unwrap().to_owned();
        let group = body["receiverType"] == "group";
        let conversation_id = if group {
            format!("group_{receiver}")
        } else if from < receiver.as_str() {
            format!("{from}_user_{receiver}")
        } else {
            format!("{receiver}_user_{from}")
        };
        if let Some(first) = store.messages.iter().find(|m| m["muid"] == body["muid"] && m["sender"] == from) {
            return first.clone();
        }
        let sequence = 1 + store.messages.iter().filter(|m| m["conversationId"] == conversation_id.as_str()).count();
        let message = json!({
            "id": (store.messages.len() + 1).to_string(), "muid": body["muid"], "conversationId": conversation_id,
            "sender": from, "receiver": receiver, "receiverType": body["receiverType"],
            "category": body["category"], "type": body["type"],
            "data": {"text": body["data"]["text"], "resource": device}, "sentAt": 1_700_000_000, "sequence": sequence,
        });
        store.messages.push(message.clone());
        let mut audience =
            if group { store.members.get(&receiver).cloned().unwrap_or_default() } else { vec![receiver] };
        audience.push(from.to_owned());
        self.publish(&store, &audience, device, &message);
        message
    }

    /// Notes that a message came, and says what is to become of it.
    fn arrive(&self, uid: &str, device: &str, body: &Value) -> Option<Fault> {
        if self.away.load(SeqCst) {
            return Some(Fault::Lost);
        }
        self.arrived.lock().unwrap().push(body["muid"].as_str().unwrap().to_owned());
        let fault = self.faults.lock().unwrap().pop_front();
        if fault == Some(Fault::AnswerLost) {
            self.send(uid, device, body);
        }
        fault
    }

    /// What a socket that comes back has missed: a token is how many messages there were.
    fn missed(&self, uid: &str, resume: &Value) -> Vec<String> {
        let mut store = self.store.lock().unwrap();
        let refetch = resume.is_object() && self.refetch.load(SeqCst);
        let token: Option<usize> = resume["token"].as_str().map(|token| token.parse().unwrap());
        let is_for = |message: &Value| {
            let receiver = message["receiver"].as_str().unwrap();
            let members = store.members.get(receiver);
            match message["receiverType"] == "group" {
                true => members.is_some_and(|members| members.iter().any(|member| member == uid)),
                false => message["sender"] == uid || receiver == uid,
            }
        };
        let is_missed = |(n, message): &(usize, &Value)| {
            let known = resume["positions"][message["conversationId"].as_str().unwrap()].as_u64();
            is_for(message)
                && known.map_or(token.is_some_and(|t| *n >= t), |at| message["sequence"].as_u64() > Some(at))
        };
        let missed = store.messages.iter().enumerate().filter(is_missed);
        let frames = missed.map(|(_, message)| json!({"type": "message", "body": message}).to_string());
        let mut frames: Vec<String> = if refetch { Vec::new() } else { frames.collect() };
        let body = json!({"token": store.messages.len().to_string(), "refetch": refetch});
        frames.push(json!({"type": "resumed", "body": body}).to_string());
        store.resumes.push(resume.clone());
        frames
    }

    fn publish(&self, store: &Store, audience: &[String], device: &str, message: &Value) {
        for peer in store.sockets.iter().filter(|peer| audience.contains(&peer.uid)) {
            if self.skip_live.try_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok() {
                continue;
            }
            let every = self.skip_every.load(SeqCst);
            if every > 0 && self.live.fetch_add(1, SeqCst) % every == every - 1 {
                continue;
            }
            let body = if peer.with_sequence { message.clone() } else { without_sequence(message) };
            let frame = json!({"type": "message", "deviceId": device, "body": body}).to_string();
            drop(peer.sender.try_send(Order::Text(frame.clone())));
            if self.twice.load(SeqCst) {
                drop(peer.sender.try_send(Order::Text(frame)));
            }
        }
    }
}

fn without_sequence(message: &Value) -> Value {
    let mut message = message.clone();
    message.as_object_mut().unwrap().remove("sequence");
    message
}

fn error(status: StatusCode, code: &str) -> Response {
    (status, axum::Json(json!({"error": {"code": code, "message": "refused"}}))).into_response()
}

/// A refusal that says when to come again, if it is set.
fn later(state: &Shared, status: StatusCode) -> Response {
    let mut answer = error(status, "ERR_LATER");
    let seconds = state.retry_after.load(SeqCst);
    if seconds > 0 {
        answer.headers_mut().insert("retry-after", seconds.into());
    }
    answer
}

/// An answer that breaks off.
fn cut_off() -> Response {
    let broken = futures::stream::once(async { Err::<Bytes, _>(std::io::Error::other("cut")) });
    axum::body::Body::from_stream(broken).into_response()
}

fn data(value: Value) -> Response {
    axum::Json(json!({"data": value})).into_response()
}

async fn rest(
    State(state): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let token = header("authtoken");
    let uid = token.strip_prefix("token-").unwrap_or_default().to_owned();
    if header("appid") != "app" || (uid.is_empty() && header("apikey") != "key") {
        return error(StatusCode::UNAUTHORIZED, "AUTH_ERR_EMPTY_APIKEY");
    }
    if !uid.is_empty() && state.dead_tokens.load(SeqCst) {
        return error(StatusCode::UNAUTHORIZED, "AUTH_ERR_AUTH_TOKEN_NOT_FOUND");
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let path: Vec<&str> = uri.path().trim_start_matches("/v3").split('/').skip(1).collect();
    match (method.as_str(), path.as_slice()) {
        ("POST", ["users"]) if body["uid"] == "taken" => error(StatusCode::BAD_REQUEST, "ERR_UID_ALREADY_EXISTS"),
        ("POST", ["users"]) => data(body),
        ("GET", ["users"]) => users(&query),
        ("POST", ["users", uid, "auth_tokens"]) => data(json!({"uid": uid, "authToken": format!("token-{uid}")})),
        ("POST", ["groups"]) => data(body),
        ("POST", ["groups", guid, "members"]) => add_members(&state, guid, &body),
        ("PUT", ["me"]) => {
            state.logins.fetch_add(1, SeqCst);
            data(json!({"uid": uid, "jwt": format!("jwt-{uid}"), "settings": {"CHAT_HOST": "h"}}))
        }
        ("DELETE", ["me"]) => data(json!({"success": true})),
        ("POST", ["messages"]) if body["receiver"] == "stranger" => error(StatusCode::NOT_FOUND, "ERR_UID_NOT_FOUND"),
        ("POST", ["messages"]) => match state.arrive(&uid, &header("resource"), &body) {
            None => data(without_sequence(&state.send(&uid, &header("resource"), &body))),
            Some(Fault::Busy) => later(&state, StatusCode::TOO_MANY_REQUESTS),
            Some(Fault::Broken) => later(&state, StatusCode::SERVICE_UNAVAILABLE),
            Some(Fault::Lost | Fault::AnswerLost) => cut_off(),
        },
        ("GET", ["messages"]) => data(json!([{"entityType": "group", "entityId": "g", "count": "3"}])),
        ("GET", ["conversations"]) => conversations(&state, &uid, &query),
        ("GET", ["users", peer, "messages"]) => {
            let pair = if uid.as_str() < *peer { format!("{uid}_user_{peer}") } else { format!("{peer}_user_{uid}") };
            history(&state, &pair, &query)
        }
        ("GET", ["groups", guid, "messages"]) => history(&state, &format!("group_{guid}"), &query),
        ("POST", ["users" | "groups", _, "conversation", "read" | "delivered"]) => {
            data(json!({"success": true, "echo": body}))
        }
        _ => error(StatusCode::NOT_FOUND, "ERR_API_NOT_FOUND"),
    }
}

fn add_members(state: &Shared, guid: &str, body: &Value) -> Response {
    let mut added = serde_json::Map::new();
    for uid in body["participants"].as_array().unwrap() {
        let uid = uid.as_str().unwrap();
        state.store.lock().unwrap().members.entry(guid.into()).or_default().push(uid.into());
        added.insert(uid.into(), json!({"success": true}));
    }
    data(json!({"participants": added}))
}

fn conversations(state: &Shared, uid: &str, query: &HashMap<String, String>) -> Response {
    let store = state.store.lock().unwrap();
    let mut heads: Vec<Value> = Vec::new();
    for message in store.messages.iter().rev() {
        let (sender, receiver) = (message["sender"].as_str().unwrap(), message["receiver"].as_str().unwrap());
        let group = message["receiverType"] == "group";
        let mine = if group {
            store.members.get(receiver).is_some_and(|members| members.iter().any(|member| member == uid))
        } else {
            sender == uid || receiver == uid
        };
        let id = &message["conversationId"];
        if mine && !heads.iter().any(|head| head["conversationId"] == *id) {
            let peer = if sender == uid { receiver } else { sender };
            let with = if group { json!({"guid": receiver}) } else { json!({"uid": peer}) };
            heads.push(
                json!({"conversationId": id, "conversationWith": with, "lastMessage": without_sequence(message)}),
            );
        }
    }
    let Some(page) = query.get("page") else { return by_cursor(heads, query) };
    let (page, size): (usize, usize) = (page.parse().unwrap(), query["per_page"].parse().unwrap());
    data(heads.into_iter().skip((page - 1) * size).take(size).collect())
}

fn by_cursor(rows: Vec<Value>, query: &HashMap<String, String>) -> Response {
    let from: usize = query.get("cursor").map_or(0, |cursor| cursor.parse().unwrap());
    let end = from + query["limit"].parse::<usize>().unwrap();
    let meta = if end < rows.len() { json!({"cursor": {"cursor": end.to_string()}}) } else { json!({}) };
    let rows: Vec<Value> = rows.into_iter().skip(from).take(end - from).collect();
    axum::Json(json!({"data": rows, "meta": meta})).into_response()
}

/// So many users, in pages with numbers.
fn users(query: &HashMap<String, String>) -> Response {
    let (page, size): (usize, usize) = (query["page"].parse().unwrap(), query["per_page"].parse().unwrap());
    let found = USERS.filter(|n| query.get("searchKey").is_none_or(|key| format!("u{n}").starts_with(key)));
    let all: Vec<Value> = found.map(|n| json!({"uid": format!("u{n}"), "extra": n})).collect();
    let meta = json!({"pagination": {"total_pages": all.len().div_ceil(size)}});
    let rows: Vec<Value> = all.into_iter().skip((page - 1) * size).take(size).collect();
    axum::Json(json!({"data": rows, "meta": meta})).into_response()
}

fn history(state: &Shared, conversation_id: &str, query: &HashMap<String, String>) -> Response {
    if state.failing_histories.try_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok() {
        return later(state, StatusCode::SERVICE_UNAVAILABLE);
    }
    let size: usize = query.get("per_page").unwrap_or_else(|| &query["limit"]).parse().unwrap();
    let cursor: Option<u64> = query.get("id").map(|id| id.parse().unwrap());
    let id_of = |m: &Value| m["id"].as_str().unwrap().parse::<u64>().unwrap();
    let store = state.store.lock().unwrap();
    let all = store.messages.iter().filter(|m| m["conversationId"] == conversation_id);
    let mut rows: Vec<Value> = if query["affix"] == "append" {
        all.filter(|m| cursor.is_some_and(|cursor| id_of(m) > cursor)).take(size).cloned().collect()
    } else {
        let mut rows: Vec<Value> =
            all.rev().filter(|m| cursor.is_none_or(|id| id_of(m) < id)).take(size).cloned().collect();
        rows.reverse();
        rows
    };
    if query.get("withSequence").map(String::as_str) != Some("1") {
        rows = rows.iter().map(without_sequence).collect();
    }
    let first = |m: &&Value| m["conversationId"] == conversation_id;
    let is_first = rows.first().map(id_of) == store.messages.iter().find(first).map(id_of);
    let meta = if is_first { json!({}) } else { json!({"cursor": {"id": "there are older ones"}}) };
    axum::Json(json!({"data": rows, "meta": meta})).into_response()
}

async fn upgrade(State(state): State<Arc<Shared>>, upgrade: WebSocketUpgrade) -> Response {
    let upgrade = upgrade.protocols(["halley.v1"]);
    let with_sequence = upgrade.selected_protocol().is_some();
    upgrade.on_upgrade(move |socket| serve(state, socket, with_sequence))
}

async fn serve(state: Arc<Shared>, mut socket: WebSocket, with_sequence: bool) {
    let Some(Ok(WsMessage::Text(first))) = socket.recv().await else { return };
    let auth: Value = serde_json::from_str(&first).unwrap();
    let uid = auth["sender"].as_str().unwrap().to_owned();
    assert_eq!(auth["body"]["auth"], format!("jwt-{uid}"));
    if state.away.load(SeqCst) {
        return;
    }
    if state.refuse_sockets.load(SeqCst) {
        let frame = CloseFrame { code: 4101, reason: "not you".into() };
        drop(socket.send(WsMessage::Close(Some(frame))).await);
        return;
    }
    let (sender, mut orders) = mpsc::channel(QUEUE);
    let device = auth["deviceId"].as_str().unwrap().to_owned();
    // Before what was missed is looked up, so that nothing falls in between.
    state.store.lock().unwrap().sockets.push(Peer { uid: uid.clone(), with_sequence, sender });
    let accepted = r#"{"type":"auth","body":{"code":"200","status":"OK"}}"#.to_owned();
    let missed = if with_sequence { state.missed(&uid, &auth["body"]["resume"]) } else { Vec::new() };
    for text in std::iter::once(accepted).chain(missed) {
        if socket.send(WsMessage::text(text)).await.is_err() {
            return;
        }
    }
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(Order::Text(text)) => drop(socket.send(WsMessage::text(text)).await),
                Some(Order::Close(code, reason)) => {
                    let frame = CloseFrame { code, reason: reason.into() };
                    drop(socket.send(WsMessage::Close(Some(frame))).await);
                    break;
                }
                Some(Order::Cut) | None => break,
            },
            frame = socket.recv() => match frame {
                Some(Ok(WsMessage::Text(text))) => match fate(&state, &uid, &device, &text) {
                    Fate::None => answer(&state, &mut socket, &text).await,
                    Fate::Told(text) => drop(socket.send(WsMessage::text(text)).await),
                    Fate::Cut => break,
                },
                Some(Ok(_)) => {}
                _ => break,
            },
        }
    }
    state.store.lock().unwrap().sockets.retain(|peer| !peer.sender.is_closed());
}

/// What becomes of a message that a socket sends.
enum Fate {
    /// It sends none.
    None,
    Told(String),
    Cut,
}

fn fate(state: &Shared, uid: &str, device: &str, text: &str) -> Fate {
    let frame: Value = serde_json::from_str(text).unwrap();
    if frame["type"] != "send" {
        return Fate::None;
    }
    state.store.lock().unwrap().frames.push(frame.clone());
    if frame["body"]["receiver"] == "stranger" {
        let error = json!({"code": "ERR_UID_NOT_FOUND", "message": "nobody"});
        let body = json!({"status": 404, "error": error});
        return Fate::Told(json!({"type": "refused", "id": frame["id"], "body": body}).to_string());
    }
    let refused = |status: u16| {
        let body = json!({"status": status, "error": {"code": "ERR_LATER", "message": "refused"}});
        Fate::Told(json!({"type": "refused", "id": frame["id"], "body": body}).to_string())
    };
    match state.arrive(uid, device, &frame["body"]) {
        None => {}
        Some(Fault::Busy) => return refused(429),
        Some(Fault::Broken) => return refused(503),
        Some(Fault::Lost | Fault::AnswerLost) => return Fate::Cut,
    }
    let message = state.send(uid, device, &frame["body"]);
    match state.cut_sends.try_update(SeqCst, SeqCst, |left| left.checked_sub(1)) {
        Ok(_) => Fate::Cut,
        Err(_) => Fate::Told(json!({"type": "sent", "id": frame["id"], "body": message}).to_string()),
    }
}

async fn answer(state: &Shared, socket: &mut WebSocket, text: &str) {
    let frame: Value = serde_json::from_str(text).unwrap();
    if frame["action"] != "ping" {
        state.store.lock().unwrap().frames.push(frame);
        return;
    }
    assert_eq!(frame["ack"], "true");
    state.pings.fetch_add(1, SeqCst);
    if !state.mute.load(SeqCst) {
        drop(socket.send(WsMessage::text(r#"{"action":"pong"}"#)).await);
    }
}
