//! What devices say.

use std::collections::HashMap;

use halley_contracts::messaging::v1::ReceiverType;
use halley_model::limits;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::calls;
use crate::{
    resume::{LeftOff, NO_TOKEN},
    socket::PresenceWish,
};

/// A frame that a server acts on.
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
pub enum ClientFrame {
    Auth(AuthFrame),
    Ping,
    Receipt(ReceiptFrame),
    Signal(SignalFrame),
    Send(SendFrame),
    Call(calls::CallFrame),
}

/// The first frame of a socket.
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
pub struct AuthFrame {
    pub app_id: String,
    pub device_id: String,
    pub token: String,
    pub presence: PresenceWish,
    /// Where the client left off: Halley's own addition.
    pub left_off: LeftOff,
}

/// "Up to this message."
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptFrame {
    pub read: bool,
    pub receiver_type: ReceiverType,
    /// The message's sender, or the group.
    pub receiver: String,
    pub message_id: i64,
}

/// Something for others that is not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignalFrame {
    pub receiver_type: ReceiverType,
    /// A user or a group.
    pub receiver: String,
    pub signal: Signal,
}

/// What is sent and not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    Typing {
        started: bool,
        /// A JSON object, or empty.
        metadata: String,
    },
    Transient {
        /// JSON.
        data: String,
    },
}

/// A message to be stored, whose fate the client is told: Halley's own addition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendFrame {
    /// By which the client knows the answer; empty: it gave none that can be used.
    pub id: String,
    /// What the body of `POST /messages` is, as yet unread.
    pub body: Option<Value>,
}

/// Longest id of a message to be sent.
const SEND_ID_MAX: usize = 100;
/// Most roles that one socket names.
const ROLES_MAX: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Incoming<'a> {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    app_id: String,
    #[serde(default)]
    device_id: String,
    #[serde(default)]
    receiver: String,
    #[serde(default)]
    receiver_type: String,
    #[serde(default)]
    id: Option<Value>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

impl Incoming<'_> {
    fn body(&self) -> Option<IncomingBody> {
        serde_json::from_str(self.body?.get()).ok()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IncomingBody {
    #[serde(default)]
    auth: Option<String>,
    #[serde(default)]
    device_id: Option<String>,
    #[serde(default)]
    presence_subscription: Option<String>,
    #[serde(default)]
    roles: Option<Value>,
    #[serde(default)]
    resume: Option<Value>,
    #[serde(default)]
    pub(super) action: Option<String>,
    #[serde(default)]
    message_id: Option<Value>,
    #[serde(default)]
    metadata: Option<Box<RawValue>>,
    #[serde(default)]
    pub(super) data: Option<Box<RawValue>>,
    #[serde(default)]
    pub(super) session_id: Option<Value>,
    #[serde(default)]
    pub(super) to: Option<Value>,
}

#[derive(Deserialize)]
struct IncomingResume {
    #[serde(default)]
    token: String,
    #[serde(default)]
    positions: HashMap<String, i64>,
}

/// Reads a frame; `None` for what can't be read or is not for a server.
pub fn decode(text: &str) -> Option<ClientFrame> {
    let frame: Incoming = serde_json::from_str(text).ok()?;
    match frame.kind.as_str() {
        "" if frame.action == "ping" => Some(ClientFrame::Ping),
        "auth" => auth(frame).map(ClientFrame::Auth),
        "receipts" => receipt(frame).map(ClientFrame::Receipt),
        "typing_indicator" => signal(frame, typing).map(ClientFrame::Signal),
        "transient_message" => signal(frame, transient).map(ClientFrame::Signal),
        "send" => Some(ClientFrame::Send(send(frame))),
        calls::KIND => calls::decode(frame.body()?).map(ClientFrame::Call),
        _ => None,
    }
}

fn auth(frame: Incoming<'_>) -> Option<AuthFrame> {
    let body = frame.body()?;
    Some(AuthFrame {
        app_id: frame.app_id.to_lowercase(),
        device_id: body.device_id.unwrap_or(frame.device_id),
        token: body.auth.unwrap_or_default(),
        presence: wish(body.presence_subscription.as_deref(), body.roles.as_ref()),
        left_off: body.resume.map(left_off).unwrap_or_default(),
    })
}

/// Whatever is wrong with it, the client is told.
fn send(frame: Incoming<'_>) -> SendFrame {
    let id = match frame.id {
        Some(Value::String(id)) => id,
        _ => String::new(),
    };
    // A part of a frame that was read whole can be read.
    SendFrame { id: send_id(id), body: frame.body.and_then(|body| serde_json::from_str(body.get()).ok()) }
}

/// The id of a message to be sent, if it can be used; else empty.
pub(super) fn send_id(id: String) -> String {
    if id.len() <= SEND_ID_MAX { id } else { String::new() }
}

fn wish(kind: Option<&str>, roles: Option<&Value>) -> PresenceWish {
    match kind {
        Some("ALL_USERS") => PresenceWish::Everybody,
        Some("FRIENDS") => PresenceWish::Friends,
        Some("ROLES") => {
            let roles = roles.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            self::roles(roles.iter().filter_map(Value::as_str))
        }
        _ => PresenceWish::Nobody,
    }
}

/// Users with one of these roles.
pub(super) fn roles<'a>(roles: impl Iterator<Item = &'a str>) -> PresenceWish {
    PresenceWish::Roles(roles.take(ROLES_MAX).map(str::to_lowercase).collect())
}

