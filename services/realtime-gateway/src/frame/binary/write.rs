//! What devices are told in binary form. Which events they are told of, and to whom what is shown, is as in
//! [`super::super::write`] for sockets of the subprotocol.

use std::collections::HashSet;

use bytes::Bytes;
use halley_contracts::{
    client::v1::{self as pb, server_frame::Frame},
    events::v1::{
        CallSignalKind, CallSignaled, ChangeKind, Event, GroupChanged, OwnConversationChanged, PresenceChanged,
        ReactionChanged, ReceiptChanged, ReceiptKind, TransientSent, TypingChanged, event::Body,
    },
    identity::v1::User,
    messaging::v1::{Conversation, Message, ReceiverType},
};
use halley_kit::PublicError;
use halley_wire::{View, typed};
use prost::Message as _;

use super::super::{Told, calls::PeerJson};
use crate::ice::IceServer;

/// An event; `None` for events that clients are not told of.
pub fn encode(event: &Event) -> Option<Bytes> {
    let frame = match event.body.as_ref()? {
        Body::MessageSent(sent) => message_frame(event, sent.message.as_ref()?, true, Frame::Message)?,
        Body::ReceiptChanged(changed) => receipt_frame(event, changed),
        Body::ReactionChanged(changed) => reaction_frame(event, changed)?,
        Body::PinChanged(changed) => {
            let kind = if changed.pinned { Frame::MessagePinned } else { Frame::MessageUnpinned };
            message_frame(event, changed.message.as_ref()?, false, kind)?
        }
        Body::SaveChanged(changed) => {
            let kind = if changed.saved { Frame::MessageSaved } else { Frame::MessageUnsaved };
            message_frame(event, changed.message.as_ref()?, false, kind)?
        }
        Body::MessageModerated(moderated) => {
            message_frame(event, moderated.message.as_ref()?, false, Frame::MessageModerated)?
        }
        Body::ConversationPinChanged(changed) => {
            let kind = if changed.pinned { Frame::ConversationPinned } else { Frame::ConversationUnpinned };
            conversation_frame(event, changed.conversation.as_ref()?, kind)?
        }
        Body::UnreadChanged(changed) => {
            conversation_frame(event, changed.conversation.as_ref()?, Frame::UnreadCountChanged)?
        }
        Body::OwnConversationChanged(changed) => own_conversation_frame(event, changed)?,
        Body::PresenceChanged(changed) => presence_frame(event, changed)?,
        Body::TypingChanged(changed) => typing_frame(event, changed)?,
        Body::TransientSent(sent) => transient_frame(event, sent)?,
        Body::CallSignaled(signal) => signal_frame(event, signal)?,
        Body::GroupChanged(changed) => group_frame(event, changed)?,
        _ => return None,
    };
    Some(bytes(&frame))
}

/// What one socket alone is told.
pub fn tell(app_id: &str, uid: &str, told: &Told<'_>) -> Option<Bytes> {
    let view = View { with_sequence: true, uid: Some(uid), ..View::default() };
    let bare = |frame: Frame| pb::ServerFrame { app_id: app_id.to_owned(), frame: Some(frame), ..Default::default() };
    let unnamed = |frame: Frame| pb::ServerFrame { frame: Some(frame), ..Default::default() };
    let frame = match told {
        Told::AuthAccepted => unnamed(Frame::AuthAccepted(pb::AuthAccepted {})),
        Told::Pong => unnamed(Frame::Pong(pb::Pong {})),
        Told::Hint { delay_ms } => {
            let reconnect_after_ms = i64::try_from(*delay_ms).unwrap_or(i64::MAX);
            unnamed(Frame::Hint(pb::Hint { reconnect_after_ms }))
        }
        Told::Resumed(missed) => bare(Frame::Resumed(pb::Resumed {
            token: missed.token.clone(),
            refetch: missed.refetch,
            untold_receipts_of: missed.untold_receipts_of.clone(),
        })),
        Told::MessageChanged(message) => pb::ServerFrame {
            sender: message.sender_uid.clone(),
            ..addressed(
                bare(Frame::MessageChanged(typed::message(message, view)?)),
                message.receiver_type(),
                &message.receiver,
            )
        },
        Told::ConversationChanged(conversation) => {
            pb::ServerFrame { app_id: app_id.to_owned(), ..changed_conversation(conversation)? }
        }
        Told::ConversationLeft(left) => bare(Frame::ConversationLeft(pb::ConversationLeft {
            conversation_id: left.conversation_id.clone(),
            hidden_before: left.hidden_before_sequence,
        })),
        Told::Sent { id, message } => {
            bare(Frame::Sent(pb::Sent { id: (*id).to_owned(), message: Some(typed::message(message, view)?) }))
        }
        Told::Refused { id, error } => bare(Frame::Refused(refused(id, error))),
        Told::Peers { session_id, peers, servers } => bare(Frame::CallSignal(peers_of(session_id, peers, servers))),
        Told::CallRefused { session_id, code } => bare(Frame::CallSignal(pb::CallSignal {
            action: pb::CallAction::Refused.into(),
            session_id: (*session_id).to_owned(),
            code: code.as_str().to_owned(),
            ..Default::default()
        })),
    };
    Some(bytes(&frame))
}

