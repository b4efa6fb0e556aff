//! What devices are told.

use std::collections::HashSet;

use axum::extract::ws::Utf8Bytes;
use halley_contracts::{
    events::v1::{
        ChangeKind, Event, GroupChanged, OwnConversationChanged, PresenceChanged, ReactionChanged, ReceiptChanged,
        ReceiptKind, TransientSent, TypingChanged, event::Body,
    },
    identity::v1::User,
    messaging::v1::{Conversation, Message, ResumeResponse},
};
use halley_kit::PublicError;
use halley_wire::{
    BlockState, ConversationJson, GroupJson, MessageJson, ReactionJson, UserJson, View, error_envelope, object_or_none,
    receiver_word,
};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{AUTH_OK, PONG, Told, calls};

/// An event as text.
#[derive(Debug)]
pub(super) struct Texts {
    /// For existing clients.
    pub plain: Option<Utf8Bytes>,
    /// For clients of Halley's own subprotocol.
    pub positions: Option<Utf8Bytes>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Outgoing<'a, B> {
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) app_id: &'a str,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) sender: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) receiver: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) receiver_type: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) device_id: &'a str,
    pub(super) body: B,
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
struct TypingBody<'a> {
    action: &'static str,
    user: UserJson<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct TransientBody<'a> {
    data: &'a RawValue,
    user: UserJson<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GroupBody<'a> {
    group: GroupJson<'a>,
    #[serde(skip_serializing_if = "str::is_empty")]
    old_owner: &'a str,
    timestamp: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HintBody {
    action: &'static str,
    delay_ms: u64,
}

#[derive(Serialize)]
struct PresenceBody<'a> {
    action: &'static str,
    user: UserJson<'a>,
    timestamp: i64,
}

