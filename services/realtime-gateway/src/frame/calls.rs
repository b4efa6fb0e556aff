//! Frames by which the devices of a call agree on their media: Halley's own addition.

use halley_contracts::events::v1::{CallSignalKind as Kind, CallSignaled, Event};
use halley_model::{ErrorCode, limits};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    read::IncomingBody,
    write::{Outgoing, bare, text},
};
use crate::ice::IceServer;

/// The type of all of them.
pub const KIND: &str = "call_signal";
/// Longest id of a session, and of a device, in bytes.
const SESSION_ID_MAX: usize = 200;
const DEVICE_ID_MAX: usize = 800;

/// A frame of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallFrame {
    pub session_id: String,
    pub wish: Wish,
}

/// What the client wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// To be there, for the others' devices.
    Join,
    /// Not to be there any more.
    Leave,
    /// To tell another device something.
    Tell {
        kind: Kind,
        to_uid: String,
        /// Empty: the one that is in the call.
        to_device_id: String,
        /// JSON object, or empty.
        data: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IncomingPeer {
    uid: String,
    #[serde(default)]
    device_id: String,
}

/// Reads a frame's body; `None` for what makes no sense.
pub(super) fn decode(body: IncomingBody) -> Option<CallFrame> {
    let session_id = body.session_id?.as_str()?.to_owned();
    let data = body.data.map(|data| data.get().to_owned()).filter(|json| json.starts_with('{')).unwrap_or_default();
    let action = match body.action?.as_str() {
        "join" => Action::Join,
        "leave" => Action::Leave,
        "offer" => Action::Tell(Kind::Offer),
        "answer" => Action::Tell(Kind::Answer),
        "candidate" => Action::Tell(Kind::Candidate),
        "bye" => Action::Tell(Kind::Bye),
        _ => return None,
    };
    let to = body.to.and_then(|to| serde_json::from_value::<IncomingPeer>(to).ok());
    checked(session_id, action, to.map(|to| (to.uid, to.device_id)), data)
}

/// The word of a frame.
pub(super) enum Action {
    Join,
    Leave,
    Tell(Kind),
}

/// A frame, if it makes sense: `to` is a user and perhaps a device, `data` a JSON object or empty.
pub(super) fn checked(
    session_id: String,
    action: Action,
    to: Option<(String, String)>,
    data: String,
) -> Option<CallFrame> {
    if session_id.is_empty() || session_id.len() > SESSION_ID_MAX {
        return None;
    }
    let kind = match action {
        Action::Join => return Some(CallFrame { session_id, wish: Wish::Join }),
        Action::Leave => return Some(CallFrame { session_id, wish: Wish::Leave }),
        Action::Tell(kind) => kind,
    };
    if data.is_empty() && kind != Kind::Bye {
        return None;
    }
    let (uid, to_device_id) = to?;
    let to_uid = uid.to_lowercase();
    if to_uid.is_empty() || to_uid.len() > limits::ID_MAX || to_device_id.len() > DEVICE_ID_MAX {
        return None;
    }
    Some(CallFrame { session_id, wish: Wish::Tell { kind, to_uid, to_device_id, data } })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SignalBody<'a> {
    action: &'static str,
    session_id: &'a str,
    from: PeerJson<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
}

/// A device in a call.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerJson<'a> {
    pub uid: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub device_id: &'a str,
}

/// What another device said.
pub(super) fn signal_frame(event: &Event, signal: &CallSignaled) -> Option<String> {
    let action = match signal.kind() {
        Kind::Joined => "joined",
        Kind::Left => "left",
        Kind::Offer => "offer",
        Kind::Answer => "answer",
        Kind::Candidate => "candidate",
        Kind::Bye => "bye",
        Kind::Unspecified => return None,
    };
    let data = if signal.data_json.is_empty() { None } else { Some(serde_json::from_str(&signal.data_json).ok()?) };
    let from = PeerJson { uid: &signal.uid, device_id: &event.origin_device_id };
    text(&Outgoing {
        app_id: &event.app_id,
        kind: KIND,
        sender: &signal.uid,
        receiver: &signal.to_uid,
        receiver_type: "user",
        device_id: &event.origin_device_id,
        body: SignalBody { action, session_id: &signal.session_id, from, data },
    })
}

