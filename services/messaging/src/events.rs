//! Which events are published where.

use halley_bus::{Channel, outbox::Entry};
use halley_contracts::{
    events::v1::{
        ConversationPinChanged, MessageModerated, MessageSent, OwnConversationChanged, OwnViewUntold, PinChanged,
        ReactionChanged, ReceiptChanged, SaveChanged, UnreadChanged, event::Body,
    },
    messaging::v1::{Conversation, Message},
};
use halley_model::ConversationKey;

use crate::domain::{self, action::Presence, new_message::NewMessage};

/// A stored message: one publish for a group, however many its members; both users' channels for a direct one.
pub(crate) fn message_sent(new: &NewMessage, message: Message) -> Entry {
    let mut channels = everybody(&new.app_id, &new.key);
    // Who was removed is out of the group's channel by now, and must still be told; who came in may not be in it yet.
    if let Some(membership) = &new.membership
        && membership.presence != Presence::Unchanged
    {
        channels.push(Channel::user(&new.app_id, &membership.uid));
    }
    let device_id = message.device_id.clone();
    let event = halley_bus::event(&new.app_id, &device_id, Body::MessageSent(MessageSent { message: Some(message) }));
    Entry { event, channels, durable: true }
}

/// A receipt: to the other side, which is the sender of the message at the watermark, and to the user's own devices. In
/// a group also to `senders` of other messages that it covers.
pub(crate) fn receipt(
    app_id: &str,
    device_id: &str,
    key: &ConversationKey,
    uid: &str,
    senders: &[String],
    changed: ReceiptChanged,
) -> Entry {
    let mut channels = match key {
        ConversationKey::Direct(..) => both(app_id, key.counterpart(uid), uid),
        ConversationKey::Group(_) => both(app_id, &changed.message_sender, uid),
    };
    let others = senders.iter().filter(|sender| **sender != changed.message_sender && *sender != uid);
    channels.extend(others.map(|sender| Channel::user(app_id, sender)));
    Entry { event: halley_bus::event(app_id, device_id, Body::ReceiptChanged(changed)), channels, durable: true }
}

/// What everybody in a group received or read: to the sender of the message at the watermark.
pub(crate) fn receipt_of_all(app_id: &str, changed: ReceiptChanged) -> Entry {
    let channels = vec![Channel::user(app_id, &changed.message_sender)];
    Entry { event: halley_bus::event(app_id, "", Body::ReceiptChanged(changed)), channels, durable: false }
}

/// A count of unread messages that no receipt tells of: to the user's own devices.
pub(crate) fn unread(app_id: &str, device_id: &str, uid: &str, conversation: Conversation) -> Entry {
    let body = Body::UnreadChanged(UnreadChanged { conversation: Some(conversation) });
    let channels = vec![Channel::user(app_id, uid)];
    Entry { event: halley_bus::event(app_id, device_id, body), channels, durable: false }
}

/// A conversation that a user tagged, or whose messages a user hid: to the user's own devices.
pub(crate) fn own_conversation(app_id: &str, device_id: &str, uid: &str, changed: OwnConversationChanged) -> Entry {
    let channels = vec![Channel::user(app_id, uid)];
    let event = halley_bus::event(app_id, device_id, Body::OwnConversationChanged(changed));
    Entry { event, channels, durable: false }
}

/// That a change of a user's own view of conversations may not have been told: to the user's own devices.
pub(crate) fn own_view_untold(app_id: &str, uid: &str) -> Entry {
    let event = halley_bus::event(app_id, "", Body::OwnViewUntold(OwnViewUntold {}));
    Entry { event, channels: vec![Channel::user(app_id, uid)], durable: false }
}

/// A reaction that was added or taken back: to everybody in the conversation.
pub(crate) fn reaction(app_id: &str, device_id: &str, key: &ConversationKey, changed: ReactionChanged) -> Entry {
    let event = halley_bus::event(app_id, device_id, Body::ReactionChanged(changed));
    Entry { event, channels: everybody(app_id, key), durable: true }
}

/// A message that was pinned or unpinned: to everybody in the conversation.
pub(crate) fn pin(app_id: &str, device_id: &str, key: &ConversationKey, message: Message, pinned: bool) -> Entry {
    let body = Body::PinChanged(PinChanged { pinned, message: Some(message) });
    Entry { event: halley_bus::event(app_id, device_id, body), channels: everybody(app_id, key), durable: true }
}

/// A message that a moderator decided about: to everybody in the conversation.
pub(crate) fn moderated(app_id: &str, key: &ConversationKey, message: Message) -> Entry {
    let body = Body::MessageModerated(MessageModerated {
        shown_to_others: Some(domain::moderation::withheld(message.clone())),
        message: Some(message),
    });
    Entry { event: halley_bus::event(app_id, "", body), channels: everybody(app_id, key), durable: true }
}

/// A message that a user saved, or forgot that: to the user's own devices.
pub(crate) fn save(app_id: &str, device_id: &str, uid: &str, message: Message, saved: bool) -> Entry {
    let body = Body::SaveChanged(SaveChanged { saved, uid: uid.to_owned(), message: Some(message) });
    let channels = vec![Channel::user(app_id, uid)];
    Entry { event: halley_bus::event(app_id, device_id, body), channels, durable: true }
}

/// A conversation that a user pinned or unpinned: to the user's own devices.
pub(crate) fn conversation_pin(
    app_id: &str,
    device_id: &str,
    uid: &str,
    conversation: Conversation,
    pinned: bool,
) -> Entry {
    let body = Body::ConversationPinChanged(ConversationPinChanged { pinned, conversation: Some(conversation) });
    let channels = vec![Channel::user(app_id, uid)];
    Entry { event: halley_bus::event(app_id, device_id, body), channels, durable: true }
}

/// One channel for a group, both users' for a direct conversation.
fn everybody(app_id: &str, key: &ConversationKey) -> Vec<Channel> {
    match key {
        ConversationKey::Group(guid) => vec![Channel::group(app_id, guid)],
        ConversationKey::Direct(a, b) => both(app_id, a, b),
    }
}

fn both(app_id: &str, a: &str, b: &str) -> Vec<Channel> {
    let mut channels = vec![Channel::user(app_id, a)];
    if a != b {
        channels.push(Channel::user(app_id, b));
    }
    channels
}
