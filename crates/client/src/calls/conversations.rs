use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::peer_path;
use crate::message::Id;
use crate::{ApiClient, ClientError, Receiver};

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