/// The answer to who joined: who else is in the call, and which servers help to reach them.
pub(super) fn peers_frame(
    app_id: &str,
    session_id: &str,
    peers: &[PeerJson<'_>],
    servers: &[IceServer],
) -> Option<String> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct PeersBody<'a> {
        action: &'static str,
        session_id: &'a str,
        peers: &'a [PeerJson<'a>],
        ice_servers: &'a [IceServer],
    }
    text(&bare(app_id, KIND, PeersBody { action: "peers", session_id, peers, ice_servers: servers }))
}

/// The answer to who may not join.
pub(super) fn refused_frame(app_id: &str, session_id: &str, code: ErrorCode) -> Option<String> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct RefusedBody<'a> {
        action: &'static str,
        session_id: &'a str,
        code: &'static str,
    }
    text(&bare(app_id, KIND, RefusedBody { action: "refused", session_id, code: code.as_str() }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::frame::{ClientFrame, decode, write::encode};

    fn read(body: Value) -> Option<CallFrame> {
        match decode(&json!({"type": KIND, "body": body}).to_string()) {
            Some(ClientFrame::Call(frame)) => Some(frame),
            _ => None,
        }
    }

    #[test]
    fn frames_of_clients_are_read_as_far_as_they_make_sense() {
        let of = |wish| Some(CallFrame { session_id: "s".to_owned(), wish });
        assert_eq!(read(json!({"action": "join", "sessionId": "s"})), of(Wish::Join));
        assert_eq!(read(json!({"action": "leave", "sessionId": "s"})), of(Wish::Leave));
        let tell = |kind, to_device_id: &str, data: &str| {
            let (to_uid, to_device_id, data) = ("bob".to_owned(), to_device_id.to_owned(), data.to_owned());
            of(Wish::Tell { kind, to_uid, to_device_id, data })
        };
        let offer =
            json!({"action": "offer", "sessionId": "s", "to": {"uid": "BOB", "deviceId": "D"}, "data": {"a": 1}});
        assert_eq!(read(offer), tell(Kind::Offer, "D", r#"{"a":1}"#));
        let bye = json!({"action": "bye", "sessionId": "s", "to": {"uid": "bob"}});
        assert_eq!(read(bye), tell(Kind::Bye, "", ""));
        for wrong in [
            json!({"action": "join"}),
            json!({"action": "join", "sessionId": ""}),
            json!({"action": "join", "sessionId": 5}),
            json!({"action": "join", "sessionId": "s".repeat(201)}),
            json!({"action": "dance", "sessionId": "s"}),
            json!({"action": "offer", "sessionId": "s", "data": {}}),
            json!({"action": "offer", "sessionId": "s", "to": {"uid": "bob"}}),
            json!({"action": "offer", "sessionId": "s", "to": {"uid": "bob"}, "data": "text"}),
            json!({"action": "offer", "sessionId": "s", "to": "bob", "data": {}}),
            json!({"action": "offer", "sessionId": "s", "to": {"uid": ""}, "data": {}}),
            json!({"action": "offer", "sessionId": "s", "to": {"uid": "b".repeat(101)}, "data": {}}),
        ] {
            assert_eq!(read(wrong.clone()), None, "{wrong}");
        }
    }

    #[test]
    fn what_a_device_said_names_it() {
        let signal = CallSignaled {
            session_id: "s".into(),
            uid: "ann".into(),
            to_uid: "bob".into(),
            to_device_id: "D".into(),
            kind: Kind::Answer.into(),
            data_json: r#"{"sdp":"v=0"}"#.into(),
        };
        let event = halley_bus::event("app", "W", halley_contracts::events::v1::event::Body::CallSignaled(signal));
        assert!(encode(&event, true, false).is_none(), "others never see it");
        let frame = encode(&event, true, true).expect("frames").positions.expect("own");
        let frame: Value = serde_json::from_str(&frame).expect("json");
        assert_eq!(
            frame,
            json!({"appId": "app", "type": "call_signal", "sender": "ann", "receiver": "bob", "receiverType": "user",
                "deviceId": "W", "body": {"action": "answer", "sessionId": "s",
                    "from": {"uid": "ann", "deviceId": "W"}, "data": {"sdp": "v=0"}}})
        );
    }
}