/// An event in the variants that are wanted; `None` for events that clients are not told of.
pub(super) fn encode(event: &Event, plain: bool, positions: bool) -> Option<Texts> {
    let one = |json: Option<String>| {
        let frame = Utf8Bytes::from(json?);
        Some(Texts { plain: plain.then(|| frame.clone()), positions: positions.then_some(frame) })
    };
    match event.body.as_ref()? {
        Body::MessageSent(sent) => {
            let message = sent.message.as_ref()?;
            let variant = |with_sequence| message_frame(event, "message", message, with_sequence).map(Utf8Bytes::from);
            Some(Texts {
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
        Body::ConversationPinChanged(changed) => {
            let kind = if changed.pinned { "conversation_pinned" } else { "conversation_unpinned" };
            one(conversation_frame(event, kind, changed.conversation.as_ref()?))
        }
        Body::PresenceChanged(changed) => one(presence_frame(event, changed)),
        Body::TypingChanged(changed) => one(typing_frame(event, changed)),
        Body::TransientSent(sent) => one(transient_frame(event, sent)),
        // Existing clients know none of these.
        Body::CallSignaled(signal) if positions => own(calls::signal_frame(event, signal)),
        Body::GroupChanged(changed) if positions => own(group_frame(event, changed)),
        Body::MessageModerated(moderated) if positions => {
            own(message_frame(event, "message_moderated", moderated.message.as_ref()?, false))
        }
        Body::UnreadChanged(changed) if positions => {
            own(conversation_frame(event, "unread_count_changed", changed.conversation.as_ref()?))
        }
        Body::OwnConversationChanged(changed) if positions => own(own_conversation_frame(event, changed)),
        _ => None,
    }
}

/// A frame of Halley's own.
fn own(json: Option<String>) -> Option<Texts> {
    Some(Texts { plain: None, positions: Some(Utf8Bytes::from(json?)) })
}

/// What one socket alone is told.
pub(super) fn tell(app_id: &str, uid: &str, told: &Told<'_>) -> Option<Utf8Bytes> {
    let json = match told {
        Told::AuthAccepted => return Some(Utf8Bytes::from_static(AUTH_OK)),
        Told::Pong => return Some(Utf8Bytes::from_static(PONG)),
        Told::Hint { delay_ms } => return hint(*delay_ms),
        Told::Sent { id, message } => return sent(app_id, id, uid, message),
        Told::Refused { id, error } => return refused(app_id, id, error),
        Told::Resumed(missed) => resumed(app_id, missed),
        Told::MessageChanged(message) => message_changed(app_id, uid, message),
        Told::ConversationChanged(conversation) => conversation_changed(app_id, "", conversation),
        Told::ConversationLeft(left) => {
            conversation_left(app_id, "", &left.conversation_id, left.hidden_before_sequence)
        }
        Told::Peers { session_id, peers, servers } => calls::peers_frame(app_id, session_id, peers, servers),
        Told::CallRefused { session_id, code } => calls::refused_frame(app_id, session_id, *code),
    };
    json.map(Utf8Bytes::from)
}

/// Tells a client that the socket is about to be closed, and after how long it should be back.
fn hint(delay_ms: u64) -> Option<Utf8Bytes> {
    let body = HintBody { action: "reconnect", delay_ms };
    let frame = Outgoing { app_id: "", kind: "hint", sender: "", receiver: "", receiver_type: "", device_id: "", body };
    text(&frame).map(Utf8Bytes::from)
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
            action: match changed.kind() {
                ReceiptKind::Read => "read",
                ReceiptKind::ReadByAll => "readByAll",
                ReceiptKind::DeliveredToAll => "deliveredToAll",
                ReceiptKind::Delivered | ReceiptKind::Unspecified => "delivered",
            },
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

fn conversation_frame(event: &Event, kind: &'static str, conversation: &Conversation) -> Option<String> {
    // It goes to its owner alone.
    let view = View { uid: Some(&conversation.owner_uid), ..View::default() };
    text(&Outgoing {
        app_id: &event.app_id,
        kind,
        sender: &conversation.owner_uid,
        receiver: &conversation.with,
        receiver_type: receiver_word(conversation.with_type()),
        device_id: &event.origin_device_id,
        body: ConversationJson { conversation, view, with_tags: false, blocks: BlockState::default(), own: None },
    })
}

fn own_conversation_frame(event: &Event, changed: &OwnConversationChanged) -> Option<String> {
    let (conversation, device_id) = (changed.conversation.as_ref()?, &event.origin_device_id);
    let (id, hidden_before) = (&conversation.conversation_id, conversation.hidden_before_sequence);
    match changed.left {
        true => conversation_left(&event.app_id, device_id, id, hidden_before),
        false => conversation_changed(&event.app_id, device_id, conversation),
    }
}

fn typing_frame(event: &Event, changed: &TypingChanged) -> Option<String> {
    let user = changed.user.as_ref()?;
    let online = HashSet::from([user.uid.clone()]);
    text(&Outgoing {
        app_id: &event.app_id,
        kind: "typing_indicator",
        sender: &user.uid,
        receiver: &changed.receiver,
        receiver_type: receiver_word(changed.receiver_type()),
        device_id: &event.origin_device_id,
        body: TypingBody {
            action: if changed.started { "started" } else { "ended" },
            user: UserJson::new(user, View { online: Some(&online), ..View::default() }),
            metadata: object_or_none(&changed.metadata_json),
        },
    })
}

fn transient_frame(event: &Event, sent: &TransientSent) -> Option<String> {
    let user = sent.user.as_ref()?;
    let online = HashSet::from([user.uid.clone()]);
    text(&Outgoing {
        app_id: &event.app_id,
        kind: "transient_message",
        sender: &user.uid,
        receiver: &sent.receiver,
        receiver_type: receiver_word(sent.receiver_type()),
        device_id: &event.origin_device_id,
        body: TransientBody {
            data: object_or_none(&sent.data_json)?,
            user: UserJson::new(user, View { online: Some(&online), ..View::default() }),
        },
    })
}

fn group_frame(event: &Event, changed: &GroupChanged) -> Option<String> {
    let group = changed.group.as_ref()?;
    let kind = match changed.kind() {
        ChangeKind::Created => "group_created",
        ChangeKind::Updated if !changed.old_owner.is_empty() => "group_owner_changed",
        ChangeKind::Updated => "group_updated",
        ChangeKind::Deleted => "group_deleted",
        _ => return None,
    };
    // A deleted group does not say who deleted it.
    let sender = if changed.kind() == ChangeKind::Deleted { "" } else { &group.updated_by };
    text(&Outgoing {
        app_id: &event.app_id,
        kind,
        sender,
        receiver: &group.guid,
        receiver_type: "group",
        device_id: &event.origin_device_id,
        body: GroupBody {
            group: GroupJson { joined_by_all: true, with_tags: true, ..GroupJson::new(group, None) },
            old_owner: &changed.old_owner,
            timestamp: event.occurred_at_ms / 1000,
        },
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
fn resumed(app_id: &str, missed: &ResumeResponse) -> Option<String> {
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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a, B> {
    app_id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    id: &'a str,
    body: B,
}

/// The message that a socket sent, as it is stored.
fn sent(app_id: &str, id: &str, uid: &str, message: &Message) -> Option<Utf8Bytes> {
    let view = View { with_sequence: true, uid: Some(uid), ..View::default() };
    text(&Answer { app_id, kind: "sent", id, body: MessageJson { message, view } }).map(Utf8Bytes::from)
}

/// Why the message that a socket sent is not stored: the answer over HTTP, with its status.
fn refused(app_id: &str, id: &str, error: &PublicError) -> Option<Utf8Bytes> {
    let mut body = error_envelope(error);
    body["status"] = error.code.http().into();
    text(&Answer { app_id, kind: "refused", id, body }).map(Utf8Bytes::from)
}

/// A message as it is now, for the user who missed how it became so.
fn message_changed(app_id: &str, uid: &str, message: &Message) -> Option<String> {
    let view = View { with_sequence: true, uid: Some(uid), ..View::default() };
    text(&Outgoing {
        sender: &message.sender_uid,
        receiver: &message.receiver,
        receiver_type: receiver_word(message.receiver_type()),
        ..bare(app_id, "message_changed", MessageJson { message, view })
    })
}

/// A user's own view of a conversation, as it is now.
fn conversation_changed(app_id: &str, device_id: &str, conversation: &Conversation) -> Option<String> {
    let view = View { with_sequence: true, uid: Some(&conversation.owner_uid), ..View::default() };
    let body = ConversationJson { conversation, view, with_tags: true, blocks: BlockState::default(), own: None };
    text(&Outgoing {
        sender: &conversation.owner_uid,
        receiver: &conversation.with,
        receiver_type: receiver_word(conversation.with_type()),
        device_id,
        ..bare(app_id, "conversation_changed", body)
    })
}

/// The user's list shows the conversation no more: the user is out of it, or hid what it held up to a sequence number.
fn conversation_left(app_id: &str, device_id: &str, conversation_id: &str, hidden_before: i64) -> Option<String> {
    let mut body = serde_json::json!({ "conversationId": conversation_id });
    if hidden_before != 0 {
        body["hiddenBefore"] = hidden_before.into();
    }
    text(&Outgoing { device_id, ..bare(app_id, "conversation_left", body) })
}

pub(super) fn bare<'a, B>(app_id: &'a str, kind: &'static str, body: B) -> Outgoing<'a, B> {
    Outgoing { app_id, kind, sender: "", receiver: "", receiver_type: "", device_id: "", body }
}

pub(super) fn text(frame: &impl Serialize) -> Option<String> {
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
    use halley_contracts::{
        events::v1::{PinChanged, SaveChanged},
        messaging::v1::ReceiverType,
    };
    use halley_model::ErrorCode;
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_hint_says_when_to_be_back() {
        assert_eq!(
            hint(70).expect("a frame").as_str(),
            r#"{"type":"hint","body":{"action":"reconnect","delayMs":70}}"#
        );
    }

    #[test]
    fn what_became_of_a_message_is_told_by_its_id() {
        let message = Message { id: 5, sequence: 9, muid: "m".into(), ..Default::default() };
        let frame: Value = serde_json::from_str(&sent("app", "7", "ann", &message).expect("a frame")).expect("json");
        assert_eq!((&frame["type"], &frame["id"], &frame["appId"]), (&"sent".into(), &"7".into(), &"app".into()));
        let body = &frame["body"];
        assert_eq!((&body["id"], &body["sequence"], &body["muid"]), (&"5".into(), &9.into(), &"m".into()));
        let error = PublicError::field(ErrorCode::BadRequest, "muid", "is required");
        let frame: Value = serde_json::from_str(&refused("app", "", &error).expect("a frame")).expect("json");
        assert_eq!((&frame["type"], frame.get("id"), &frame["body"]["status"]), (&"refused".into(), None, &400.into()));
        let error = &frame["body"]["error"];
        assert_eq!((&error["code"], &error["details"]["muid"][0]), (&"ERR_BAD_REQUEST".into(), &"is required".into()));
    }

    #[test]
    fn changes_of_groups_are_for_clients_that_know_them() {
        let told = |kind: ChangeKind, old_owner: &str, plain: bool, positions: bool| {
            let group = halley_contracts::groups::v1::Group { guid: "room".into(), ..Default::default() };
            let body = Body::GroupChanged(GroupChanged {
                kind: kind.into(),
                group: Some(group),
                old_owner: old_owner.to_owned(),
            });
            let frames = encode(&Event { body: Some(body), ..Default::default() }, plain, positions)?;
            assert!(frames.plain.is_none());
            let frame: Value = serde_json::from_str(&frames.positions?).expect("json");
            assert_eq!(frame["body"]["group"]["guid"], "room");
            Some(frame["type"].as_str().expect("a type").to_owned())
        };
        assert_eq!(told(ChangeKind::Updated, "", true, true).as_deref(), Some("group_updated"));
        assert_eq!(told(ChangeKind::Updated, "ann", false, true).as_deref(), Some("group_owner_changed"));
        assert_eq!(told(ChangeKind::Deleted, "", true, true).as_deref(), Some("group_deleted"));
        assert_eq!(told(ChangeKind::Created, "", true, true).as_deref(), Some("group_created"));
        assert_eq!(told(ChangeKind::Updated, "", true, false), None);
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
}
