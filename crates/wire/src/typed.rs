//! The same entities in typed fields, for frames in binary form. Who sees what is decided as for JSON; only keys that come
//! in no frame have no field.

use halley_contracts::{
    client::v1 as pb,
    groups::v1::{Group, GroupType},
    identity::v1::User,
    messaging::v1::{
        Conversation, Message, MessageCategory, Reaction, ReceiverType, conversation::WithEntity,
        message::ReceiverEntity,
    },
};
use halley_model::{ConversationKey, DEFAULT_ROLE};
use serde::Serialize;

use crate::{
    call::ToldCall,
    message::Data,
    user::{metadata, name},
    view::{View, conversation_id_of, object_or_none},
};

/// What a receiver is.
pub fn receiver_type(kind: ReceiverType) -> pb::ReceiverType {
    if kind == ReceiverType::Group { pb::ReceiverType::Group } else { pb::ReceiverType::User }
}

/// A user.
pub fn user(user: &User, view: View<'_>) -> pb::User {
    let conversation_id = match view.uid {
        Some(viewer) if viewer != user.uid => conversation_id_of(viewer, &user.uid),
        _ => String::new(),
    };
    pb::User {
        uid: user.uid.clone(),
        name: name(user).to_owned(),
        avatar: user.avatar.clone(),
        link: user.link.clone(),
        status_message: user.status_message.clone(),
        role: if user.role.is_empty() { DEFAULT_ROLE.to_owned() } else { user.role.clone() },
        online: view.is_online(&user.uid),
        metadata_json: metadata(&user.metadata_json, view.app_side)
            .map(|json| json.get().as_bytes().to_vec())
            .unwrap_or_default(),
        last_active_at: user.last_active_at_ms / 1000,
        created_at: user.created_at_ms / 1000,
        updated_at: user.updated_at_ms / 1000,
        deactivated_at: user.deactivated_at_ms / 1000,
        conversation_id,
    }
}

/// A group as its members see it.
pub fn group(group: &Group, with_tags: bool) -> pb::Group {
    let kind = match group.r#type() {
        GroupType::Password => pb::GroupType::Password,
        GroupType::Private => pb::GroupType::Private,
        GroupType::Public | GroupType::Unspecified => pb::GroupType::Public,
    };
    pb::Group {
        guid: group.guid.clone(),
        name: group.name.clone(),
        description: group.description.clone(),
        icon: group.icon.clone(),
        r#type: kind.into(),
        owner: group.owner.clone(),
        metadata_json: json(&group.metadata_json),
        tags: if with_tags { group.tags.clone() } else { Vec::new() },
        members_count: group.members_count,
        conversation_id: ConversationKey::group(&group.guid).public(),
        created_at: group.created_at_ms / 1000,
        updated_at: group.updated_at_ms / 1000,
        updated_by: group.updated_by.clone(),
    }
}

/// A reaction that came, or went, in a conversation.
pub fn reaction(reaction: &Reaction) -> pb::Reaction {
    let unknown = unknown(&reaction.uid);
    pb::Reaction {
        id: reaction.id,
        message_id: reaction.message_id,
        reaction: reaction.reaction.clone(),
        uid: reaction.uid.clone(),
        reacted_at: reaction.reacted_at_ms / 1000,
        reacted_by: Some(user(reaction.user.as_ref().unwrap_or(&unknown), View::default())),
        ..Default::default()
    }
}

