use http::Method;
use serde_json::{Value, json};

use super::{peer_path, segment};
use crate::{ApiClient, ClientError, Message, Receiver};

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
