//! Conversations.

use halley_contracts::{
    groups::v1::Member,
    messaging::v1::{Conversation, ReceiverType, conversation::WithEntity},
};
use serde::{Serialize, Serializer, ser::SerializeMap as _};

use crate::{
    group::GroupJson,
    message::{MessageJson, receiver_word},
    user::{BlockState, UserJson},
    view::{Seconds, View},
};

/// A user's view of a conversation.
pub struct ConversationJson<'a> {
    /// Which.
    pub conversation: &'a Conversation,
    /// Through whose eyes.
    pub view: View<'a>,
    /// An empty list of tags is shown, too.
    pub with_tags: bool,
    /// How the viewer and the other user stand to each other, if that was asked for.
    pub blocks: BlockState,
    /// The viewer's place in the group, where it is known.
    pub own: Option<&'a Member>,
}

impl Serialize for ConversationJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let conversation = self.conversation;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("conversationId", &conversation.conversation_id)?;
        map.serialize_entry("conversationType", receiver_word(conversation.with_type()))?;
        // One page types it as a number; every example, and so every client, has a string.
        map.serialize_entry("unreadMessageCount", &conversation.unread_count.to_string())?;
        map.serialize_entry("unreadMentionsCount", &conversation.unread_mentions_count)?;
        let ids = [
            ("lastReadMessageId", conversation.last_read_message_id),
            ("lastDeliveredMessageId", conversation.last_delivered_message_id),
            ("latestMessageId", conversation.latest_message_id),
        ];
        for (key, id) in ids {
            if id != 0 {
                map.serialize_entry(key, &id.to_string())?;
            }
        }
        if self.with_tags || !conversation.tags.is_empty() {
            map.serialize_entry("tags", &conversation.tags)?;
        }
        if conversation.pinned_at_ms != 0 {
            map.serialize_entry("pinnedAt", &Seconds(conversation.pinned_at_ms))?;
            map.serialize_entry("pinnedBy", &conversation.pinned_by)?;
        }
        if self.view.with_sequence && conversation.hidden_before_sequence != 0 {
            map.serialize_entry("hiddenBefore", &conversation.hidden_before_sequence)?;
        }
        // One that is pinned before anything is said in it has no times yet.
        for (key, at) in [("createdAt", conversation.created_at_ms), ("updatedAt", conversation.updated_at_ms)] {
            if at != 0 {
                map.serialize_entry(key, &Seconds(at))?;
            }
        }
        if self.view.uid.is_none() && !conversation.owner_uid.is_empty() {
            map.serialize_entry("uid", &conversation.owner_uid)?;
        }
        // Clients break on an empty one, so none is left out.
        if let Some(message) = &conversation.last_message {
            let view = View { with_tags: false, ..self.view };
            map.serialize_entry("lastMessage", &MessageJson { message, view })?;
        }
        let owner = View { uid: Some(&conversation.owner_uid), ..self.view };
        match &conversation.with_entity {
            Some(WithEntity::WithUser(user)) => {
                let user = UserJson { blocks: self.blocks, ..UserJson::new(user, owner) };
                map.serialize_entry("conversationWith", &user)?;
            }
            Some(WithEntity::WithGroup(group)) => {
                let with_tags = self.view.with_tags;
                let group = GroupJson { joined_by_all: true, with_tags, ..GroupJson::new(group, self.own) };
                map.serialize_entry("conversationWith", &group)?;
            }
            None => {
                let key = if conversation.with_type() == ReceiverType::Group { "guid" } else { "uid" };
                map.serialize_entry(
                    "conversationWith",
                    &std::collections::BTreeMap::from([(key, &conversation.with)]),
                )?;
            }
        }
        map.end()
    }
}
