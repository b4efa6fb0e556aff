//! Calls: in the messages that tell of them, and in the log.

use std::collections::BTreeMap;

use halley_contracts::{
    groups::v1::Group,
    identity::v1::User,
    messaging::v1::{
        Call, CallParticipant, CallStatus, CallType, Message, ParticipantState, ReceiverType, message::ReceiverEntity,
    },
};
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::value::RawValue;

use crate::{
    message::{of_group, of_user, receiver_word},
    view::{Seconds, View},
};

/// The public word of a call's type.
pub fn call_type_word(kind: CallType) -> &'static str {
    if kind == CallType::Video { "video" } else { "audio" }
}

/// Reads the public word of a call's type.
pub fn parse_call_type(word: &str) -> Option<CallType> {
    match word {
        "audio" => Some(CallType::Audio),
        "video" => Some(CallType::Video),
        _ => None,
    }
}

/// The public word of a call's status.
pub fn call_status_word(status: CallStatus) -> &'static str {
    match status {
        CallStatus::Initiated => "initiated",
        CallStatus::Ongoing => "ongoing",
        CallStatus::Rejected => "rejected",
        CallStatus::Busy => "busy",
        CallStatus::Cancelled => "cancelled",
        CallStatus::Unanswered => "unanswered",
        CallStatus::Ended | CallStatus::Unspecified => "ended",
    }
}

/// Reads the public word of a call's status; both spellings of `cancelled`.
pub fn parse_call_status(word: &str) -> Option<CallStatus> {
    match word {
        "initiated" => Some(CallStatus::Initiated),
        "ongoing" => Some(CallStatus::Ongoing),
        "rejected" => Some(CallStatus::Rejected),
        "busy" => Some(CallStatus::Busy),
        "cancelled" | "canceled" => Some(CallStatus::Cancelled),
        "unanswered" => Some(CallStatus::Unanswered),
        "ended" => Some(CallStatus::Ended),
        _ => None,
    }
}

fn state_word(state: ParticipantState) -> &'static str {
    match state {
        ParticipantState::Ongoing => "ongoing",
        ParticipantState::Rejected => "rejected",
        ParticipantState::Ended => "ended",
        ParticipantState::Unanswered | ParticipantState::Unspecified => "unanswered",
    }
}

/// The call that a message tells of, as the message left it: `entities.on.entity`.
pub(crate) struct ToldCall<'a> {
    pub message: &'a Message,
    pub view: View<'a>,
}

impl Serialize for ToldCall<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Deserialize)]
        struct Data<'d> {
            #[serde(borrow, default)]
            call: BTreeMap<&'d str, &'d RawValue>,
        }
        let message = self.message;
        // An imported message may tell of a call in another way.
        let told = serde_json::from_str::<Data<'_>>(&message.data_json).map(|data| data.call).unwrap_or_default();
        let initiator = message.action_on.as_ref().map_or(message.sender_uid.as_str(), |user| user.uid.as_str());
        // Of a call between two, who was called is whoever did not call.
        let receiver = match message.receiver_type() {
            ReceiverType::Group => message.receiver.as_str(),
            _ if initiator == message.sender_uid => message.receiver.as_str(),
            _ => message.sender_uid.as_str(),
        };
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in &told {
            map.serialize_entry(key, value)?;
        }
        map.serialize_entry("type", &message.r#type)?;
        map.serialize_entry("sender", initiator)?;
        map.serialize_entry("receiver", receiver)?;
        map.serialize_entry("receiverType", receiver_word(message.receiver_type()))?;
        map.serialize_entry("conversationId", &message.conversation_id)?;
        map.serialize_entry("data", &Parties { message, view: self.view, initiator, receiver })?;
        map.end()
    }
}

/// Who called and who was called: `data.entities` of a call.
struct Parties<'a> {
    message: &'a Message,
    view: View<'a>,
    initiator: &'a str,
    receiver: &'a str,
}

impl Parties<'_> {
    /// The user of that uid, as far as the message knows.
    fn user(&self, uid: &str) -> User {
        let receiver = match &self.message.receiver_entity {
            Some(ReceiverEntity::ReceiverUser(user)) => Some(user),
            _ => None,
        };
        let known = [self.message.action_on.as_ref(), self.message.sender.as_ref(), receiver];
        let found = known.into_iter().flatten().find(|user| user.uid == uid);
        found.cloned().unwrap_or_else(|| User { uid: uid.to_owned(), ..Default::default() })
    }
}