/// Whom a signal is for, if that can be somebody.
pub(super) fn addressee(receiver: &str) -> Option<String> {
    let receiver = receiver.to_lowercase();
    (!receiver.is_empty() && receiver.len() <= limits::ID_MAX).then_some(receiver)
}

fn signal(frame: Incoming<'_>, read: impl Fn(IncomingBody) -> Option<Signal>) -> Option<SignalFrame> {
    let receiver_type = parse_receiver_type(&frame.receiver_type)?;
    let receiver = addressee(&frame.receiver)?;
    Some(SignalFrame { receiver_type, receiver, signal: read(frame.body()?)? })
}

fn typing(body: IncomingBody) -> Option<Signal> {
    let started = match body.action?.as_str() {
        "started" => true,
        "ended" => false,
        _ => return None,
    };
    let metadata = body.metadata.map(|metadata| metadata.get().to_owned()).filter(|json| json.starts_with('{'));
    Some(Signal::Typing { started, metadata: metadata.unwrap_or_default() })
}

fn transient(body: IncomingBody) -> Option<Signal> {
    Some(Signal::Transient { data: body.data?.get().to_owned() })
}

fn parse_receiver_type(word: &str) -> Option<ReceiverType> {
    match word {
        "user" => Some(ReceiverType::User),
        "group" => Some(ReceiverType::Group),
        _ => None,
    }
}

/// What can't be read is a token of no use, so that the client is told to fetch.
fn left_off(resume: Value) -> LeftOff {
    match serde_json::from_value::<IncomingResume>(resume) {
        Ok(resume) => LeftOff { token: resume.token, positions: resume.positions },
        Err(_) => LeftOff { token: NO_TOKEN.to_owned(), ..LeftOff::default() },
    }
}

