use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::peer_path;
use crate::chat::Audience;
use crate::message::Id;
use crate::request::{List, Request, Walk, filters, plain_cursor};
use crate::{
    ApiClient, ChatEvent, ClientError, Conversation, ConversationChange, ConversationEvent, Receiver, UnreadCount,
};

/// The list of conversations.
pub struct ConversationsList;

impl List for ConversationsList {
    type Row = Conversation;
}

filters! { ConversationsList {
    /// `user` or `group`.
    kind: text => "conversationType",
    /// Those with unread messages.
    unread: flag => "unread",
    /// With one of these tags.
    tags: list => "tags",
    /// With users who have one of these tags.
    user_tags: list => "userTags",
    /// Of groups that have one of these tags.
    group_tags: list => "groupTags",
    /// Shows tags.
    with_tags: flag => "withTags",
    /// The beginning of the other end's name.
    search: text => "searchKey",
    /// Pinned ones: by `me`, by the `system`.
    pinned_by: list => "pinnedBy",
    /// Also those with blocked users.
    include_blocked: flag => "includeBlockedUsers",
    /// Shows who blocked whom.
    with_blocked_info: flag => "withBlockedInfo",
}}

/// The logged-in user's conversations; made by [`crate::HalleyChat::conversations`].
pub struct Conversations<'a> {
    pub(crate) api: &'a ApiClient,
    pub(crate) audience: &'a Audience,
}

impl Conversations<'_> {
    /// Conversations, pinned ones first, then by their last message.
    pub fn list(&self) -> Request<ConversationsList> {
        Request::new(self.api, "/conversations", Walk::cursor(plain_cursor))
    }

    /// The conversation with a user, or of a group.
    pub async fn get(&self, peer: &Receiver) -> Result<Conversation, ClientError> {
        self.api.read_data(&path(peer), &[]).await
    }

    /// Replaces the tags that the user gave a conversation.
    pub async fn set_tags(&self, peer: &Receiver, tags: &[&str]) -> Result<Conversation, ClientError> {
        let body = json!({"tags": tags});
        let changed = self.api.call_data(Method::PUT, &path(peer), &[], Some(&body)).await?;
        Ok(self.changed(ConversationChange::Other, changed))
    }

    /// Deletes a conversation for the logged-in user alone.
    pub async fn delete(&self, peer: &Receiver) -> Result<(), ClientError> {
        self.api.call(Method::DELETE, &path(peer), &[], None).await.map(drop)
    }

    /// Pins a conversation to the top of the user's list.
    pub async fn pin(&self, peer: &Receiver) -> Result<Conversation, ClientError> {
        let path = format!("{}/pin", path(peer));
        Ok(self.changed(ConversationChange::Pinned, self.api.call_data(Method::POST, &path, &[], None).await?))
    }

    /// Pins a conversation no longer.
    pub async fn unpin(&self, peer: &Receiver) -> Result<Conversation, ClientError> {
        let path = format!("{}/pin", path(peer));
        Ok(self.changed(ConversationChange::Unpinned, self.api.call_data(Method::DELETE, &path, &[], None).await?))
    }

    /// Tells of a change as its frame does, which comes only while there is a socket.
    fn changed(&self, change: ConversationChange, conversation: Conversation) -> Conversation {
        let told = ConversationEvent { change, conversation: conversation.clone() };
        self.audience.tell(ChatEvent::ConversationChanged(Box::new(told)));
        conversation
    }

    /// Marks everything up to a message as read; up to the newest without one.
    pub async fn mark_read(&self, peer: &Receiver, message_id: Option<u64>) -> Result<(), ClientError> {
        self.api.mark_read(peer, message_id).await
    }

    /// Marks everything up to a message as delivered; up to the newest without one.
    pub async fn mark_delivered(&self, peer: &Receiver, message_id: Option<u64>) -> Result<(), ClientError> {
        self.api.mark_delivered(peer, message_id).await
    }

    /// Marks everything after a message as unread; that message itself stays read.
    pub async fn mark_unread(&self, peer: &Receiver, after_message_id: u64) -> Result<Conversation, ClientError> {
        let body = json!({"messageId": after_message_id.to_string()});
        let answer: Value =
            self.api.call_data(Method::DELETE, &format!("{}/read", path(peer)), &[], Some(&body)).await?;
        Ok(self.changed(ConversationChange::Unread, Conversation::from(answer["conversation"].clone())))
    }

    /// How many messages are unread, of each conversation that has any.
    pub async fn unread_counts(&self) -> Result<Vec<UnreadCount>, ClientError> {
        self.api.read_data("/messages", &[("unread", "1"), ("count", "1")]).await
    }
}

fn path(peer: &Receiver) -> String {
    format!("{}/conversation", peer_path(peer))
}

impl ApiClient {
    /// One page of the user's conversations, newest first; pages count from 1.
    pub async fn list_conversations(&self, page: u32, per_page: u32) -> Result<Vec<Value>, ClientError> {
        let (page, per_page) = (page.to_string(), per_page.to_string());
        // Users and API keys spell the page size differently; each side ignores the other's.
        let size = if self.is_user() { "per_page" } else { "perPage" };
        let query = [(size, per_page.as_str()), ("page", page.as_str())];
        self.call_data(Method::GET, "/conversations", &query, None).await
    }

    /// The conversation with a user or of a group.
    pub async fn get_conversation(&self, peer: &Receiver) -> Result<Value, ClientError> {
        let path = format!("{}/conversation", peer_path(peer));
        self.call_data(Method::GET, &path, &[], None).await
    }

    /// How many unread messages wait, for each peer that has any.
    pub async fn count_unread(&self) -> Result<Vec<(Receiver, u64)>, ClientError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Count {
            entity_type: String,
            entity_id: String,
            count: Id,
        }
        let query = [("unread", "1"), ("count", "1")];
        let counts: Vec<Count> = self.call_data(Method::GET, "/messages", &query, None).await?;
        let pair = |count: Count| (Receiver::from_wire(&count.entity_type, &count.entity_id), count.count.0);
        Ok(counts.into_iter().map(pair).collect())
    }

    /// Marks as read, up to a message or all.
    pub async fn mark_read(&self, peer: &Receiver, up_to: Option<u64>) -> Result<(), ClientError> {
        self.mark(peer, "read", up_to).await
    }

    /// Marks as delivered, up to a message or all.
    pub async fn mark_delivered(&self, peer: &Receiver, up_to: Option<u64>) -> Result<(), ClientError> {
        self.mark(peer, "delivered", up_to).await
    }

    async fn mark(&self, peer: &Receiver, what: &str, up_to: Option<u64>) -> Result<(), ClientError> {
        let path = format!("{}/conversation/{what}", peer_path(peer));
        let body = up_to.map_or_else(|| json!({}), |id| json!({"messageId": id}));
        self.call(Method::POST, &path, &[], Some(&body)).await.map(drop)
    }
}
