use http::Method;
use serde_json::Value;

use super::messages::Messages;
use super::peer_path;
use crate::models::text;
use crate::request::{List, Query, Request, Walk, filters};
use crate::{ClientError, Receiver, Thread};

/// The list of threads.
pub struct ThreadsList;

impl List for ThreadsList {
    type Row = Thread;
}

filters! { ThreadsList {
    /// Those that the logged-in user began or answered in.
    participated_by_me: flag => "participatedByMe",
    /// Counts the mentions of the logged-in user.
    with_mention_count: flag => "withMentionCount",
}}

impl Messages<'_> {
    /// Threads of all conversations, the one with the newest reply first.
    pub fn threads(&self) -> Request<ThreadsList> {
        Request::new(self.api, "/threads", Walk::cursor(cursor))
    }

    /// Threads with a user or of a group, the one with the newest reply first.
    pub fn threads_with(&self, peer: &Receiver) -> Request<ThreadsList> {
        Request::new(self.api, format!("{}/threads", peer_path(peer)), Walk::cursor(cursor))
    }

    /// Subscribes the logged-in user to the thread of a message.
    pub async fn subscribe(&self, parent_id: u64) -> Result<(), ClientError> {
        self.api.call(Method::POST, &subscription(parent_id), &[], None).await.map(drop)
    }

    /// Ends the subscription to the thread of a message.
    pub async fn unsubscribe(&self, parent_id: u64) -> Result<(), ClientError> {
        self.api.call(Method::DELETE, &subscription(parent_id), &[], None).await.map(drop)
    }
}

fn subscription(parent_id: u64) -> String {
    format!("/messages/{parent_id}/thread/subscription")
}

/// The time of the page's last thread, and which it is.
fn cursor(meta: &Value) -> Option<Query> {
    let next = &meta["next"];
    let mut place = Query::from([("affix", "append".to_owned()), ("id", text(&next["id"])?)]);
    for key in ["updatedAt", "updatedAtMs"] {
        place.extend(text(&next[key]).map(|at| (key, at)));
    }
    Some(place)
}
