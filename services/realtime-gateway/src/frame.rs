//! Frames of the client protocol: JSON objects as text, in both directions.

use std::collections::{HashMap, HashSet};

use axum::extract::ws::Utf8Bytes;
use halley_contracts::{
    events::v1::{
        ConversationPinChanged, Event, PresenceChanged, ReactionChanged, ReceiptChanged, ReceiptKind, event::Body,
    },
    identity::v1::User,
    messaging::v1::{Conversation, Message, ReceiverType, ResumeResponse},
};
use halley_wire::{BlockState, ConversationJson, MessageJson, ReactionJson, UserJson, View, receiver_word};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{hub::Frames, resume::LeftOff};

/// Clients compare both words literally; anything else starts no keepalive.
pub const AUTH_OK: &str = r#"{"type":"auth","body":{"code":"200","status":"OK"}}"#;
/// Another form of the answer is not accepted.
pub const PONG: &str = r#"{"action":"pong"}"#;

/// A frame that a server acts on.
pub enum ClientFrame {
    Auth(AuthFrame),
    Ping,
    Receipt(ReceiptFrame),
}

/// The first frame of a socket.
pub struct AuthFrame {
    pub app_id: String,
    pub device_id: String,
    pub token: String,
    pub all_presence: bool,
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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Incoming {
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
    body: Option<IncomingBody>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IncomingBody {
    #[serde(default)]
    auth: Option<String>,
    #[serde(default)]
    device_id: Option<String>,
    #[serde(default)]
    presence_subscription: Option<String>,
    #[serde(default)]
    resume: Option<IncomingResume>,
    #[serde(default)]
    action: Option<String>,
    #[serde(default)]
    message_id: Option<Value>,
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
        _ => None,
    }
}

fn auth(frame: Incoming) -> Option<AuthFrame> {
    let body = frame.body?;
    Some(AuthFrame {
        app_id: frame.app_id.to_lowercase(),
        device_id: body.device_id.unwrap_or(frame.device_id),
        token: body.auth.unwrap_or_default(),
        all_presence: body.presence_subscription.as_deref() == Some("ALL_USERS"),
        left_off: body.resume.map_or_else(LeftOff::default, |resume| LeftOff {
            token: resume.token,
            positions: resume.positions,
        }),
    })
}

fn receipt(frame: Incoming) -> Option<ReceiptFrame> {
    let body = frame.body?;
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
    let receiver_type = match frame.receiver_type.as_str() {
        "user" => ReceiverType::User,
        "group" => ReceiverType::Group,
        _ => return None,
    };
    Some(ReceiptFrame { read, receiver_type, receiver: frame.receiver.to_lowercase(), message_id })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outgoing<'a, B> {
    app_id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    sender: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    receiver: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    receiver_type: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    device_id: &'a str,
    body: B,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReceiptBody<'a> {
    action: &'static str,
    message_id: String,
    user: UserJson<'a>,
    timestamp: i64,
}

#[derive(Serialize)]
struct PresenceBody<'a> {
    action: &'static str,
    user: UserJson<'a>,
    timestamp: i64,
}

/// An event in the variants that are wanted; `None` for events that clients are not told of.
pub fn encode(event: &Event, plain: bool, positions: bool) -> Option<Frames> {
    let one = |json: Option<String>| {
        let frame = Utf8Bytes::from(json?);
        Some(Frames { plain: plain.then(|| frame.clone()), positions: positions.then_some(frame) })
    };
    match event.body.as_ref()? {
        Body::MessageSent(sent) => {
            let message = sent.message.as_ref()?;
            let variant = |with_sequence| message_frame(event, "message", message, with_sequence).map(Utf8Bytes::from);
            Some(Frames {
                plain: if plain { variant(false) } else { None },
                positions: if positions { variant(true) } else { None },
            })
        }
        Body::ReceiptChanged(changed) => one(receipt_frame(event, changed)),
        Body::ReactionChanged(changed) => one(reaction_frame(event, changed)),
        Body::PinChanged(changed) => {
            let kind = if changed.pinned { "message_pinned" } else { "message_unpinned" };
            one(message_frame(event, kind, changed.message.as_ref()?, false))
        }
        Body::SaveChanged(changed) => {
            let kind = if changed.saved { "message_saved" } else { "message_unsaved" };
            one(message_frame(event, kind, changed.message.as_ref()?, false))
        }
        Body::ConversationPinChanged(changed) => one(conversation_frame(event, changed)),
        Body::PresenceChanged(changed) => one(presence_frame(event, changed)),
        _ => None,
    }
}

