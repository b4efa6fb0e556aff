//! How each frame becomes an event.

use serde::Deserialize as _;
use serde_json::Value;

use super::event::{
    CallEvent, CallSignal, ChangeKind, ChatEvent, ConversationChange, ConversationEvent, GroupChange, GroupEvent,
    MessageChange, PresenceEvent, ReactionEvent, ReceiptEvent, ReceiptKind, TransientEvent, TypingEvent,
};
use crate::models::{positive, text};
use crate::{Conversation, Event, Group, Message, MessageAction, Reaction};

/// What a message tells of besides itself.
pub(super) fn told_by(message: &Message) -> Option<ChatEvent> {
    if let Some(call) = message.call() {
        let (by, device_id) = (message.sender_user(), message.device.clone());
        return Some(ChatEvent::Call(Box::new(CallEvent { call, by, device_id })));
    }
    let (message, change) = match message.told_action()? {
        MessageAction::Edited { message, .. } => (*message, ChangeKind::Edited),
        MessageAction::Deleted { message, .. } => (*message, ChangeKind::Deleted),
        MessageAction::Membership(membership) => return Some(ChatEvent::Membership(membership)),
    };
    Some(ChatEvent::MessageChanged(Box::new(MessageChange { message, change, is_own_view: false })))
}

/// The event of a frame that is no message; `None` if it can't be read.
pub(super) fn told(event: Event, uid: &str) -> Option<ChatEvent> {
    Some(match event {
        Event::Message(_) | Event::Closed { .. } => return None,
        Event::Typing(typing) => ChatEvent::Typing(Box::new(TypingEvent {
            user: typing.user(),
            peer: typing.receiver.seen_from(uid, &typing.uid),
            is_typing: typing.started,
            metadata: typing.metadata,
        })),
        Event::Receipt(receipt) => ChatEvent::Receipt(Box::new(ReceiptEvent {
            kind: receipt_kind(&receipt.action)?,
            user: receipt.user(),
            peer: receipt.receiver.seen_from(uid, &receipt.uid),
            message_id: receipt.message_id,
            at: receipt.timestamp,
        })),
        Event::Presence(presence) => {
            let mut user = presence.user();
            user.is_online = presence.online;
            let event = PresenceEvent { user, is_online: presence.online, at: presence.timestamp };
            ChatEvent::Presence(Box::new(event))
        }
        Event::Transient(note) => ChatEvent::Transient(Box::new(TransientEvent {
            user: note.user(),
            peer: note.receiver.seen_from(uid, &note.uid),
            data: note.data,
        })),
        Event::Other(frame) => told_frame(frame)?,
    })
}

fn receipt_kind(word: &str) -> Option<ReceiptKind> {
    Some(match word {
        "delivered" => ReceiptKind::Delivered,
        "read" => ReceiptKind::Read,
        "deliveredToAll" => ReceiptKind::DeliveredToAll,
        "readByAll" => ReceiptKind::ReadByAll,
        _ => return None,
    })
}

fn told_frame(mut frame: Box<Value>) -> Option<ChatEvent> {
    let body = frame["body"].take();
    match frame["type"].as_str()? {
        "reaction" => Some(reaction(body)),
        "message_pinned" => changed(&body, ChangeKind::Pinned),
        "message_unpinned" => changed(&body, ChangeKind::Unpinned),
        "message_saved" => changed(&body, ChangeKind::Saved),
        "message_unsaved" => changed(&body, ChangeKind::Unsaved),
        "message_moderated" => changed(&body, ChangeKind::Moderated),
        "message_changed" => changed(&body, ChangeKind::Other),
        "conversation_pinned" => Some(conversation(body, ConversationChange::Pinned)),
        "conversation_unpinned" => Some(conversation(body, ConversationChange::Unpinned)),
        "conversation_changed" => Some(conversation(body, ConversationChange::Other)),
        "unread_count_changed" => Some(conversation(body, ConversationChange::Unread)),
        "conversation_left" => Some(ChatEvent::ConversationLeft {
            conversation_id: text(&body["conversationId"])?,
            hidden_before: positive(&body["hiddenBefore"]),
        }),
        "group_created" => Some(group(&body, GroupChange::Created)),
        "group_updated" => Some(group(&body, GroupChange::Updated)),
        "group_deleted" => Some(group(&body, GroupChange::Deleted)),
        "group_owner_changed" => {
            let old_owner = text(&body["oldOwner"]).unwrap_or_default();
            Some(group(&body, GroupChange::OwnerChanged { old_owner }))
        }
        "call_signal" => Some(signal(body)),
        _ => {
            frame["body"] = body;
            Some(ChatEvent::Other(frame))
        }
    }
}

