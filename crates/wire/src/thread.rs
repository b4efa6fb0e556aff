//! Threads, as a list of them shows them.

use halley_contracts::messaging::v1::{Message, Thread};
use serde::Serialize;

use crate::{message::MessageJson, view::View};

/// A thread: its parent with what is said of the replies.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadJson<'a> {
    #[serde(flatten)]
    parent: MessageJson<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_reply: Option<MessageJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscribed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unread_reply_count: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mention_count: Option<i32>,
}

/// Which counts of a thread were asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct ThreadCounts {
    /// Unread replies.
    pub unread: bool,
    /// Unread replies that mention the viewer.
    pub mentions: bool,
}

static NOTHING: std::sync::LazyLock<Message> = std::sync::LazyLock::new(Message::default);

impl<'a> ThreadJson<'a> {
    /// A thread through somebody's eyes; nobody is subscribed and has unread replies for an app without a user.
    pub fn new(thread: &'a Thread, view: View<'a>, counts: ThreadCounts) -> Self {
        let message = |message: &'a Message| MessageJson { message, view };
        Self {
            parent: message(thread.parent.as_ref().unwrap_or(&NOTHING)),
            last_reply: thread.last_reply.as_ref().map(message),
            subscribed: view.uid.map(|_| thread.subscribed),
            unread_reply_count: counts.unread.then_some(thread.unread_reply_count),
            mention_count: counts.mentions.then_some(thread.mention_count),
        }
    }

    /// Without a last reply that the viewer may not see.
    pub fn without_reply_unless(mut self, may_see: impl FnOnce(&Message) -> bool) -> Self {
        self.last_reply = self.last_reply.filter(|reply| may_see(reply.message));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_thread_is_its_parent_with_more() {
        let parent = Message { id: 4, reply_count: 2, data_json: r#"{"text":"hi"}"#.into(), ..Default::default() };
        let reply = Message { id: 9, parent_id: 4, ..Default::default() };
        let thread = Thread {
            parent: Some(parent),
            last_reply: Some(reply),
            subscribed: true,
            unread_reply_count: 1,
            ..Default::default()
        };
        let view = View { uid: Some("ann"), ..View::default() };
        let shown = |view, counts| serde_json::to_value(ThreadJson::new(&thread, view, counts)).expect("json");
        let whole = shown(view, ThreadCounts { unread: true, mentions: true });
        assert_eq!(
            (&whole["id"], &whole["data"]["text"], &whole["replyCount"]),
            (&json!("4"), &json!("hi"), &json!(2))
        );
        assert_eq!((&whole["lastReply"]["id"], &whole["lastReply"]["parentId"]), (&json!("9"), &json!("4")));
        assert_eq!((&whole["subscribed"], &whole["unreadReplyCount"]), (&json!(true), &json!(1)));
        assert_eq!(whole["mentionCount"], 0);
        let of_app = shown(View::default(), ThreadCounts::default());
        assert!(["subscribed", "unreadReplyCount", "mentionCount"].iter().all(|key| of_app.get(key).is_none()));
    }
}
