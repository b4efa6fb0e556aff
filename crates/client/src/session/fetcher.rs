//! What is fetched over HTTP, where the socket does not tell it.

use std::collections::HashSet;

use serde_json::Value;
use tokio::sync::mpsc;

use super::SessionEvent;
use super::worker::Break;
use crate::seen::Seen;
use crate::{ApiClient, ClientError, Message, MessagePage, Receiver};

/// Rows of one HTTP page while catching up.
const PAGE: u32 = 100;

/// Brings messages to the session's owner, each once.
pub(super) struct Fetcher<'a> {
    pub api: &'a ApiClient,
    pub keep_own: bool,
    pub seen: &'a mut Seen,
    pub events: &'a mpsc::Sender<SessionEvent>,
}

impl Fetcher<'_> {
    /// Notes how far each conversation is by now, as what comes later is told from there on.
    pub async fn note_all(&mut self) -> Result<usize, Break> {
        for conversation in list_conversations(self.api).await.map_err(|error| Break::lost(&error))? {
            self.seen.start_after(&conversation.id, conversation.peer, conversation.last_id.unwrap_or(0));
        }
        Ok(0)
    }

    /// Everything after the last message seen, in every conversation.
    pub async fn fetch_all(&mut self) -> Result<usize, Break> {
        let conversations = list_conversations(self.api).await.map_err(|error| Break::lost(&error))?;
        let mut missed = 0;
        let mut listed = HashSet::new();
        for conversation in conversations {
            listed.insert(conversation.id.clone());
            let last_id = self.seen.find(&conversation.id).map_or(0, |place| place.last_id);
            // A conversation whose newest message was deleted names no last message: look.
            if conversation.last_id.is_some_and(|newest| newest <= last_id) {
                continue;
            }
            missed += self.fetch_after(&conversation.peer, last_id).await?;
        }
        // A conversation that moved to the front between two pages is on neither.
        for (peer, last_id) in self.seen.places_outside(&listed) {
            missed += self.fetch_after(&peer, last_id).await?;
        }
        Ok(missed)
    }

    pub async fn fetch_after(&mut self, peer: &Receiver, mut last_id: u64) -> Result<usize, Break> {
        let mut fetched = 0;
        loop {
            let page = MessagePage::after(last_id, PAGE).with_sequence();
            let rows = self.api.list_messages(peer, &page).await.map_err(|error| Break::lost(&error))?;
            let newest = rows.iter().map(|message| message.id).max().unwrap_or(0);
            // No row, or a server that ignores the cursor: either way there is nothing more to get.
            if newest <= last_id {
                return Ok(fetched);
            }
            last_id = newest;
            for message in rows {
                fetched += usize::from(self.yield_once(message).await?);
            }
        }
    }

    pub async fn yield_once(&mut self, message: Message) -> Result<bool, Break> {
        let own = message.device.as_deref() == Some(self.api.resource());
        if !self.seen.note(&message) || (own && !self.keep_own) {
            return Ok(false);
        }
        let sent = self.events.send(SessionEvent::Message(Box::new(message))).await;
        sent.map(|()| true).map_err(|_| Break::Stopped)
    }
}

struct ConversationHead {
    id: String,
    peer: Receiver,
    last_id: Option<u64>,
}

async fn list_conversations(api: &ApiClient) -> Result<Vec<ConversationHead>, ClientError> {
    const PER_PAGE: u32 = 50;
    /// A server whose pages don't end keeps no client busy for ever.
    const PAGES_MAX: u32 = 2_000;
    let mut heads = Vec::new();
    for page in 1..=PAGES_MAX {
        let rows = api.list_conversations(page, PER_PAGE).await?;
        let is_last = rows.len() < PER_PAGE as usize;
        for row in &rows {
            heads.push(conversation_head(row)?);
        }
        if is_last {
            return Ok(heads);
        }
    }
    Err(ClientError::Shape(format!("more than {PAGES_MAX} pages of conversations")))
}

fn conversation_head(row: &Value) -> Result<ConversationHead, ClientError> {
    let shape = |what: &str| ClientError::Shape(format!("a conversation without {what}"));
    let id = row["conversationId"].as_str().ok_or_else(|| shape("conversationId"))?;
    let with = &row["conversationWith"];
    let peer = match (with["guid"].as_str(), with["uid"].as_str()) {
        (Some(guid), _) => Receiver::group(guid),
        (None, Some(uid)) => Receiver::user(uid),
        (None, None) => return Err(shape("conversationWith")),
    };
    let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
    Ok(ConversationHead { id: id.to_owned(), peer, last_id: number(&row["lastMessage"]["id"]) })
}
