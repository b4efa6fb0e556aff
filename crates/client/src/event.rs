use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::message::Id;
use crate::{Message, Receiver, User};

/// What came down the socket. Large variants are boxed to keep queues of events small.
#[derive(Clone, Debug)]
pub enum Event {
    /// A message of any category.
    Message(Box<Message>),
    /// A user began or stopped typing.
    Typing(Box<Typing>),
    /// Messages were delivered or read.
    Receipt(Box<Receipt>),
    /// A user came or went.
    Presence(Box<Presence>),
    /// A note that is not stored.
    Transient(Box<Transient>),
    /// Any other frame, whole.
    Other(Box<Value>),
    /// The socket is closed; nothing follows.
    Closed {
        /// WebSocket close code; 1006 when there was no close frame.
        code: u16,
        /// The server's words, or what failed.
        reason: String,
    },
}

/// A typing indicator.
#[derive(Clone, Debug)]
pub struct Typing {
    /// Uid of the one who types.
    pub uid: String,
    /// To whom.
    pub receiver: Receiver,
    /// Began, or stopped.
    pub started: bool,
    /// As the sender gave it.
    pub metadata: Option<Value>,
    pub(crate) user: Box<RawValue>,
}

/// A receipt: everything up to a message.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// `delivered`, `read`, `deliveredToAll`, `readByAll`.
    pub action: String,
    /// Up to this message.
    pub message_id: u64,
    /// Uid of the one who received or read.
    pub uid: String,
    /// The frame's receiver.
    pub receiver: Receiver,
    /// Unix seconds.
    pub timestamp: Option<i64>,
    pub(crate) user: Box<RawValue>,
}

/// A change of presence.
#[derive(Clone, Debug)]
pub struct Presence {
    /// Whose.
    pub uid: String,
    /// Came, or went.
    pub online: bool,
    /// Unix seconds.
    pub timestamp: Option<i64>,
    pub(crate) user: Box<RawValue>,
}

/// A note that is not stored.
#[derive(Clone, Debug)]
pub struct Transient {
    /// Uid of the sender.
    pub uid: String,
    /// To whom.
    pub receiver: Receiver,
    /// As the sender gave it.
    pub data: Value,
    pub(crate) user: Box<RawValue>,
}

macro_rules! user_of {
    ($($event:ident),*) => {$(
        impl $event {
            /// The one who did it, as far as the frame shows it. Read anew at each call.
            pub fn user(&self) -> User {
                serde_json::from_str(self.user.get()).unwrap_or_else(|_| User::from_uid(&self.uid))
            }
        }
    )*};
}

user_of!(Typing, Receipt, Presence, Transient);

/// A frame from the server, read as far as every frame needs.
pub(crate) enum Frame {
    /// The literal reply that accepts the socket.
    AuthAccepted,
    /// Any other reply to the auth frame.
    AuthOther(String),
    /// The keepalive's answer.
    Pong,
    /// For the application, from the device named.
    Event(Event),
    /// Stamped with this device's own id; clients drop these.
    Own(Event),
    /// Not JSON, or without what its type needs.
    Unreadable,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outer<'a> {
    #[serde(rename = "type", default, borrow)]
    kind: Cow<'a, str>,
    #[serde(default, borrow)]
    action: Cow<'a, str>,
    #[serde(default, borrow)]
    receiver: Cow<'a, str>,
    #[serde(default, borrow)]
    receiver_type: Cow<'a, str>,
    #[serde(default, borrow)]
    device_id: Cow<'a, str>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(default)]
    action: String,
    message_id: Option<Id>,
    #[serde(borrow)]
    user: Option<&'a RawValue>,
    timestamp: Option<i64>,
    metadata: Option<Value>,
    #[serde(default)]
    data: Value,
}

#[derive(Deserialize)]
struct Uid {
    uid: String,
}

impl Frame {
    pub fn parse(text: &str, own_device: &str) -> Self {
        let Ok(outer) = serde_json::from_str::<Outer>(text) else {
            return Self::Unreadable;
        };
        if outer.kind == "auth" {
            return auth_reply(outer.body);
        }
        if outer.kind.is_empty() {
            return if outer.action == "pong" { Self::Pong } else { Self::Unreadable };
        }
        let own = outer.device_id == own_device;
        match event(&outer, text) {
            Some(event) if own => Self::Own(event),
            Some(event) => Self::Event(event),
            None => Self::Unreadable,
        }
    }
}

/// Existing clients accept exactly two strings, so this one does, too.
fn auth_reply(body: Option<&RawValue>) -> Frame {
    #[derive(Deserialize)]
    struct Reply {
        code: Value,
        status: Value,
    }
    let text = body.map_or("", RawValue::get);
    match serde_json::from_str::<Reply>(text) {
        Ok(reply) if reply.code == "200" && reply.status == "OK" => Frame::AuthAccepted,
        _ => Frame::AuthOther(text.to_owned()),
    }
}

