//! Threads: their list, and who is subscribed to them.
//!
//! The list has the thread with the newest reply first. `append`, the default, goes on behind the cursor towards older
//! ones; `prepend` goes back. The cursor is the time of a thread's newest reply, `updatedAt`, with the `id` of its parent, as
//! `meta` names them. There `updatedAtMs` says the time in milliseconds: with it a page repeats no row, even if the cursor's
//! thread has got a reply since.

use std::collections::HashSet;

use axum::extract::Path;
use halley_contracts::messaging::v1::{
    ListThreadsRequest, Message, ReceiverType, SubscribeThreadRequest, Thread, UnsubscribeThreadRequest,
};
use halley_wire::{ThreadCounts, ThreadJson, schema};
use serde_json::{Value, json};

use crate::{
    caller::Context,
    input::{self, Query},
    openapi::{answer, path, query},
    reply::{ApiError, Reply, done, list},
};

/// Lists threads, the one with the newest reply first.
#[utoipa::path(
    get, path = "/threads", tag = "messages", operation_id = "list-all-threads",
    params(query::Threads),
    responses((status = 200, body = schema::List<answer::ThreadRow, schema::ThreadListMeta>)),
    extensions(("x-errors" = json!(["ERR_MESSAGE_ID_NOT_FOUND"])))
)]
pub async fn list_all(context: Context, query: Query) -> Reply {
    page(context, &query, ListThreadsRequest::default()).await
}

/// Lists threads of the conversation with a user.
#[utoipa::path(
    get, path = "/users/{uid}/threads", tag = "messages", operation_id = "list-threads-with-user",
    params(path::Uid, query::Threads),
    responses((status = 200, body = schema::List<answer::ThreadRow, schema::ThreadListMeta>)),
    extensions(("x-errors" = json!(["ERR_UID_NOT_FOUND", "ERR_MESSAGE_ID_NOT_FOUND"])))
)]
pub async fn list_with_user(context: Context, Path(uid): Path<String>, query: Query) -> Reply {
    let with =
        ListThreadsRequest { with_type: ReceiverType::User.into(), with: input::uid(&uid)?, ..Default::default() };
    page(context, &query, with).await
}

/// Lists threads of a group.
#[utoipa::path(
    get, path = "/groups/{guid}/threads", tag = "messages", operation_id = "list-threads-of-group",
    params(path::Guid, query::Threads),
    responses((status = 200, body = schema::List<answer::ThreadRow, schema::ThreadListMeta>)),
    extensions(("x-errors" = json!(["ERR_GUID_NOT_FOUND", "ERR_GROUP_NOT_JOINED", "ERR_MESSAGE_ID_NOT_FOUND"])))
)]
pub async fn list_of_group(context: Context, Path(guid): Path<String>, query: Query) -> Reply {
    let with =
        ListThreadsRequest { with_type: ReceiverType::Group.into(), with: input::guid(&guid)?, ..Default::default() };
    page(context, &query, with).await
}

async fn page(context: Context, query: &Query, of: ListThreadsRequest) -> Reply {
    let newer = match query.text("affix") {
        None | Some("append") => false,
        Some("prepend") => true,
        Some(_) => return Err(ApiError::field("affix", "must be append or prepend")),
    };
    let mentions = query.flag("withMentionCount")?;
    // Clients of a user read the count without asking for it.
    let unread = query.flag("withUnreadReplyCount")? || context.caller.acting_uid().is_some();
    let parent_id = query.cursor("id")?;
    let exact = query.cursor("updatedAtMs")?;
    let updated_at = second(query.seconds("updatedAt")?, parent_id, newer);
    let asked = ListThreadsRequest {
        participated: query.flag("participatedByMe")?,
        with_unread_count: unread,
        with_mention_count: mentions,
        limit: query.limit()?,
        cursor_updated_at_ms: if exact == 0 { updated_at } else { exact },
        cursor_parent_id: parent_id,
        newer,
        ..of
    };
    let answer = context.messaging().list_threads(context.request(asked.clone())).await?.into_inner();
    let online = context.online(people(&answer.threads).into_iter()).await;
    let view = context.view(Some(&online));
    let counts = ThreadCounts { unread, mentions };
    // What a list of messages would not show is not shown here either.
    let is_shown = |message: &Message| context.check_showing(message).is_ok();
    let shown = answer.threads.iter().filter(|thread| thread.parent.as_ref().is_some_and(is_shown));
    let rows: Vec<_> =
        shown.map(|thread| ThreadJson::new(thread, view, counts).without_reply_unless(is_shown)).collect();
    list(rows, meta(&asked, &answer.threads, answer.has_more))
}

/// A second as a cursor: with a thread its rows are in reach, without one they are passed over.
fn second(ms: i64, parent_id: i64, newer: bool) -> i64 {
    match ms {
        0 => 0,
        _ if (parent_id != 0) == newer => ms,
        _ => ms + 999,
    }
}

