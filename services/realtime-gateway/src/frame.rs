//! Frames of the client protocol, in both directions. Their first form is JSON objects as text (`read`, `write`), the
//! other one protobuf as bytes (`binary`): what a frame means is the same in both. Those of calls are in [`calls`].

use axum::extract::ws::{Message as WsMessage, Utf8Bytes};
use bytes::Bytes;
use halley_contracts::{
    events::v1::Event,
    messaging::v1::{Conversation, LeftConversation, Message, ResumeResponse},
};
use halley_kit::PublicError;
use halley_model::ErrorCode;

use crate::{
    ice::IceServer,
    socket::{Identity, Variant},
};

mod binary;
pub mod calls;
mod read;
mod write;

#[cfg(test)]
pub use binary::decode as decode_binary;
use calls::PeerJson;
#[cfg(test)]
pub use read::decode;
pub use read::{AuthFrame, ClientFrame, ReceiptFrame, SendFrame, Signal, SignalFrame};

/// Clients compare both words literally; anything else starts no keepalive.
const AUTH_OK: &str = r#"{"type":"auth","body":{"code":"200","status":"OK"}}"#;
/// Another form of the answer is not accepted.
const PONG: &str = r#"{"action":"pong"}"#;

/// A frame on its way out. Clones share the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encoded {
    /// JSON.
    Text(Utf8Bytes),
    /// Protobuf.
    Binary(Bytes),
}

impl Encoded {
    /// In bytes.
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }

    /// As the socket writes it.
    pub fn into_message(self) -> WsMessage {
        match self {
            Self::Text(text) => WsMessage::Text(text),
            Self::Binary(bytes) => WsMessage::Binary(bytes),
        }
    }
}

/// In which variants a frame is wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    pub plain: bool,
    pub positions: bool,
    pub binary: bool,
}

impl Wanted {
    /// In this one.
    pub fn only(variant: Variant) -> Self {
        Self {
            plain: variant == Variant::Plain,
            positions: variant == Variant::Positions,
            binary: variant == Variant::Binary,
        }
    }
}

/// One frame in each variant that is wanted and knows it.
#[derive(Debug, Default)]
pub struct Frames {
    plain: Option<Encoded>,
    positions: Option<Encoded>,
    binary: Option<Encoded>,
}

impl Frames {
    /// What a socket of that variant is told.
    pub fn of(&self, variant: Variant) -> Option<&Encoded> {
        match variant {
            Variant::Plain => self.plain.as_ref(),
            Variant::Positions => self.positions.as_ref(),
            Variant::Binary => self.binary.as_ref(),
        }
    }
}

/// An event in the variants that are wanted, and in no other; `None` for events that none of them is told of.
pub fn encode(event: &Event, wanted: Wanted) -> Option<Frames> {
    let mut frames = Frames::default();
    if (wanted.plain || wanted.positions)
        && let Some(texts) = write::encode(event, wanted.plain, wanted.positions)
    {
        frames.plain = texts.plain.map(Encoded::Text);
        frames.positions = texts.positions.map(Encoded::Text);
    }
    if wanted.binary {
        frames.binary = binary::encode(event).map(Encoded::Binary);
    }
    let is_told = frames.plain.is_some() || frames.positions.is_some() || frames.binary.is_some();
    is_told.then_some(frames)
}

/// Reads what a socket of that variant sent; `None` for what can't be read, is not for a server, or comes in the other
/// form.
pub fn read(variant: Variant, message: &WsMessage) -> Option<ClientFrame> {
    match message {
        WsMessage::Text(text) if variant != Variant::Binary => read::decode(text),
        WsMessage::Binary(bytes) if variant == Variant::Binary => binary::decode(bytes),
        _ => None,
    }
}

/// What one socket alone is told.
pub enum Told<'a> {
    /// It is let in.
    AuthAccepted,
    /// The answer to a ping.
    Pong,
    /// The socket is about to be closed; the client should be back after so long.
    Hint { delay_ms: u64 },
    /// Ends what the socket missed: the token to resume from, and whether it must fetch instead.
    Resumed(&'a ResumeResponse),
    /// A message as it is now, for the user who missed how it became so.
    MessageChanged(&'a Message),
    /// The user's own view of a conversation, as it is now.
    ConversationChanged(&'a Conversation),
    /// The user's list shows the conversation no more.
    ConversationLeft(&'a LeftConversation),
    /// The message that the socket sent, as it is stored.
    Sent { id: &'a str, message: &'a Message },
    /// Why the message that the socket sent is not stored: the answer over HTTP, with its status.
    Refused { id: &'a str, error: &'a PublicError },
    /// The answer to who joined a call: who else is in it, and which servers help to reach them.
    Peers { session_id: &'a str, peers: &'a [PeerJson<'a>], servers: &'a [IceServer] },
    /// The answer to who may not join a call.
    CallRefused { session_id: &'a str, code: ErrorCode },
}

/// Encodes what a socket is told. Before somebody is behind it there is no identity.
pub fn tell(variant: Variant, identity: Option<&Identity>, told: &Told<'_>) -> Option<Encoded> {
    let (app_id, uid) = identity.map_or(("", ""), |identity| (&identity.app_id, &identity.uid));
    match variant {
        Variant::Plain | Variant::Positions => write::tell(app_id, uid, told).map(Encoded::Text),
        Variant::Binary => Some(Encoded::Binary(binary::tell(app_id, uid, told)?)),
    }
}