impl Serialize for Parties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// Puts the parties one level deeper.
        struct Entities<'a>(&'a Parties<'a>);
        impl Serialize for Entities<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let parties = self.0;
                let view = View { uid: None, ..parties.view };
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("sender", &of_user(&parties.user(parties.initiator), view))?;
                match (&parties.message.receiver_entity, parties.message.receiver_type()) {
                    (Some(ReceiverEntity::ReceiverGroup(group)), _) => {
                        map.serialize_entry("receiver", &of_group(group))?;
                    }
                    (_, ReceiverType::Group) => {
                        let group = Group { guid: parties.receiver.to_owned(), ..Default::default() };
                        map.serialize_entry("receiver", &of_group(&group))?;
                    }
                    _ => map.serialize_entry("receiver", &of_user(&parties.user(parties.receiver), view))?,
                }
                map.end()
            }
        }
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("entities", &Entities(self))?;
        map.end()
    }
}

/// A call in the log. Halley records neither sound nor words of calls, so it says that there are none.
pub struct CallJson<'a> {
    /// Which.
    pub call: &'a Call,
    /// Also the keys that only the call alone has.
    pub alone: bool,
}

fn minutes(seconds: i64) -> f64 {
    (seconds as f64 / 60.0 * 100.0).round() / 100.0
}

/// Minutes of audio and of video: a call is the one or the other.
fn by_type(kind: CallType, seconds: i64) -> (f64, f64) {
    if kind == CallType::Video { (0.0, minutes(seconds)) } else { (minutes(seconds), 0.0) }
}

fn clock(seconds: i64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

impl Serialize for CallJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let call = self.call;
        let kind = call.r#type();
        let lasted = match (call.started_at_ms, call.ended_at_ms) {
            (0, _) | (_, 0) => 0,
            (from, to) => ((to - from) / 1000).max(0),
        };
        let (audio, video) = by_type(kind, call.seconds);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("sessionId", &call.session_id)?;
        map.serialize_entry("mid", &call.message_id.to_string())?;
        map.serialize_entry("type", call_type_word(kind))?;
        map.serialize_entry("mode", "call")?;
        map.serialize_entry("initiator", &call.initiator_uid)?;
        map.serialize_entry("receiver", &call.receiver)?;
        map.serialize_entry("receiverType", receiver_word(call.receiver_type()))?;
        map.serialize_entry("conversationId", &call.conversation_id)?;
        map.serialize_entry("status", call_status_word(call.status()))?;
        let times =
            [("initiatedAt", call.initiated_at_ms), ("startedAt", call.started_at_ms), ("endedAt", call.ended_at_ms)];
        for (key, at) in times {
            if at != 0 {
                map.serialize_entry(key, &Seconds(at))?;
            }
        }
        map.serialize_entry("totalAudioMinutes", &audio)?;
        map.serialize_entry("totalVideoMinutes", &video)?;
        map.serialize_entry("totalDurationInMinutes", &minutes(lasted))?;
        map.serialize_entry("totalDuration", &clock(lasted))?;
        map.serialize_entry("totalParticipants", &call.participant_count)?;
        map.serialize_entry("hasRecording", &false)?;
        map.serialize_entry("hasTranscription", &false)?;
        let participants: Vec<_> = call.participants.iter().map(|of| ParticipantJson { of, kind }).collect();
        map.serialize_entry("participants", &participants)?;
        if self.alone {
            map.serialize_entry("metaData", &[(); 0])?;
            map.serialize_entry("tags", &[(); 0])?;
        }
        map.end()
    }
}

struct ParticipantJson<'a> {
    of: &'a CallParticipant,
    kind: CallType,
}

