use serde_json::Value;

use super::User;
use super::json::{number, positive, text};
use crate::Receiver;

/// What kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallType {
    /// Sound alone.
    Audio,
    /// Sound and pictures.
    Video,
}

impl CallType {
    /// The word of the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
        }
    }

    fn read(value: &Value) -> Self {
        if value == "video" { Self::Video } else { Self::Audio }
    }
}

/// How a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallStatus {
    /// It rings.
    Initiated,
    /// It was answered.
    Ongoing,
    /// It was declined.
    Rejected,
    /// The other is in another call.
    Busy,
    /// Who rang took it back.
    Cancelled,
    /// Nobody answered.
    Unanswered,
    /// It is over.
    Ended,
}

impl CallStatus {
    const ALL: [Self; 7] =
        [Self::Initiated, Self::Ongoing, Self::Rejected, Self::Busy, Self::Cancelled, Self::Unanswered, Self::Ended];

    /// The word of the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Initiated => "initiated",
            Self::Ongoing => "ongoing",
            Self::Rejected => "rejected",
            Self::Busy => "busy",
            Self::Cancelled => "cancelled",
            Self::Unanswered => "unanswered",
            Self::Ended => "ended",
        }
    }

    /// The first of the values that is a word of the protocol.
    pub(crate) fn read(values: &[&Value]) -> Self {
        let found = values.iter().find_map(|value| Self::ALL.into_iter().find(|status| *value == status.as_str()));
        found.unwrap_or(Self::Ended)
    }
}

/// A call, as the message that tells of it shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The id of the call.
    pub session_id: String,
    /// Sound, or pictures, too (`type` on the wire).
    pub kind: CallType,
    /// How it stands.
    pub status: CallStatus,
    /// Who started it.
    pub initiator: User,
    /// Whom it rings at.
    pub receiver: Receiver,
    /// Where it takes place.
    pub conversation_id: String,
    /// When it began to ring.
    pub initiated_at: Option<i64>,
    /// When it was answered.
    pub joined_at: Option<i64>,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// As the server sent it.
    pub raw: Value,
}

impl Call {
    /// Reads the call of a message; `action` is what the message says of it.
    pub(crate) fn read(raw: &Value, action: &Value) -> Option<Self> {
        let session_id = text(&raw["sessionid"]).or_else(|| text(&raw["sessionId"]))?;
        let sender = &raw["data"]["entities"]["sender"]["entity"];
        let initiator = if sender.is_object() {
            User::from(sender.clone())
        } else {
            User::from_uid(raw["sender"].as_str().unwrap_or_default())
        };
        Some(Self {
            session_id,
            kind: CallType::read(&raw["type"]),
            status: CallStatus::read(&[action, &raw["status"]]),
            initiator,
            receiver: receiver(raw),
            conversation_id: text(&raw["conversationId"]).unwrap_or_default(),
            initiated_at: number(&raw["initiatedAt"]),
            joined_at: number(&raw["joinedAt"]),
            ended_at: number(&raw["endedAt"]),
            raw: raw.clone(),
        })
    }
}

/// A call in the log of calls.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedCall {
    /// The id of the call.
    pub session_id: String,
    /// The message that tells of it.
    pub message_id: Option<u64>,
    /// Sound, or pictures, too (`type` on the wire).
    pub kind: CallType,
    /// How it stands.
    pub status: CallStatus,
    /// Uid of who started it.
    pub initiator: String,
    /// Whom it rang at.
    pub receiver: Receiver,
    /// Where it took place.
    pub conversation_id: String,
    /// When it began to ring.
    pub initiated_at: Option<i64>,
    /// When it was answered.
    pub started_at: Option<i64>,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// Who had a part in it.
    pub participants: Vec<CallParticipant>,
    /// As the server sent it.
    pub raw: Value,
}

impl From<Value> for LoggedCall {
    fn from(raw: Value) -> Self {
        Self {
            session_id: text(&raw["sessionId"]).unwrap_or_default(),
            message_id: positive(&raw["mid"]),
            kind: CallType::read(&raw["type"]),
            status: CallStatus::read(&[&raw["status"]]),
            initiator: text(&raw["initiator"]).unwrap_or_default(),
            receiver: receiver(&raw),
            conversation_id: text(&raw["conversationId"]).unwrap_or_default(),
            initiated_at: number(&raw["initiatedAt"]),
            started_at: number(&raw["startedAt"]),
            ended_at: number(&raw["endedAt"]),
            participants: raw["participants"].as_array().into_iter().flatten().map(CallParticipant::from).collect(),
            raw,
        }
    }
}

/// A user's part in a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallParticipant {
    /// Who.
    pub uid: String,
    /// On which device.
    pub device_id: Option<String>,
    /// Whether the user was in it.
    pub has_joined: bool,
    /// When the user came in.
    pub joined_at: Option<i64>,
    /// When the user left.
    pub left_at: Option<i64>,
}

impl From<&Value> for CallParticipant {
    fn from(raw: &Value) -> Self {
        Self {
            uid: text(&raw["uid"]).unwrap_or_default(),
            device_id: text(&raw["deviceId"]),
            has_joined: raw["isJoined"] == true,
            joined_at: number(&raw["joinedAt"]),
            left_at: number(&raw["leftAt"]),
        }
    }
}

fn receiver(raw: &Value) -> Receiver {
    let word = raw["receiverType"].as_str().unwrap_or_default();
    Receiver::from_wire(word, raw["receiver"].as_str().unwrap_or_default())
}