fn message_frame(event: &Event, kind: &'static str, message: &Message, with_sequence: bool) -> Option<String> {
    text(&Outgoing {
        app_id: &event.app_id,
        kind,
        sender: &message.sender_uid,
        receiver: &message.receiver,
        receiver_type: receiver_word(message.receiver_type()),
        device_id: &event.origin_device_id,
        body: MessageJson { message, view: View { with_sequence, ..View::default() } },
    })
}

fn receipt_frame(event: &Event, changed: &ReceiptChanged) -> Option<String> {
    let unknown = User::default();
    let user = changed.user.as_ref().unwrap_or(&unknown);
    text(&Outgoing {
        app_id: &event.app_id,
        kind: "receipts",
        sender: &user.uid,
        receiver: &changed.receiver,
        receiver_type: receiver_word(changed.receiver_type()),
        device_id: &event.origin_device_id,
        body: ReceiptBody {
            action: if changed.kind() == ReceiptKind::Read { "read" } else { "delivered" },
            message_id: changed.message_id.to_string(),
            user: UserJson::new(user, View::default()),
            timestamp: event.occurred_at_ms / 1000,
        },
    })
}

fn reaction_frame(event: &Event, changed: &ReactionChanged) -> Option<String> {
    let reaction = changed.reaction.as_ref()?;
    let action = if changed.added { "message_reaction_added" } else { "message_reaction_removed" };
    // The count makes an event that comes twice harmless.
    let mut more = vec![
        ("action", action.into()),
        ("conversationId", changed.conversation_id.as_str().into()),
        ("count", changed.count.into()),
    ];
    if changed.parent_id != 0 {
        more.push(("parentMessageId", changed.parent_id.to_string().into()));
    }
    text(&Outgoing {
        app_id: &event.app_id,
        kind: "reaction",
        sender: &reaction.uid,
        receiver: &changed.receiver,
        receiver_type: receiver_word(changed.receiver_type()),
        device_id: &event.origin_device_id,
        body: ReactionJson { reaction, view: View::default(), more: &more },
    })
}

fn conversation_frame(event: &Event, changed: &ConversationPinChanged) -> Option<String> {
    let conversation = changed.conversation.as_ref()?;
    // It goes to its owner alone.
    let view = View { uid: Some(&conversation.owner_uid), ..View::default() };
    text(&Outgoing {
        app_id: &event.app_id,
        kind: if changed.pinned { "conversation_pinned" } else { "conversation_unpinned" },
        sender: &conversation.owner_uid,
        receiver: &conversation.with,
        receiver_type: receiver_word(conversation.with_type()),
        device_id: &event.origin_device_id,
        body: ConversationJson { conversation, view, with_tags: false, blocks: BlockState::default() },
    })
}

fn presence_frame(event: &Event, changed: &PresenceChanged) -> Option<String> {
    let user = changed.user.as_ref()?;
    let online: HashSet<String> = changed.online.then(|| user.uid.clone()).into_iter().collect();
    text(&Outgoing {
        app_id: &event.app_id,
        kind: "presence",
        sender: &user.uid,
        receiver: "",
        receiver_type: "",
        device_id: "",
        body: PresenceBody {
            action: if changed.online { "online" } else { "offline" },
            user: UserJson::new(user, View { online: Some(&online), ..View::default() }),
            timestamp: event.occurred_at_ms / 1000,
        },
    })
}

/// Ends what a socket missed: the token to resume from, and whether it must fetch instead.
pub fn resumed(app_id: &str, missed: &ResumeResponse) -> Option<String> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct ResumedBody<'a> {
        token: &'a str,
        refetch: bool,
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        untold_receipts_of: &'a [String],
    }
    let untold_receipts_of = &missed.untold_receipts_of;
    let body = ResumedBody { token: &missed.token, refetch: missed.refetch, untold_receipts_of };
    text(&bare(app_id, "resumed", body))
}