fn reaction(body: Value) -> ChatEvent {
    ChatEvent::Reaction(Box::new(ReactionEvent {
        is_added: body["action"] == "message_reaction_added",
        conversation_id: text(&body["conversationId"]).unwrap_or_default(),
        parent_id: positive(&body["parentMessageId"]),
        count: positive(&body["count"]).unwrap_or(0),
        reaction: Reaction::from(body),
    }))
}

fn changed(body: &Value, change: ChangeKind) -> Option<ChatEvent> {
    let inner = if body["message"].is_object() { &body["message"] } else { body };
    let message = Message::deserialize(inner).ok()?;
    let is_own_view = change == ChangeKind::Other;
    Some(ChatEvent::MessageChanged(Box::new(MessageChange { message, change, is_own_view })))
}

fn conversation(mut body: Value, change: ConversationChange) -> ChatEvent {
    let inner = if body["conversation"].is_object() { body["conversation"].take() } else { body };
    ChatEvent::ConversationChanged(Box::new(ConversationEvent { change, conversation: Conversation::from(inner) }))
}

fn group(body: &Value, change: GroupChange) -> ChatEvent {
    ChatEvent::Group(Box::new(GroupEvent { change, group: Group::from(body["group"].clone()) }))
}

fn signal(body: Value) -> ChatEvent {
    let from = &body["from"];
    ChatEvent::CallSignal(Box::new(CallSignal {
        action: text(&body["action"]).unwrap_or_default(),
        session_id: text(&body["sessionId"]).unwrap_or_default(),
        from: text(&from["uid"]).map(|uid| (uid, text(&from["deviceId"]))),
        body,
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::event::Frame;
    use crate::{MembershipKind, Receiver};

    fn event(frame: &Value) -> ChatEvent {
        match Frame::parse(&frame.to_string(), "D") {
            Frame::Event(event) => told(event, "ann").unwrap(),
            _ => panic!("{frame}"),
        }
    }

    #[test]
    fn a_conversation_is_seen_from_the_logged_in_user() {
        let typing = |receiver: &str, kind: &str| {
            let frame = json!({"type": "typing_indicator", "receiver": receiver, "receiverType": kind,
                "body": {"action": "started", "user": {"uid": "bob", "name": "Bob"}}});
            match event(&frame) {
                ChatEvent::Typing(typing) => *typing,
                other => panic!("{other:?}"),
            }
        };
        let direct = typing("ann", "user");
        assert_eq!((direct.peer, direct.user.name.as_str()), (Receiver::user("bob"), "Bob"));
        assert_eq!(typing("room", "group").peer, Receiver::group("room"));
    }

    #[test]
    fn groups_conversations_and_reactions_are_typed() {
        let frame = json!({"type": "group_owner_changed", "body": {"group": {"guid": "g", "x": 1}, "oldOwner": "ann"}});
        let ChatEvent::Group(told) = event(&frame) else { panic!() };
        assert_eq!(
            (told.change, &told.group.raw["x"]),
            (GroupChange::OwnerChanged { old_owner: "ann".into() }, &json!(1))
        );
        let frame = json!({"type": "conversation_left", "body": {"conversationId": "group_g", "hiddenBefore": 3}});
        assert!(matches!(event(&frame), ChatEvent::ConversationLeft { hidden_before: Some(3), .. }));
        let frame = json!({"type": "reaction", "body": {"action": "message_reaction_removed", "messageId": "7",
            "reaction": "👍", "count": 2, "reactedBy": {"uid": "bob"}}});
        let ChatEvent::Reaction(told) = event(&frame) else { panic!() };
        assert_eq!((told.is_added, told.reaction.message_id, told.count), (false, 7, 2));
        let frame = json!({"type": "new_thing", "body": {"a": 1}});
        let ChatEvent::Other(whole) = event(&frame) else { panic!() };
        assert_eq!(*whole, frame);
    }

    #[test]
    fn an_action_message_tells_who_did_what_to_whom() {
        let entity = |kind: &str, entity: Value| json!({"entityType": kind, "entity": entity});
        let message: Message = serde_json::from_value(json!({"id": "1", "conversationId": "group_g", "sender": "ann",
            "receiver": "g", "receiverType": "group", "category": "action", "type": "groupMember",
            "data": {"action": "scopeChanged", "extras": {"scope": {"old": "participant", "new": "moderator"}},
                "entities": {"by": entity("user", json!({"uid": "ann"})), "on": entity("user", json!({"uid": "bob"})),
                    "for": entity("group", json!({"guid": "g", "name": "G"}))}}}))
        .unwrap();
        let Some(ChatEvent::Membership(told)) = told_by(&message) else { panic!() };
        assert_eq!((told.kind, told.on.uid.as_str()), (MembershipKind::ScopeChanged, "bob"));
        assert_eq!((told.new_scope.unwrap().as_str(), told.group.name.as_str()), ("moderator", "G"));
    }
}
