use serde_json::{Value, json};

use crate::Receiver;
use crate::connection::{LeftOff, PresenceSubscription, SocketOptions};

/// How far a receipt goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptAction {
    /// The message reached the device.
    Delivered,
    /// The message was seen.
    Read,
}

impl ReceiptAction {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Read => "read",
        }
    }
}

/// What a client may send up the socket. Nothing of it is acknowledged.
#[derive(Clone, Debug)]
pub enum Outgoing {
    /// The user began or stopped typing.
    Typing {
        /// To whom.
        receiver: Receiver,
        /// Began, or stopped.
        started: bool,
        /// Passed on as is.
        metadata: Option<Value>,
    },
    /// All messages up to this one were delivered or read.
    Receipt {
        /// The conversation's other end.
        receiver: Receiver,
        /// Delivered or read.
        action: ReceiptAction,
        /// Up to this message.
        message_id: u64,
        /// Uid of that message's sender.
        message_sender: String,
    },
    /// A note that is not stored.
    Transient {
        /// To whom.
        receiver: Receiver,
        /// Passed on as is.
        data: Value,
    },
    /// What a device in a call says for its media (subprotocol `halley.v1`). What others say comes as
    /// [`crate::Event::Other`] with the type `call_signal`.
    Call {
        /// The call.
        session_id: String,
        /// `join`, `leave`, `offer`, `answer`, `candidate` or `bye`.
        action: &'static str,
        /// Uid and device of who is meant; without a device it is the one that is in the call.
        to: Option<(String, Option<String>)>,
        /// An object, passed on as is.
        data: Option<Value>,
    },
}

impl Outgoing {
    pub(crate) fn to_value(&self, options: &SocketOptions) -> Value {
        let user = json!({"uid": options.uid});
        let (kind, receiver, body) = match self {
            Self::Typing { receiver, started, metadata } => {
                let mut body = json!({"action": if *started { "started" } else { "ended" }, "user": user});
                if let Some(metadata) = metadata {
                    body["metadata"] = metadata.clone();
                }
                ("typing_indicator", receiver, body)
            }
            Self::Receipt { receiver, action, message_id, .. } => {
                let body = json!({"action": action.as_str(), "messageId": message_id.to_string(), "user": user});
                ("receipts", receiver, body)
            }
            Self::Transient { receiver, data } => ("transient_message", receiver, json!({"data": data, "user": user})),
            Self::Call { session_id, action, to, data } => {
                return call_frame(options, session_id, action, to.as_ref(), data.as_ref());
            }
        };
        let mut frame = json!({
            "appId": options.app_id,
            "type": kind,
            "sender": options.uid,
            "receiver": receiver.id(),
            "receiverType": receiver.receiver_type(),
            "deviceId": options.device_id,
            "body": body,
        });
        if let Self::Receipt { message_sender, .. } = self {
            frame["messageSender"] = message_sender.as_str().into();
        }
        frame
    }
}

/// A frame that is addressed in its body.
fn call_frame(
    options: &SocketOptions,
    session_id: &str,
    action: &str,
    to: Option<&(String, Option<String>)>,
    data: Option<&Value>,
) -> Value {
    let mut body = json!({"action": action, "sessionId": session_id});
    if let Some((uid, device_id)) = to {
        body["to"] = match device_id {
            Some(device_id) => json!({"uid": uid, "deviceId": device_id}),
            None => json!({"uid": uid}),
        };
    }
    if let Some(data) = data {
        body["data"] = data.clone();
    }
    json!({
        "appId": options.app_id,
        "type": "call_signal",
        "sender": options.uid,
        "deviceId": options.device_id,
        "body": body,
    })
}

/// The first frame of every socket.
pub(crate) fn auth_frame(options: &SocketOptions) -> Value {
    let mut body = json!({
        "auth": options.jwt,
        "deviceId": options.device_id,
        "params": {
            "appInfo": {"version": env!("CARGO_PKG_VERSION"), "apiVersion": "v3.0"},
            "deviceId": options.device_id,
            "platform": "rust",
        },
    });
    if let Some(LeftOff { token, positions }) = &options.left_off {
        body["resume"] = json!({"token": token, "positions": positions});
    }
    match &options.presence {
        PresenceSubscription::None => {}
        PresenceSubscription::AllUsers => body["presenceSubscription"] = "ALL_USERS".into(),
        PresenceSubscription::Friends => body["presenceSubscription"] = "FRIENDS".into(),
        PresenceSubscription::Roles(roles) => {
            body["presenceSubscription"] = "ROLES".into();
            body["roles"] = roles.clone().into();
        }
    }
    json!({
        "appId": options.app_id,
        "deviceId": options.device_id,
        "type": "auth",
        "sender": options.uid,
        "body": body,
    })
}

/// A message to be stored, whose fate is told by the id (subprotocol `halley.v1`).
pub(crate) fn send_frame(id: u64, body: &Value) -> Value {
    json!({"type": "send", "id": id.to_string(), "body": body})
}

/// Sent every [`crate::Timings::ping_every`].
pub(crate) fn ping() -> Value {
    json!({"action": "ping", "ack": "true"})
}