fn refused(id: &str, error: &PublicError) -> pb::Refused {
    pb::Refused {
        id: id.to_owned(),
        status: error.code.http().into(),
        code: error.code.as_str().to_owned(),
        message: error.message.clone(),
        field: error.field.clone().unwrap_or_default(),
    }
}

fn peers_of(session_id: &str, peers: &[PeerJson<'_>], servers: &[IceServer]) -> pb::CallSignal {
    let peer = |peer: &PeerJson<'_>| pb::Peer { uid: peer.uid.to_owned(), device_id: peer.device_id.to_owned() };
    let server = |server: &IceServer| pb::IceServer {
        urls: server.urls.clone(),
        username: server.username.clone().unwrap_or_default(),
        credential: server.credential.clone().unwrap_or_default(),
    };
    pb::CallSignal {
        action: pb::CallAction::Peers.into(),
        session_id: session_id.to_owned(),
        peers: peers.iter().map(peer).collect(),
        ice_servers: servers.iter().map(server).collect(),
        ..Default::default()
    }
}

/// A frame of who caused an event, to nobody yet.
fn caused(event: &Event, sender: &str, frame: Frame) -> pb::ServerFrame {
    pb::ServerFrame {
        app_id: event.app_id.clone(),
        sender: sender.to_owned(),
        device_id: event.origin_device_id.clone(),
        frame: Some(frame),
        ..Default::default()
    }
}

fn addressed(frame: pb::ServerFrame, kind: ReceiverType, receiver: &str) -> pb::ServerFrame {
    let receiver_type = typed::receiver_type(kind).into();
    pb::ServerFrame { receiver_type, receiver: receiver.to_owned(), ..frame }
}

fn message_frame(
    event: &Event,
    message: &Message,
    with_sequence: bool,
    kind: fn(pb::Message) -> Frame,
) -> Option<pb::ServerFrame> {
    let body = typed::message(message, View { with_sequence, ..View::default() })?;
    let frame = caused(event, &message.sender_uid, kind(body));
    Some(addressed(frame, message.receiver_type(), &message.receiver))
}

fn receipt_frame(event: &Event, changed: &ReceiptChanged) -> pb::ServerFrame {
    let unknown = User::default();
    let user = changed.user.as_ref().unwrap_or(&unknown);
    let action = match changed.kind() {
        ReceiptKind::Read => pb::ReceiptAction::Read,
        ReceiptKind::ReadByAll => pb::ReceiptAction::ReadByAll,
        ReceiptKind::DeliveredToAll => pb::ReceiptAction::DeliveredToAll,
        ReceiptKind::Delivered | ReceiptKind::Unspecified => pb::ReceiptAction::Delivered,
    };
    let body = pb::Receipt {
        action: action.into(),
        message_id: changed.message_id,
        user: Some(typed::user(user, View::default())),
        timestamp: event.occurred_at_ms / 1000,
    };
    addressed(caused(event, &user.uid, Frame::Receipt(body)), changed.receiver_type(), &changed.receiver)
}

fn reaction_frame(event: &Event, changed: &ReactionChanged) -> Option<pb::ServerFrame> {
    let reaction = changed.reaction.as_ref()?;
    let action = if changed.added { pb::ReactionAction::Added } else { pb::ReactionAction::Removed };
    let body = pb::Reaction {
        action: action.into(),
        conversation_id: changed.conversation_id.clone(),
        count: changed.count,
        parent_message_id: changed.parent_id,
        ..typed::reaction(reaction)
    };
    let frame = caused(event, &reaction.uid, Frame::Reaction(body));
    Some(addressed(frame, changed.receiver_type(), &changed.receiver))
}

/// It goes to its owner alone.
fn view_of(conversation: &Conversation) -> View<'_> {
    View { uid: Some(&conversation.owner_uid), ..View::default() }
}

fn conversation_frame(
    event: &Event,
    conversation: &Conversation,
    kind: fn(pb::Conversation) -> Frame,
) -> Option<pb::ServerFrame> {
    let body = typed::conversation(conversation, view_of(conversation))?;
    let frame = caused(event, &conversation.owner_uid, kind(body));
    Some(addressed(frame, conversation.with_type(), &conversation.with))
}

/// A user's own view of a conversation, as it is now.
fn changed_conversation(conversation: &Conversation) -> Option<pb::ServerFrame> {
    let view = View { with_sequence: true, ..view_of(conversation) };
    let frame = pb::ServerFrame {
        sender: conversation.owner_uid.clone(),
        frame: Some(Frame::ConversationChanged(typed::conversation(conversation, view)?)),
        ..Default::default()
    };
    Some(addressed(frame, conversation.with_type(), &conversation.with))
}

