use http::Method;
use serde_json::{Value, json};

use super::{peer_path, segment};
use crate::chat::Audience;
use crate::outbox::Outbox;
use crate::request::{List, Request, Walk, filters, next_cursor};
use crate::{
    ApiClient, ChangeKind, ChatEvent, ClientError, Draft, Message, MessageAction, MessageChange, MessageReceipt,
    OutgoingMessage, Queued, Reaction, Receiver,
};

/// On which side of the cursor a page lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Affix {
    /// After it: newer messages.
    Append,
    /// Before it: older messages; without a cursor the newest.
    Prepend,
}

/// Which page of a history is wanted.
#[derive(Clone, Debug)]
pub struct MessagePage {
    /// Before or after the cursor.
    pub affix: Affix,
    /// The cursor, not itself in the page.
    pub id: Option<u64>,
    /// At most this many rows (100 for a user, 1,000 for an API key).
    pub limit: u32,
    /// Asks for each message's position; a server without that addition ignores it.
    pub with_sequence: bool,
}

impl MessagePage {
    /// What came after a message.
    pub fn after(id: u64, limit: u32) -> Self {
        Self { affix: Affix::Append, id: Some(id), limit, with_sequence: false }
    }

    /// What came before a message.
    pub fn before(id: u64, limit: u32) -> Self {
        Self { affix: Affix::Prepend, id: Some(id), limit, with_sequence: false }
    }

    /// The newest messages.
    pub fn newest(limit: u32) -> Self {
        Self { affix: Affix::Prepend, id: None, limit, with_sequence: false }
    }

    /// The same page with each message's position.
    pub fn with_sequence(mut self) -> Self {
        self.with_sequence = true;
        self
    }

    fn query(&self, user: bool) -> Vec<(&'static str, String)> {
        let affix = match self.affix {
            Affix::Append => "append",
            Affix::Prepend => "prepend",
        };
        // The two kinds of callers name the page size differently.
        let size = if user { "per_page" } else { "limit" };
        let mut query = vec![(size, self.limit.to_string()), ("affix", affix.into())];
        if let Some(id) = self.id {
            query.push(("id", id.to_string()));
        }
        if self.with_sequence {
            query.push(("withSequence", "1".into()));
        }
        query
    }
}

impl ApiClient {
    /// Sends a text. Repeating the call with the same muid returns the first message again.
    pub async fn send_message(&self, receiver: &Receiver, text: &str, muid: &str) -> Result<Message, ClientError> {
        self.post_message(&text_body(receiver, text, muid)).await
    }

    /// Sends a text into the thread of a message.
    pub async fn send_reply(
        &self,
        parent_id: u64,
        receiver: &Receiver,
        text: &str,
        muid: &str,
    ) -> Result<Message, ClientError> {
        let path = format!("/messages/{parent_id}/thread");
        self.call_data(Method::POST, &path, &[], Some(&text_body(receiver, text, muid))).await
    }

    /// Sends a message of any category; the body is the protocol's.
    pub async fn post_message(&self, body: &Value) -> Result<Message, ClientError> {
        self.call_data(Method::POST, "/messages", &[], Some(body)).await
    }

    /// One message.
    pub async fn get_message(&self, id: u64) -> Result<Message, ClientError> {
        self.call_data(Method::GET, &format!("/messages/{id}"), &[], None).await
    }

    /// Changes a text; returns the action message.
    pub async fn edit_message(&self, id: u64, text: &str) -> Result<Message, ClientError> {
        let body = json!({"data": {"text": text}});
        self.call_data(Method::PUT, &format!("/messages/{id}"), &[], Some(&body)).await
    }

    /// Deletes a message; returns the action message.
    pub async fn delete_message(&self, id: u64) -> Result<Message, ClientError> {
        self.call_data(Method::DELETE, &format!("/messages/{id}"), &[], Some(&json!({"id": id.to_string()}))).await
    }