fn event(outer: &Outer, text: &str) -> Option<Event> {
    let known = matches!(&*outer.kind, "typing_indicator" | "receipts" | "presence" | "transient_message");
    if outer.kind == "message" {
        let mut message = Message::from_raw(outer.body?).ok()?;
        if message.device.is_none() && !outer.device_id.is_empty() {
            message.device = Some(outer.device_id.to_string());
        }
        return Some(Event::Message(Box::new(message)));
    }
    if !known {
        return serde_json::from_str(text).ok().map(|value| Event::Other(Box::new(value)));
    }
    let body: Body = serde_json::from_str(outer.body?.get()).ok()?;
    let user = body.user?.to_owned();
    let Uid { uid } = serde_json::from_str(user.get()).ok()?;
    let receiver = Receiver::from_wire(&outer.receiver_type, &outer.receiver);
    match &*outer.kind {
        "typing_indicator" => {
            let started = body.action == "started";
            Some(Event::Typing(Box::new(Typing { uid, receiver, started, metadata: body.metadata, user })))
        }
        "receipts" => {
            let message_id = body.message_id?.0;
            let receipt = Receipt { action: body.action, message_id, uid, receiver, timestamp: body.timestamp, user };
            Some(Event::Receipt(Box::new(receipt)))
        }
        "presence" => {
            let online = body.action == "online";
            Some(Event::Presence(Box::new(Presence { uid, online, timestamp: body.timestamp, user })))
        }
        _ => Some(Event::Transient(Box::new(Transient { uid, receiver, data: body.data, user }))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_literal_auth_reply_is_acceptance() {
        let accepted = |text: &str| matches!(Frame::parse(text, "D"), Frame::AuthAccepted);
        assert!(accepted(r#"{"type":"auth","body":{"code":"200","status":"OK"}}"#));
        assert!(!accepted(r#"{"type":"auth","body":{"code":200,"status":"OK"}}"#));
        assert!(!accepted(r#"{"type":"auth","body":{"code":"200","status":"ok"}}"#));
        assert!(!accepted(r#"{"type":"auth"}"#));
    }

    #[test]
    fn only_the_literal_pong_is_a_pong() {
        assert!(matches!(Frame::parse(r#"{"action":"pong"}"#, "D"), Frame::Pong));
        assert!(matches!(Frame::parse(r#"{"action":"pong","ack":"true"}"#, "D"), Frame::Pong));
        assert!(!matches!(Frame::parse(r#"{"type":"pong"}"#, "D"), Frame::Pong));
        assert!(!matches!(Frame::parse(r#"{"action":"ping","ack":"true"}"#, "D"), Frame::Pong));
    }

    #[test]
    fn frames_of_the_own_device_are_told_apart() {
        let text = r#"{"type":"presence","deviceId":"D","body":{"action":"online","user":{"uid":"ann"}}}"#;
        assert!(matches!(Frame::parse(text, "D"), Frame::Own(_)));
        assert!(matches!(Frame::parse(text, "E"), Frame::Event(Event::Presence(_))));
    }

    #[test]
    fn receipts_typing_and_transient_messages_are_read() {
        let frame = |kind: &str, body: &str| {
            let text = format!(r#"{{"type":"{kind}","receiver":"g","receiverType":"group","body":{body}}}"#);
            match Frame::parse(&text, "D") {
                Frame::Event(event) => event,
                _ => panic!("{text}"),
            }
        };
        let Event::Receipt(receipt) =
            frame("receipts", r#"{"action":"read","messageId":"9","user":{"uid":"ann"},"timestamp":5}"#)
        else {
            panic!()
        };
        assert_eq!((receipt.message_id, receipt.action.as_str(), receipt.timestamp), (9, "read", Some(5)));
        let Event::Typing(typing) = frame("typing_indicator", r#"{"action":"started","user":{"uid":"ann"}}"#) else {
            panic!()
        };
        assert!(typing.started);
        assert_eq!(typing.receiver, Receiver::group("g"));
        let Event::Transient(note) = frame("transient_message", r#"{"data":{"k":1},"user":{"uid":"ann"}}"#) else {
            panic!()
        };
        assert_eq!(note.data["k"], 1);
    }

    #[test]
    fn unknown_types_come_whole_and_broken_ones_do_no_harm() {
        let text = r#"{"type":"reaction","body":{"action":"message_reaction_added"}}"#;
        let Frame::Event(Event::Other(value)) = Frame::parse(text, "D") else { panic!() };
        assert_eq!(value["type"], "reaction");
        for text in ["", "[]", "{}", "nonsense", r#"{"type":"message"}"#, r#"{"type":"receipts","body":{}}"#] {
            assert!(matches!(Frame::parse(text, "D"), Frame::Unreadable), "{text}");
        }
    }
}