fn own_conversation_frame(event: &Event, changed: &OwnConversationChanged) -> Option<pb::ServerFrame> {
    let conversation = changed.conversation.as_ref()?;
    let (app_id, device_id) = (event.app_id.clone(), event.origin_device_id.clone());
    if !changed.left {
        return Some(pb::ServerFrame { app_id, device_id, ..changed_conversation(conversation)? });
    }
    let left = pb::ConversationLeft {
        conversation_id: conversation.conversation_id.clone(),
        hidden_before: conversation.hidden_before_sequence,
    };
    Some(pb::ServerFrame { app_id, device_id, frame: Some(Frame::ConversationLeft(left)), ..Default::default() })
}

/// Somebody who is there.
fn present(user: &User) -> pb::User {
    let online = HashSet::from([user.uid.clone()]);
    typed::user(user, View { online: Some(&online), ..View::default() })
}

fn typing_frame(event: &Event, changed: &TypingChanged) -> Option<pb::ServerFrame> {
    let user = changed.user.as_ref()?;
    let action = if changed.started { pb::TypingAction::Started } else { pb::TypingAction::Ended };
    let body = pb::Typing {
        action: action.into(),
        user: Some(present(user)),
        metadata_json: typed::json(&changed.metadata_json),
    };
    let frame = caused(event, &user.uid, Frame::Typing(body));
    Some(addressed(frame, changed.receiver_type(), &changed.receiver))
}

fn transient_frame(event: &Event, sent: &TransientSent) -> Option<pb::ServerFrame> {
    let user = sent.user.as_ref()?;
    let data_json = typed::json(&sent.data_json);
    if data_json.is_empty() {
        return None;
    }
    let body = pb::Transient { user: Some(present(user)), data_json };
    let frame = caused(event, &user.uid, Frame::Transient(body));
    Some(addressed(frame, sent.receiver_type(), &sent.receiver))
}

fn group_frame(event: &Event, changed: &GroupChanged) -> Option<pb::ServerFrame> {
    let group = changed.group.as_ref()?;
    let kind = match changed.kind() {
        ChangeKind::Created => Frame::GroupCreated,
        ChangeKind::Updated if !changed.old_owner.is_empty() => Frame::GroupOwnerChanged,
        ChangeKind::Updated => Frame::GroupUpdated,
        ChangeKind::Deleted => Frame::GroupDeleted,
        _ => return None,
    };
    // A deleted group does not say who deleted it.
    let sender = if changed.kind() == ChangeKind::Deleted { "" } else { &group.updated_by };
    let body = pb::GroupChange {
        group: Some(typed::group(group, true)),
        old_owner: changed.old_owner.clone(),
        timestamp: event.occurred_at_ms / 1000,
    };
    Some(addressed(caused(event, sender, kind(body)), ReceiverType::Group, &group.guid))
}

fn presence_frame(event: &Event, changed: &PresenceChanged) -> Option<pb::ServerFrame> {
    let user = changed.user.as_ref()?;
    let action = if changed.online { pb::PresenceAction::Online } else { pb::PresenceAction::Offline };
    let shown = if changed.online { present(user) } else { typed::user(user, View::default()) };
    let body = pb::Presence { action: action.into(), user: Some(shown), timestamp: event.occurred_at_ms / 1000 };
    Some(pb::ServerFrame { device_id: String::new(), ..caused(event, &user.uid, Frame::Presence(body)) })
}

fn signal_frame(event: &Event, signal: &CallSignaled) -> Option<pb::ServerFrame> {
    let action = match signal.kind() {
        CallSignalKind::Joined => pb::CallAction::Joined,
        CallSignalKind::Left => pb::CallAction::Left,
        CallSignalKind::Offer => pb::CallAction::Offer,
        CallSignalKind::Answer => pb::CallAction::Answer,
        CallSignalKind::Candidate => pb::CallAction::Candidate,
        CallSignalKind::Bye => pb::CallAction::Bye,
        CallSignalKind::Unspecified => return None,
    };
    let data_json = typed::json(&signal.data_json);
    if data_json.is_empty() != signal.data_json.is_empty() {
        return None;
    }
    let body = pb::CallSignal {
        action: action.into(),
        session_id: signal.session_id.clone(),
        from: Some(pb::Peer { uid: signal.uid.clone(), device_id: event.origin_device_id.clone() }),
        data_json,
        ..Default::default()
    };
    Some(addressed(caused(event, &signal.uid, Frame::CallSignal(body)), ReceiverType::User, &signal.to_uid))
}

/// With one allocation.
fn bytes(frame: &pb::ServerFrame) -> Bytes {
    frame.encode_to_vec().into()
}