/// A message as it is now, for the user who missed how it became so.
pub fn message_changed(app_id: &str, uid: &str, message: &Message) -> Option<String> {
    let view = View { with_sequence: true, uid: Some(uid), ..View::default() };
    text(&Outgoing {
        sender: &message.sender_uid,
        receiver: &message.receiver,
        receiver_type: receiver_word(message.receiver_type()),
        ..bare(app_id, "message_changed", MessageJson { message, view })
    })
}

/// A user's own view of a conversation, as it is now.
pub fn conversation_changed(app_id: &str, conversation: &Conversation) -> Option<String> {
    let view = View { with_sequence: true, uid: Some(&conversation.owner_uid), ..View::default() };
    let body = ConversationJson { conversation, view, with_tags: true, blocks: BlockState::default() };
    text(&Outgoing {
        sender: &conversation.owner_uid,
        receiver: &conversation.with,
        receiver_type: receiver_word(conversation.with_type()),
        ..bare(app_id, "conversation_changed", body)
    })
}

/// The user's list shows the conversation no more.
pub fn conversation_left(app_id: &str, conversation_id: &str) -> Option<String> {
    text(&bare(app_id, "conversation_left", serde_json::json!({ "conversationId": conversation_id })))
}

fn bare<'a, B>(app_id: &'a str, kind: &'static str, body: B) -> Outgoing<'a, B> {
    Outgoing { app_id, kind, sender: "", receiver: "", receiver_type: "", device_id: "", body }
}