/// A message. `None`: it can't be written.
pub fn message(message: &Message, view: View<'_>) -> Option<pb::Message> {
    // In a one-to-one message only the receiver carries the conversation's id.
    let bare = View { uid: None, ..view };
    let on = match (message.category(), &message.action_on_message, &message.action_on) {
        (MessageCategory::Call, ..) => Some(pb::message::On::OnCallJson(text(&ToldCall { message, view })?)),
        (_, Some(target), _) => Some(pb::message::On::OnMessage(Box::new(self::message(target, view)?))),
        (_, None, Some(on)) => Some(pb::message::On::OnUser(user(on, bare))),
        (_, None, None) => None,
    };
    let quoted = match &message.quoted_message {
        Some(quoted) => Some(Box::new(self::message(quoted, view)?)),
        None => None,
    };
    let sender = match &message.sender {
        Some(sender) => user(sender, bare),
        None => user(&unknown(&message.sender_uid), bare),
    };
    Some(pb::Message {
        id: message.id,
        muid: message.muid.clone(),
        conversation_id: message.conversation_id.clone(),
        sender: message.sender_uid.clone(),
        receiver_type: receiver_type(message.receiver_type()).into(),
        receiver: message.receiver.clone(),
        category: category(message.category()).into(),
        r#type: message.r#type.clone(),
        data_json: text(&Data { message, view, with_entities: false })?,
        sent_at: message.sent_at_ms / 1000,
        updated_at: message.updated_at_ms / 1000,
        sequence: view.with_sequence.then_some(message.sequence),
        sender_user: Some(sender),
        receiver_entity: Some(receiver(message, bare)),
        on,
        delivered_at: message.delivered_at_ms / 1000,
        read_at: message.read_at_ms / 1000,
        edited_at: message.edited_at_ms / 1000,
        edited_by: message.edited_by.clone(),
        deleted_at: message.deleted_at_ms / 1000,
        deleted_by: message.deleted_by.clone(),
        pinned_at: message.pinned_at_ms / 1000,
        pinned_by: message.pinned_by.clone(),
        saved_at: message.saved_at_ms / 1000,
        tags: message.tags.clone(),
        parent_id: message.parent_id,
        reply_count: message.reply_count,
        unread_replies_count: message.unread_reply_count,
        own_delivered_at: message.own_delivered_at_ms / 1000,
        own_read_at: message.own_read_at_ms / 1000,
        thread_subscribed: message.thread_subscribed,
        quoted_message_id: message.quoted_message_id,
        quoted_message: quoted,
    })
}

fn receiver(message: &Message, bare: View<'_>) -> pb::message::ReceiverEntity {
    use pb::message::ReceiverEntity as To;
    match &message.receiver_entity {
        Some(ReceiverEntity::ReceiverGroup(known)) => To::ReceiverGroup(group(known, false)),
        Some(ReceiverEntity::ReceiverUser(known)) => {
            To::ReceiverUser(user(known, View { uid: Some(&message.sender_uid), ..bare }))
        }
        None if message.receiver_type() == ReceiverType::Group => {
            To::ReceiverGroup(group(&Group { guid: message.receiver.clone(), ..Default::default() }, false))
        }
        None => To::ReceiverUser(user(&unknown(&message.receiver), bare)),
    }
}

/// A user's own view of a conversation. `None`: it can't be written.
pub fn conversation(conversation: &Conversation, view: View<'_>) -> Option<pb::Conversation> {
    let last_message = match &conversation.last_message {
        Some(last) => Some(message(last, view)?),
        None => None,
    };
    let owner = View { uid: Some(&conversation.owner_uid), ..view };
    let with = conversation.with_entity.as_ref().map(|with| match with {
        WithEntity::WithUser(known) => pb::conversation::ConversationWith::WithUser(user(known, owner)),
        WithEntity::WithGroup(known) => pb::conversation::ConversationWith::WithGroup(group(known, false)),
    });
    let is_pinned = conversation.pinned_at_ms != 0;
    Some(pb::Conversation {
        conversation_id: conversation.conversation_id.clone(),
        conversation_type: receiver_type(conversation.with_type()).into(),
        unread_message_count: conversation.unread_count,
        unread_mentions_count: conversation.unread_mentions_count,
        last_read_message_id: conversation.last_read_message_id,
        last_delivered_message_id: conversation.last_delivered_message_id,
        latest_message_id: conversation.latest_message_id,
        tags: conversation.tags.clone(),
        pinned_at: conversation.pinned_at_ms / 1000,
        pinned_by: if is_pinned { conversation.pinned_by.clone() } else { String::new() },
        created_at: conversation.created_at_ms / 1000,
        updated_at: conversation.updated_at_ms / 1000,
        last_message,
        conversation_with: with,
        hidden_before: if view.with_sequence { conversation.hidden_before_sequence } else { 0 },
    })
}

/// Stored JSON, or nothing.
pub fn json(stored: &str) -> Vec<u8> {
    object_or_none(stored).map(|json| json.get().as_bytes().to_vec()).unwrap_or_default()
}

fn category(category: MessageCategory) -> pb::Category {
    match category {
        MessageCategory::Custom => pb::Category::Custom,
        MessageCategory::Interactive => pb::Category::Interactive,
        MessageCategory::Action => pb::Category::Action,
        MessageCategory::Call => pb::Category::Call,
        MessageCategory::Card => pb::Category::Card,
        MessageCategory::Message | MessageCategory::Unspecified => pb::Category::Message,
    }
}

/// What is not known any more is shown by its id.
fn unknown(uid: &str) -> User {
    User { uid: uid.to_owned(), ..Default::default() }
}

fn text(value: &impl Serialize) -> Option<Vec<u8>> {
    serde_json::to_vec(value).ok()
}