impl Serialize for ParticipantJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let of = self.of;
        let (audio, video) = by_type(self.kind, of.seconds);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("uid", &of.uid)?;
        if !of.device_id.is_empty() {
            map.serialize_entry("deviceId", &of.device_id)?;
        }
        map.serialize_entry("isJoined", &(of.joined_at_ms != 0))?;
        map.serialize_entry("state", state_word(of.state()))?;
        for (key, at) in [("joinedAt", of.joined_at_ms), ("leftAt", of.left_at_ms)] {
            if at != 0 {
                map.serialize_entry(key, &Seconds(at))?;
            }
        }
        map.serialize_entry("totalAudioMinutes", &audio)?;
        map.serialize_entry("totalVideoMinutes", &video)?;
        map.serialize_entry("totalDurationInMinutes", &minutes(of.seconds))?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MessageJson;
    use halley_contracts::messaging::v1::MessageCategory;
    use serde_json::json;

    fn user(uid: &str) -> User {
        User { uid: uid.into(), name: uid.to_uppercase(), ..Default::default() }
    }

    fn answered(data_json: &str) -> Message {
        Message {
            id: 7,
            conversation_id: "ann_user_bob".into(),
            sender_uid: "bob".into(),
            receiver_type: ReceiverType::User.into(),
            receiver: "ann".into(),
            category: MessageCategory::Call.into(),
            r#type: "video".into(),
            data_json: data_json.into(),
            sender: Some(user("bob")),
            receiver_entity: Some(ReceiverEntity::ReceiverUser(user("ann"))),
            action_on: Some(user("ann")),
            ..Default::default()
        }
    }

    #[test]
    fn a_message_tells_who_called_whom_whoever_made_the_change() {
        let message = answered(
            r#"{"action":"ongoing","call":{"sessionid":"v1.us.a.1","status":"ongoing","initiatedAt":5,"joinedAt":6}}"#,
        );
        let json = serde_json::to_value(MessageJson { message: &message, view: View::default() }).expect("json");
        assert_eq!((&json["category"], &json["type"]), (&json!("call"), &json!("video")));
        assert_eq!(json["data"]["action"], "ongoing");
        assert!(json["data"].get("call").is_none(), "{json}");
        let entities = &json["data"]["entities"];
        assert_eq!(
            (&entities["by"]["entity"]["uid"], &entities["for"]["entity"]["uid"]),
            (&json!("bob"), &json!("ann"))
        );
        assert_eq!(entities["on"]["entityType"], "call");
        let call = &entities["on"]["entity"];
        assert_eq!((&call["sessionid"], &call["status"]), (&json!("v1.us.a.1"), &json!("ongoing")));
        assert_eq!(
            (&call["sender"], &call["receiver"], &call["receiverType"]),
            (&json!("ann"), &json!("bob"), &json!("user"))
        );
        assert_eq!((&call["initiatedAt"], &call["joinedAt"], &call["type"]), (&json!(5), &json!(6), &json!("video")));
        assert_eq!(call["conversationId"], "ann_user_bob");
        let parties = &call["data"]["entities"];
        assert_eq!(
            (&parties["sender"]["entity"]["name"], &parties["receiver"]["entity"]["name"]),
            (&json!("ANN"), &json!("BOB"))
        );
    }

    #[test]
    fn a_message_that_tells_of_a_call_in_another_way_is_shown_all_the_same() {
        for data in ["{}", r#"{"call":5}"#, r#"{"action":"ended"}"#] {
            let message = answered(data);
            let json = serde_json::to_value(MessageJson { message: &message, view: View::default() }).expect("json");
            assert_eq!(json["data"]["entities"]["on"]["entity"]["sender"], "ann", "{data}");
        }
    }

    #[test]
    fn a_call_in_the_log_has_the_documented_shape() {
        let participant = CallParticipant {
            uid: "ann".into(),
            state: ParticipantState::Ended.into(),
            device_id: "d".into(),
            joined_at_ms: 1_000_000,
            left_at_ms: 1_100_000,
            seconds: 90,
        };
        let call = Call {
            session_id: "v1.us.a.1".into(),
            message_id: 7,
            r#type: CallType::Audio.into(),
            status: CallStatus::Ended.into(),
            conversation_id: "ann_user_bob".into(),
            initiator_uid: "ann".into(),
            receiver_type: ReceiverType::User.into(),
            receiver: "bob".into(),
            initiated_at_ms: 1_000_000,
            started_at_ms: 1_010_000,
            ended_at_ms: 1_100_000,
            participant_count: 2,
            seconds: 180,
            participants: vec![participant],
        };
        let json = serde_json::to_value(CallJson { call: &call, alone: true }).expect("json");
        assert_eq!(
            json,
            json!({"sessionId": "v1.us.a.1", "mid": "7", "type": "audio", "mode": "call", "initiator": "ann",
                "receiver": "bob", "receiverType": "user", "conversationId": "ann_user_bob", "status": "ended",
                "initiatedAt": 1000, "startedAt": 1010, "endedAt": 1100, "totalAudioMinutes": 3.0,
                "totalVideoMinutes": 0.0, "totalDurationInMinutes": 1.5, "totalDuration": "00:01:30",
                "totalParticipants": 2, "hasRecording": false, "hasTranscription": false, "metaData": [], "tags": [],
                "participants": [{"uid": "ann", "deviceId": "d", "isJoined": true, "state": "ended", "joinedAt": 1000,
                    "leftAt": 1100, "totalAudioMinutes": 1.5, "totalVideoMinutes": 0.0, "totalDurationInMinutes": 1.5}]})
        );
    }

    #[test]
    fn words_are_read_back() {
        for status in [CallStatus::Initiated, CallStatus::Ongoing, CallStatus::Rejected, CallStatus::Busy] {
            assert_eq!(parse_call_status(call_status_word(status)), Some(status));
        }
        assert_eq!(parse_call_status("canceled"), Some(CallStatus::Cancelled));
        assert_eq!((parse_call_status("x"), parse_call_type("meet")), (None, None));
    }
}
