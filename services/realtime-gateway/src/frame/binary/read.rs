//! What devices say in binary form, as the same frames that JSON is read to.

use halley_contracts::{
    client::v1::{self as pb, client_frame::Frame},
    events::v1::CallSignalKind,
    messaging::v1::ReceiverType,
};
use prost::Message as _;
use serde_json::{Map, Value, value::RawValue};

use super::super::{
    calls::{self, Action},
    read::{AuthFrame, ClientFrame, ReceiptFrame, SendFrame, Signal, SignalFrame, addressee, roles, send_id},
};
use crate::{resume::LeftOff, socket::PresenceWish};

/// Reads a frame; `None` for what can't be read or is not for a server.
pub fn decode(bytes: &[u8]) -> Option<ClientFrame> {
    match pb::ClientFrame::decode(bytes).ok()?.frame? {
        Frame::Auth(frame) => Some(ClientFrame::Auth(auth(frame))),
        Frame::Ping(pb::Ping {}) => Some(ClientFrame::Ping),
        Frame::Receipt(frame) => receipt(&frame).map(ClientFrame::Receipt),
        Frame::Typing(frame) => typing(&frame).map(ClientFrame::Signal),
        Frame::Transient(frame) => transient(&frame).map(ClientFrame::Signal),
        Frame::Send(frame) => Some(ClientFrame::Send(send(frame))),
        Frame::CallSignal(frame) => call_signal(frame).map(ClientFrame::Call),
    }
}

fn auth(frame: pb::Auth) -> AuthFrame {
    let presence = match frame.presence() {
        pb::PresenceSubscription::AllUsers => PresenceWish::Everybody,
        pb::PresenceSubscription::Friends => PresenceWish::Friends,
        pb::PresenceSubscription::Roles => roles(frame.roles.iter().map(String::as_str)),
        pb::PresenceSubscription::Unspecified => PresenceWish::Nobody,
    };
    let left_off = frame.resume.map(|resume| LeftOff { token: resume.token, positions: resume.positions });
    AuthFrame {
        app_id: frame.app_id.to_lowercase(),
        device_id: frame.device_id,
        token: frame.token,
        presence,
        left_off: left_off.unwrap_or_default(),
    }
}

fn receipt(frame: &pb::SendReceipt) -> Option<ReceiptFrame> {
    let read = match frame.action() {
        pb::ReceiptAction::Read => true,
        pb::ReceiptAction::Delivered => false,
        _ => return None,
    };
    // To messaging 0 means everything, and a field that is not set is 0.
    if frame.message_id <= 0 {
        return None;
    }
    let receiver_type = receiver_type(frame.receiver_type())?;
    Some(ReceiptFrame { read, receiver_type, receiver: frame.receiver.to_lowercase(), message_id: frame.message_id })
}

fn typing(frame: &pb::SendTyping) -> Option<SignalFrame> {
    let started = match frame.action() {
        pb::TypingAction::Started => true,
        pb::TypingAction::Ended => false,
        pb::TypingAction::Unspecified => return None,
    };
    let metadata = object(&frame.metadata_json)?;
    signal(frame.receiver_type(), &frame.receiver, Signal::Typing { started, metadata })
}

fn transient(frame: &pb::SendTransient) -> Option<SignalFrame> {
    let data = json(&frame.data_json)?.filter(|json| json.get() != "null")?.get().to_owned();
    signal(frame.receiver_type(), &frame.receiver, Signal::Transient { data })
}

fn signal(kind: pb::ReceiverType, receiver: &str, signal: Signal) -> Option<SignalFrame> {
    Some(SignalFrame { receiver_type: receiver_type(kind)?, receiver: addressee(receiver)?, signal })
}

/// Makes of it what the body of `POST /messages` would be, so that the same is refused. Whatever is wrong with it, the
/// client is told.
fn send(frame: pb::SendMessage) -> SendFrame {
    let mut body = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(key.to_owned(), value);
        }
    };
    let text = |text: &str| (!text.is_empty()).then(|| Value::from(text));
    let id = |id: i64| (id != 0).then(|| Value::from(id));
    put("receiver", text(&frame.receiver));
    put("receiverType", text(receiver_word(frame.receiver_type)));
    put("category", text(category_word(frame.category)));
    put("type", text(&frame.r#type));
    // What is no JSON is no object.
    let data = || serde_json::from_slice(&frame.data_json).unwrap_or(Value::from("no JSON"));
    put("data", (!frame.data_json.is_empty()).then(data));
    put("muid", text(&frame.muid));
    put("tags", (!frame.tags.is_empty()).then(|| Value::from(frame.tags.clone())));
    put("parentId", id(frame.parent_id));
    put("quotedMessageId", id(frame.quoted_message_id));
    SendFrame { id: send_id(frame.id), body: Some(Value::Object(body)) }
}

fn call_signal(frame: pb::SendCallSignal) -> Option<calls::CallFrame> {
    let action = match frame.action() {
        pb::CallAction::Join => Action::Join,
        pb::CallAction::Leave => Action::Leave,
        pb::CallAction::Offer => Action::Tell(CallSignalKind::Offer),
        pb::CallAction::Answer => Action::Tell(CallSignalKind::Answer),
        pb::CallAction::Candidate => Action::Tell(CallSignalKind::Candidate),
        pb::CallAction::Bye => Action::Tell(CallSignalKind::Bye),
        _ => return None,
    };
    let to = frame.to.map(|to| (to.uid, to.device_id));
    calls::checked(frame.session_id, action, to, object(&frame.data_json)?)
}

fn receiver_type(kind: pb::ReceiverType) -> Option<ReceiverType> {
    match kind {
        pb::ReceiverType::User => Some(ReceiverType::User),
        pb::ReceiverType::Group => Some(ReceiverType::Group),
        pb::ReceiverType::Unspecified => None,
    }
}

/// The word over HTTP; for a number that means nothing one that does not, either.
fn receiver_word(kind: i32) -> &'static str {
    match pb::ReceiverType::try_from(kind) {
        Ok(pb::ReceiverType::User) => "user",
        Ok(pb::ReceiverType::Group) => "group",
        Ok(pb::ReceiverType::Unspecified) => "",
        Err(_) => "unknown",
    }
}

fn category_word(category: i32) -> &'static str {
    match pb::Category::try_from(category) {
        Ok(pb::Category::Message) => "message",
        Ok(pb::Category::Custom) => "custom",
        Ok(pb::Category::Interactive) => "interactive",
        Ok(pb::Category::Action) => "action",
        Ok(pb::Category::Call) => "call",
        Ok(pb::Category::Card) => "card",
        Ok(pb::Category::Unspecified) => "",
        Err(_) => "unknown",
    }
}

/// JSON, or nothing. `None`: it can't be read.
fn json(bytes: &[u8]) -> Option<Option<&RawValue>> {
    if bytes.is_empty() { Some(None) } else { serde_json::from_slice(bytes).ok().map(Some) }
}

/// The text of an object; empty for nothing and for another value. `None`: it can't be read.
fn object(bytes: &[u8]) -> Option<String> {
    let object = json(bytes)?.map(RawValue::get).filter(|json| json.starts_with('{'));
    Some(object.unwrap_or_default().to_owned())
}