    /// Adds a reaction; returns the message.
    pub async fn add_reaction(&self, id: u64, reaction: &str) -> Result<Message, ClientError> {
        let path = format!("/messages/{id}/reactions/{}", segment(reaction));
        self.call_data(Method::POST, &path, &[], Some(&json!({}))).await
    }

    /// A page of the history with a user or of a group, oldest first. An API key acts for a user here.
    pub async fn list_messages(&self, peer: &Receiver, page: &MessagePage) -> Result<Vec<Message>, ClientError> {
        let path = format!("{}/messages", peer_path(peer));
        let query = page.query(self.is_user());
        let query: Vec<_> = query.iter().map(|(key, value)| (*key, value.as_str())).collect();
        self.call_data(Method::GET, &path, &query, None).await
    }

    /// Every message of a conversation after a message (0: from the start), page by page.
    pub async fn list_all_after(&self, peer: &Receiver, id: u64) -> Result<Vec<Message>, ClientError> {
        let mut all: Vec<Message> = Vec::new();
        loop {
            let after = all.last().map_or(id, |message| message.id);
            let page = self.list_messages(peer, &MessagePage::after(after, 100).with_sequence()).await?;
            let Some(last) = page.last() else {
                return Ok(all);
            };
            if last.id <= after {
                return Err(ClientError::Shape(format!("a page after {after} ends with {}", last.id)));
            }
            all.extend(page);
        }
    }
}

/// The list of messages, which grows at both ends.
pub struct MessagesList;

impl List for MessagesList {
    type Row = Message;
}

filters! { MessagesList {
    /// Messages with these words.
    search: text => "searchKey",
    /// `message`, `custom`, `interactive`, `action`, `call`, `card`.
    categories: list => "categories",
    /// `text`, `image`, `groupMember` and so on.
    types: list => "types",
    /// With one of these tags.
    tags: list => "tags",
    /// With files of these types.
    attachment_types: list => "attachmentTypes",
    /// That mention one of these users.
    mentioned_uids: list => "mentionedUids",
    /// That mention the logged-in user.
    my_mentions_only: flag => "myMentionsOnly",
    /// By these users.
    senders: list => "senders",
    /// With links.
    has_links: flag => "hasLinks",
    /// With mentions.
    has_mentions: flag => "hasMentions",
    /// With files.
    has_attachments: flag => "hasAttachments",
    /// With reactions.
    has_reactions: flag => "hasReactions",
    /// Leaves replies in threads out.
    hide_replies: flag => "hideReplies",
    /// Leaves deleted ones out.
    hide_deleted: flag => "hideDeleted",
    /// Leaves those of blocked users out.
    hide_from_blocked: flag => "hideMessagesFromBlockedUsers",
    /// Leaves those that quote another out.
    hide_quoted: flag => "hideQuotedMessages",
    /// Unread ones.
    unread: flag => "unread",
    /// Pinned ones.
    pinned: flag => "pinned",
    /// Saved ones.
    saved: flag => "saved",
    /// Changed after this time, in Unix seconds.
    updated_after: number => "updatedAt",
    /// With `updated_after`: leaves new ones out.
    only_updates: flag => "onlyUpdates",
    /// Interactive ones whose goal is reached.
    only_interaction_goal_completed: flag => "onlyInteractionGoalCompleted",
    /// Shows each message's place in its conversation.
    with_sequence: flag => "withSequence",
    /// Shows whether the logged-in user is subscribed to each message's thread.
    with_thread_subscribed: flag => "withThreadSubscribed",
}}

/// The list of reactions to a message.
pub struct ReactionsList;

impl List for ReactionsList {
    type Row = Reaction;
}

/// Messages: reading, sending, changing; made by [`crate::HalleyChat::messages`].
pub struct Messages<'a> {
    pub(crate) api: &'a ApiClient,
    pub(crate) outbox: &'a Outbox,
    pub(crate) audience: &'a Audience,
}