fn people(threads: &[Thread]) -> HashSet<&str> {
    let messages = threads.iter().flat_map(|thread| thread.parent.iter().chain(&thread.last_reply));
    let uids = messages.flat_map(|message| {
        let receiver = (message.receiver_type() == ReceiverType::User).then_some(message.receiver.as_str());
        std::iter::once(message.sender_uid.as_str()).chain(receiver)
    });
    uids.collect()
}

/// Where the page stands: `next` and `previous` are there when something is.
fn meta(asked: &ListThreadsRequest, rows: &[Thread], has_more: bool) -> Value {
    let mut meta = json!({"current": {"limit": asked.limit, "count": rows.len()}});
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return meta };
    let place = |affix: &str, thread: &Thread| {
        let id = thread.parent.as_ref().map_or(0, |parent| parent.id);
        let (seconds, ms) = (thread.updated_at_ms / 1000, thread.updated_at_ms);
        json!({"affix": affix, "updatedAt": seconds, "updatedAtMs": ms, "id": id.to_string()})
    };
    let from_cursor = asked.cursor_updated_at_ms != 0 || asked.cursor_parent_id != 0;
    if if asked.newer { from_cursor } else { has_more } {
        meta["next"] = place("append", last);
    }
    if if asked.newer { has_more } else { from_cursor } {
        meta["previous"] = place("prepend", first);
    }
    meta
}

/// Subscribes the acting user to a thread.
#[utoipa::path(
    post, path = "/messages/{id}/thread/subscription", tag = "messages", operation_id = "subscribe-thread",
    params(path::Id),
    responses((status = 200, body = schema::Data<schema::Done>)),
    extensions(("x-errors" = json!([
        "ERR_MESSAGE_ID_NOT_FOUND", "ERR_MESSAGE_NO_ACCESS", "ERR_MESSAGE_THREAD_NESTING",
        "ERR_WRONG_MESSAGE_THREAD_CATEGORY",
    ])))
)]
pub async fn subscribe(context: Context, Path(id): Path<String>) -> Reply {
    let request = SubscribeThreadRequest { parent_id: input::message_id(&id)? };
    context.messaging().subscribe_thread(context.request(request)).await?;
    done("The user is subscribed to the thread.")
}

/// Ends the acting user's subscription to a thread.
#[utoipa::path(
    delete, path = "/messages/{id}/thread/subscription", tag = "messages", operation_id = "unsubscribe-thread",
    params(path::Id),
    responses((status = 200, body = schema::Data<schema::Done>)),
    extensions(("x-errors" = json!([
        "ERR_MESSAGE_ID_NOT_FOUND", "ERR_MESSAGE_NO_ACCESS", "ERR_MESSAGE_THREAD_NESTING",
        "ERR_WRONG_MESSAGE_THREAD_CATEGORY",
    ])))
)]
pub async fn unsubscribe(context: Context, Path(id): Path<String>) -> Reply {
    let request = UnsubscribeThreadRequest { parent_id: input::message_id(&id)? };
    context.messaging().unsubscribe_thread(context.request(request)).await?;
    done("The user is not subscribed to the thread.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(newer: bool, from_cursor: bool, has_more: bool) -> Value {
        let thread = |id: i64| Thread {
            parent: Some(Message { id, ..Default::default() }),
            updated_at_ms: id * 1000 + 5,
            ..Default::default()
        };
        let cursor_updated_at_ms = if from_cursor { 9000 } else { 0 };
        let asked = ListThreadsRequest { newer, limit: 2, cursor_updated_at_ms, ..Default::default() };
        meta(&asked, &[thread(7), thread(6)], has_more)
    }

    #[test]
    fn a_page_names_what_lies_beside_it() {
        let first = page(false, false, true);
        assert_eq!(first["current"], json!({"limit": 2, "count": 2}));
        assert_eq!(first["next"], json!({"affix": "append", "updatedAt": 6, "updatedAtMs": 6005, "id": "6"}));
        assert!(first.get("previous").is_none());
        let last = page(false, true, false);
        assert!(last.get("next").is_none());
        assert_eq!(last["previous"], json!({"affix": "prepend", "updatedAt": 7, "updatedAtMs": 7005, "id": "7"}));
        let newest = page(true, true, false);
        assert!(newest.get("previous").is_none() && newest.get("next").is_some());
    }

    #[test]
    fn a_second_holds_what_lies_in_it() {
        assert_eq!((second(5000, 0, false), second(5000, 0, true)), (5000, 5999), "passed over");
        assert_eq!((second(5000, 3, false), second(5000, 3, true)), (5999, 5000), "in reach");
        assert_eq!(second(0, 3, false), 0);
    }
}