fn receipt(frame: Incoming<'_>) -> Option<ReceiptFrame> {
    let body = frame.body()?;
    let read = match body.action?.as_str() {
        "read" => true,
        "delivered" => false,
        _ => return None,
    };
    // Ids come as the client got them: strings, or numbers from older ones.
    let message_id = match body.message_id? {
        Value::String(text) => text.parse().ok()?,
        Value::Number(number) => number.as_i64()?,
        _ => return None,
    };
    // To messaging 0 means everything.
    if message_id <= 0 {
        return None;
    }
    let receiver_type = parse_receiver_type(&frame.receiver_type)?;
    Some(ReceiptFrame { read, receiver_type, receiver: frame.receiver.to_lowercase(), message_id })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn frames_of_clients_are_read() {
        let auth = r#"{"appId":"APP","deviceId":"W","type":"auth","sender":"ann","body":{"auth":"jwt","deviceId":"W","presenceSubscription":"ALL_USERS","params":{}}}"#;
        let Some(ClientFrame::Auth(auth)) = decode(auth) else { panic!("auth") };
        assert_eq!((auth.app_id.as_str(), auth.token.as_str()), ("app", "jwt"));
        assert_eq!(auth.presence, PresenceWish::Everybody);
        assert!(matches!(decode(r#"{"action":"ping","ack":"true"}"#), Some(ClientFrame::Ping)));
        let read = r#"{"type":"receipts","receiver":"bob","receiverType":"user","body":{"action":"read","messageId":"12"},"messageSender":"bob"}"#;
        let Some(ClientFrame::Receipt(receipt)) = decode(read) else { panic!("receipt") };
        assert_eq!((receipt.read, receipt.receiver.as_str(), receipt.message_id), (true, "bob", 12));
    }

    #[test]
    fn whose_presence_is_wanted_is_read() {
        let wanted = |body: Value| {
            let text = serde_json::json!({"type": "auth", "appId": "app", "body": body}).to_string();
            let Some(ClientFrame::Auth(auth)) = decode(&text) else { panic!("auth") };
            auth.presence
        };
        let roles = |roles: &[&str]| PresenceWish::Roles(roles.iter().map(|role| (*role).to_owned()).collect());
        assert_eq!(wanted(serde_json::json!({"presenceSubscription": "FRIENDS"})), PresenceWish::Friends);
        assert_eq!(wanted(serde_json::json!({"presenceSubscription": "NONSENSE"})), PresenceWish::Nobody);
        assert_eq!(wanted(serde_json::json!({"roles": ["a"]})), PresenceWish::Nobody);
        let given = serde_json::json!({"presenceSubscription": "ROLES", "roles": ["Teacher", 3, "b"]});
        assert_eq!(wanted(given), roles(&["teacher", "b"]));
        assert_eq!(wanted(serde_json::json!({"presenceSubscription": "ROLES", "roles": "a"})), roles(&[]));
    }

    #[test]
    fn signals_of_clients_are_read_as_far_as_they_make_sense() {
        let read = |kind: &str, receiver_type: &str, receiver: &str, body: &str| {
            let text = format!(
                r#"{{"type":"{kind}","receiver":"{receiver}","receiverType":"{receiver_type}","body":{body}}}"#
            );
            match decode(&text) {
                Some(ClientFrame::Signal(frame)) => Some((frame.receiver, frame.signal)),
                _ => None,
            }
        };
        let typing = |started, metadata: &str| Signal::Typing { started, metadata: metadata.to_owned() };
        let bob = |signal| Some(("bob".to_owned(), signal));
        let started = r#"{"action":"started","user":{"uid":"x"},"metadata":{"k":1}}"#;
        assert_eq!(read("typing_indicator", "user", "BOB", started), bob(typing(true, r#"{"k":1}"#)));
        let ended = r#"{"action":"ended","metadata":[1]}"#;
        assert_eq!(read("typing_indicator", "group", "bob", ended), bob(typing(false, "")));
        assert_eq!(read("typing_indicator", "user", "bob", r#"{"action":"paused"}"#), None);
        assert_eq!(read("typing_indicator", "room", "bob", started), None);
        assert_eq!(read("typing_indicator", "user", "", started), None);
        assert_eq!(read("typing_indicator", "user", &"b".repeat(101), started), None);
        for data in [r#"{"k":[1]}"#, "3", r#""text""#] {
            let body = format!(r#"{{"data":{data},"user":{{}}}}"#);
            let sent = Signal::Transient { data: data.to_owned() };
            assert_eq!(read("transient_message", "user", "bob", &body), bob(sent));
        }
        assert_eq!(read("transient_message", "user", "bob", "{}"), None);
    }

    #[test]
    fn a_message_to_be_sent_is_taken_in_whatever_is_wrong_with_it() {
        let read = |text: &str| match decode(text) {
            Some(ClientFrame::Send(SendFrame { id, body })) => (id, body),
            _ => panic!("{text}"),
        };
        let body = serde_json::json!({"muid": "m", "action": 5, "messageId": {}});
        assert_eq!(read(&format!(r#"{{"type":"send","id":"7","body":{body}}}"#)), ("7".to_owned(), Some(body)));
        let nothing = (String::new(), None);
        for id in ["7", "null", "[]", &format!("\"{}\"", "x".repeat(101))] {
            assert_eq!(read(&format!(r#"{{"type":"send","id":{id}}}"#)), nothing);
        }
        assert_eq!(read(r#"{"type":"send"}"#), nothing);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in ".*") {
            drop(decode(&text));
        }

        #[test]
        fn no_json_makes_the_reader_panic(kind in "auth|receipts|typing_indicator|transient_message|send|x", action in ".*", id in any::<i64>(), deep in ".*") {
            drop(decode(&serde_json::json!({"type": kind, "action": action, "body": {"action": deep, "messageId": id, "auth": deep}}).to_string()));
        }
    }
}
