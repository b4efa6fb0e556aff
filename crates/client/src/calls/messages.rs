use http::Method;
use serde_json::{Value, json};

use super::{peer_path, segment};
use crate::draft::Draft;
use crate::request::{List, Request, Walk, filters, next_cursor};
use crate::session::Handle;
use crate::{ApiClient, ClientError, Message, MessageAction, Reaction, Receiver};

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
}}

/// The list of reactions to a message.
pub struct ReactionsList;

impl List for ReactionsList {
    type Row = Reaction;
}

/// Messages: reading, sending, changing; made by [`crate::HalleyChat::messages`].
pub struct Messages<'a> {
    pub(crate) api: &'a ApiClient,
    pub(crate) handle: &'a Handle,
}

impl Messages<'_> {
    /// One message.
    pub async fn get(&self, id: u64) -> Result<Message, ClientError> {
        self.api.get_message(id).await
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

    /// Sends a message of any kind and waits until it is stored: over the socket while that is up, else over HTTP. Its
    /// files are uploaded first.
    ///
    /// What a break leaves unanswered is sent again. A failure that [`ClientError::is_retryable`] leaves it open whether
    /// the message is stored: a clone of the draft has the same muid, so sending it again is safe.
    pub async fn send(&self, mut draft: Draft) -> Result<Message, ClientError> {
        self.api.upload_files(&mut draft).await?;
        self.handle.post(draft.body()).await
    }

    /// Changes a text; gives the message as it is then.
    pub async fn edit(&self, id: u64, text: &str) -> Result<Message, ClientError> {
        self.update(id, &json!({"data": {"text": text}})).await
    }

    /// Changes any part of a message: `{data: {text, customData, metadata}, tags}`.
    pub async fn update(&self, id: u64, body: &Value) -> Result<Message, ClientError> {
        self.api.call_data(Method::PUT, &format!("/messages/{id}"), &[], Some(body)).await.map(acted)
    }

    /// Deletes a message; it keeps its place and loses its content.
    pub async fn delete(&self, id: u64) -> Result<Message, ClientError> {
        self.api.delete_message(id).await.map(acted)
    }

    /// Reacts to a message.
    pub async fn react(&self, id: u64, reaction: &str) -> Result<Message, ClientError> {
        self.api.add_reaction(id, reaction).await
    }

    /// Takes a reaction back.
    pub async fn unreact(&self, id: u64, reaction: &str) -> Result<Message, ClientError> {
        let path = format!("/messages/{id}/reactions/{}", segment(reaction));
        self.api.call_data(Method::DELETE, &path, &[], None).await
    }

    /// Who reacted to a message, in one way or in any.
    pub fn reactions(&self, id: u64, reaction: Option<&str>) -> Request<ReactionsList> {
        let way = reaction.map(|reaction| format!("/{}", segment(reaction))).unwrap_or_default();
        Request::new(self.api, format!("/messages/{id}/reactions{way}"), Walk::cursor(next_cursor))
    }

    /// Pins a message for everybody in its conversation.
    pub async fn pin(&self, id: u64) -> Result<Message, ClientError> {
        self.set(Method::POST, id, "pin").await
    }

    /// Pins a message no longer.
    pub async fn unpin(&self, id: u64) -> Result<Message, ClientError> {
        self.set(Method::DELETE, id, "pin").await
    }

    /// Saves a message for the logged-in user.
    pub async fn save(&self, id: u64) -> Result<Message, ClientError> {
        self.set(Method::POST, id, "save").await
    }

    /// Saves a message no longer.
    pub async fn unsave(&self, id: u64) -> Result<Message, ClientError> {
        self.set(Method::DELETE, id, "save").await
    }

    async fn set(&self, method: Method, id: u64, what: &str) -> Result<Message, ClientError> {
        self.api.call_data(method, &format!("/messages/{id}/{what}"), &[], None).await
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