impl Messages<'_> {
    /// One message.
    pub async fn get(&self, id: u64) -> Result<Message, ClientError> {
        self.api.read_data(&path(id), &[("withThreadSubscribed", "1")]).await
    }

    /// Who received and read a message.
    pub async fn receipts(&self, id: u64) -> Result<Vec<MessageReceipt>, ClientError> {
        let answer: Value = self.api.read_data(&path(id), &[]).await?;
        let rows = answer["receipts"]["data"].as_array();
        Ok(rows.into_iter().flatten().map(MessageReceipt::from).collect())
    }

    /// Messages of all conversations.
    pub fn list(&self) -> Request<MessagesList> {
        self.at("/messages".into())
    }

    /// Messages with a user or of a group.
    pub fn list_with(&self, peer: &Receiver) -> Request<MessagesList> {
        self.at(format!("{}/messages", peer_path(peer)))
    }

    /// The replies to a message.
    pub fn list_thread(&self, parent_id: u64) -> Request<MessagesList> {
        self.at(format!("/messages/{parent_id}/thread"))
    }

    fn at(&self, path: String) -> Request<MessagesList> {
        Request::new(self.api, path, Walk::ends())
    }

    /// Sends a text and waits until it is stored.
    pub async fn send_text(&self, peer: &Receiver, text: &str) -> Result<Message, ClientError> {
        self.send(Draft::text(peer, text)).await
    }

    /// Sends a message of any kind and waits until it is stored, or refused, or given up; as [`Messages::queue`]. Who waits no
    /// longer does not take it back.
    pub async fn send(&self, draft: Draft) -> Result<Message, ClientError> {
        self.queue(draft).await?.stored().await
    }

    /// Takes a message into the outbox, from where it is sent; once this is answered it is in the settings' storage.
    ///
    /// It goes over the socket while that is up, else over HTTP, and behind those of its conversation that were taken in
    /// before it. Its files are uploaded first. While the server can't be reached it waits. A refusal that may end is tried
    /// again, after as long as the server says, 10 times; then it fails with [`ClientError::GivenUp`]. Every try has the same
    /// muid, so it is stored once. What failed is among [`Messages::outgoing`] until it is thrown away or tried again.
    ///
    /// A clone of a draft that is under way is the same message, and shares its fate. At most 1,000 messages can wait.
    pub async fn queue(&self, draft: Draft) -> Result<Queued, ClientError> {
        self.outbox.queue(draft).await
    }

    /// The user's messages that wait to be sent, or failed, in the order of their making.
    pub fn outgoing(&self) -> Vec<OutgoingMessage> {
        self.outbox.messages()
    }

    /// Tries a failed message again, behind what its conversation sends meanwhile. `None`: none of that muid failed.
    pub async fn retry(&self, muid: &str) -> Option<Result<Queued, ClientError>> {
        self.outbox.retry(muid).await
    }

    /// Throws a failed message away, or takes back one that waits. False: there is none, or the server may be storing it
    /// just now. One whose answer was lost may be stored all the same.
    pub async fn discard(&self, muid: &str) -> bool {
        self.outbox.discard(muid).await
    }

    /// Changes a text; gives the message as it is then.
    pub async fn edit(&self, id: u64, text: &str) -> Result<Message, ClientError> {
        self.update(id, &json!({"data": {"text": text}})).await
    }

    /// Changes any part of a message: `{data: {text, customData, metadata}, tags}`.
    pub async fn update(&self, id: u64, body: &Value) -> Result<Message, ClientError> {
        let answer = self.api.call_data(Method::PUT, &path(id), &[], Some(body)).await?;
        Ok(self.changed(ChangeKind::Edited, acted(answer)))
    }

    /// Deletes a message; it keeps its place and loses its content.
    pub async fn delete(&self, id: u64) -> Result<Message, ClientError> {
        Ok(self.changed(ChangeKind::Deleted, acted(self.api.delete_message(id).await?)))
    }

    /// Reacts to a message.
    pub async fn react(&self, id: u64, reaction: &str) -> Result<Message, ClientError> {
        Ok(self.changed(ChangeKind::Other, self.api.add_reaction(id, reaction).await?))
    }

    /// Takes a reaction back.
    pub async fn unreact(&self, id: u64, reaction: &str) -> Result<Message, ClientError> {
        let path = format!("{}/reactions/{}", path(id), segment(reaction));
        Ok(self.changed(ChangeKind::Other, self.api.call_data(Method::DELETE, &path, &[], None).await?))
    }

    /// Tells of a change as its frame does, which comes only while there is a socket.
    fn changed(&self, change: ChangeKind, message: Message) -> Message {
        let is_own_view = change == ChangeKind::Other;
        let told = MessageChange { message: message.clone(), change, is_own_view };
        self.audience.tell(ChatEvent::MessageChanged(Box::new(told)));
        message
    }

    /// Who reacted to a message, in one way or in any.
    pub fn reactions(&self, id: u64, reaction: Option<&str>) -> Request<ReactionsList> {
        let way = reaction.map(|reaction| format!("/{}", segment(reaction))).unwrap_or_default();
        Request::new(self.api, format!("/messages/{id}/reactions{way}"), Walk::cursor(next_cursor))
    }

    /// Pins a message for everybody in its conversation.
    pub async fn pin(&self, id: u64) -> Result<Message, ClientError> {
        self.set(Method::POST, id, "pin", ChangeKind::Pinned).await
    }

    /// Pins a message no longer.
    pub async fn unpin(&self, id: u64) -> Result<Message, ClientError> {
        self.set(Method::DELETE, id, "pin", ChangeKind::Unpinned).await
    }

    /// Saves a message for the logged-in user.
    pub async fn save(&self, id: u64) -> Result<Message, ClientError> {
        self.set(Method::POST, id, "save", ChangeKind::Saved).await
    }

    /// Saves a message no longer.
    pub async fn unsave(&self, id: u64) -> Result<Message, ClientError> {
        self.set(Method::DELETE, id, "save", ChangeKind::Unsaved).await
    }

    async fn set(&self, method: Method, id: u64, what: &str, change: ChangeKind) -> Result<Message, ClientError> {
        let path = format!("{}/{what}", path(id));
        Ok(self.changed(change, self.api.call_data(method, &path, &[], None).await?))
    }

    /// Reports a message; the reasons are in the server's settings as `flagReasons`.
    pub async fn flag(&self, id: u64, reason_id: &str, remark: Option<&str>) -> Result<(), ClientError> {
        let mut body = json!({"id": reason_id});
        if let Some(remark) = remark {
            body["remark"] = remark.into();
        }
        self.api.call(Method::POST, &format!("/messages/{id}/flagged"), &[], Some(&body)).await.map(drop)
    }

    /// Says that elements of an interactive message were used.
    pub async fn mark_interacted(&self, id: u64, element_ids: &[&str]) -> Result<(), ClientError> {
        let body = json!({"interactions": element_ids});
        self.api.call(Method::PATCH, &format!("/messages/{id}/interacted"), &[], Some(&body)).await.map(drop)
    }
}

fn path(id: u64) -> String {
    format!("/messages/{id}")
}

/// Edits and deletions are answered with the action message that tells of them.
fn acted(answer: Message) -> Message {
    match answer.told_action() {
        Some(MessageAction::Edited { message, .. } | MessageAction::Deleted { message, .. }) => *message,
        Some(MessageAction::Membership(_)) | None => answer,
    }
}

/// A text as the protocol sends it.
pub(crate) fn text_body(receiver: &Receiver, text: &str, muid: &str) -> Value {
    json!({
        "receiver": receiver.id(),
        "receiverType": receiver.receiver_type(),
        "category": "message",
        "type": "text",
        "data": {"text": text},
        "muid": muid,
    })
}