fn text(frame: &impl Serialize) -> Option<String> {
    match serde_json::to_string(frame) {
        Ok(text) => Some(text),
        Err(error) => {
            tracing::error!(%error, "a frame can't be written");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use halley_contracts::events::v1::{PinChanged, SaveChanged};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn frames_of_clients_are_read() {
        let auth = r#"{"appId":"APP","deviceId":"W","type":"auth","sender":"ann","body":{"auth":"jwt","deviceId":"W","presenceSubscription":"ALL_USERS","params":{}}}"#;
        let Some(ClientFrame::Auth(auth)) = decode(auth) else { panic!("auth") };
        assert_eq!((auth.app_id.as_str(), auth.token.as_str(), auth.all_presence), ("app", "jwt", true));
        assert!(matches!(decode(r#"{"action":"ping","ack":"true"}"#), Some(ClientFrame::Ping)));
        let read = r#"{"type":"receipts","receiver":"bob","receiverType":"user","body":{"action":"read","messageId":"12"},"messageSender":"bob"}"#;
        let Some(ClientFrame::Receipt(receipt)) = decode(read) else { panic!("receipt") };
        assert_eq!((receipt.read, receipt.receiver.as_str(), receipt.message_id), (true, "bob", 12));
    }

    #[test]
    fn who_comes_online_is_shown_as_available() {
        let shown = |online: bool| {
            let user = Some(User { uid: "ann".into(), name: "Ann".into(), ..Default::default() });
            let body = Body::PresenceChanged(PresenceChanged { user, online });
            let event = Event { app_id: "app".into(), occurred_at_ms: 5000, body: Some(body), ..Default::default() };
            let frame = encode(&event, true, false).expect("frames").plain.expect("plain");
            let frame: Value = serde_json::from_str(&frame).expect("json");
            assert_eq!((frame["type"].as_str(), frame["body"]["timestamp"].as_i64()), (Some("presence"), Some(5)));
            assert_eq!(frame["body"]["user"]["name"], "Ann");
            (frame["body"]["action"].clone(), frame["body"]["user"]["status"].clone())
        };
        assert_eq!(shown(true), ("online".into(), "available".into()));
        assert_eq!(shown(false), ("offline".into(), "offline".into()));
    }

    #[test]
    fn a_reaction_is_told_flat() {
        let reaction = halley_contracts::messaging::v1::Reaction {
            id: 3,
            message_id: 5,
            reaction: "👍".into(),
            uid: "bob".into(),
            reacted_at_ms: 7000,
            user: None,
        };
        let told = |added: bool, parent_id: i64| {
            let body = Body::ReactionChanged(ReactionChanged {
                added,
                reaction: Some(reaction.clone()),
                receiver_type: ReceiverType::Group.into(),
                receiver: "room".into(),
                conversation_id: "group_room".into(),
                parent_id,
                message_sender: "ann".into(),
                count: 2,
            });
            let event =
                Event { app_id: "app".into(), origin_device_id: "W".into(), body: Some(body), ..Default::default() };
            let frame = encode(&event, true, false).expect("frames").plain.expect("plain");
            serde_json::from_str::<Value>(&frame).expect("json")
        };
        let frame = told(true, 0);
        assert_eq!((frame["type"].as_str(), frame["receiver"].as_str()), (Some("reaction"), Some("room")));
        assert_eq!((frame["sender"].as_str(), frame["deviceId"].as_str()), (Some("bob"), Some("W")));
        let body = &frame["body"];
        assert_eq!((body["action"].as_str(), body["messageId"].as_str()), (Some("message_reaction_added"), Some("5")));
        assert_eq!((body["reaction"].as_str(), body["reactedBy"]["uid"].as_str()), (Some("👍"), Some("bob")));
        assert_eq!((body["conversationId"].as_str(), body["count"].as_i64()), (Some("group_room"), Some(2)));
        assert!(body.get("parentMessageId").is_none());
        let body = &told(false, 2)["body"];
        assert_eq!(body["action"].as_str(), Some("message_reaction_removed"));
        assert_eq!(body["parentMessageId"].as_str(), Some("2"));
    }

    #[test]
    fn pins_and_saves_are_told_with_the_whole_message() {
        let message = Some(Message { id: 5, receiver: "bob".into(), pinned_at_ms: 7000, ..Default::default() });
        let told = |body: Body| {
            let event = Event { app_id: "app".into(), body: Some(body), ..Default::default() };
            let frame = encode(&event, true, false).expect("frames").plain.expect("plain");
            serde_json::from_str::<Value>(&frame).expect("json")
        };
        let pin = |pinned| told(Body::PinChanged(PinChanged { pinned, message: message.clone() }));
        let save = |saved| told(Body::SaveChanged(SaveChanged { saved, uid: "ann".into(), message: message.clone() }));
        assert_eq!((&pin(true)["type"], &pin(false)["type"]), (&"message_pinned".into(), &"message_unpinned".into()));
        assert_eq!((&save(true)["type"], &save(false)["type"]), (&"message_saved".into(), &"message_unsaved".into()));
        assert_eq!((&pin(true)["body"]["id"], &pin(true)["body"]["pinnedAt"]), (&"5".into(), &7.into()));
    }

    #[test]
    fn a_message_frame_names_the_origin_and_hides_the_sequence_from_plain_clients() {
        let message =
            Message { id: 5, sequence: 9, sender_uid: "ann".into(), receiver: "bob".into(), ..Default::default() };
        let body = Body::MessageSent(halley_contracts::events::v1::MessageSent { message: Some(message) });
        let event =
            Event { app_id: "app".into(), origin_device_id: "W".into(), body: Some(body), ..Default::default() };
        let frames = encode(&event, true, true).expect("frames");
        let plain: Value = serde_json::from_str(&frames.plain.expect("plain")).expect("json");
        let positions: Value = serde_json::from_str(&frames.positions.expect("positions")).expect("json");
        assert_eq!((plain["type"].as_str(), plain["deviceId"].as_str()), (Some("message"), Some("W")));
        assert!(plain["body"].get("sequence").is_none());
        assert_eq!(positions["body"]["sequence"], 9);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in ".*") {
            drop(decode(&text));
        }

        #[test]
        fn no_json_makes_the_reader_panic(kind in "auth|receipts|x", action in ".*", id in any::<i64>(), deep in ".*") {
            drop(decode(&serde_json::json!({"type": kind, "action": action, "body": {"action": deep, "messageId": id, "auth": deep}}).to_string()));
        }
    }
}
