//! Messages: sending, reading, paging.

use std::collections::HashSet;

use axum::extract::{Path, Request};
use halley_contracts::{
    common::v1::TimeRange,
    messaging::v1::{
        CountUnreadRequest, DeleteMessageRequest, Direction, EditMessageRequest, GetMessageRequest,
        ListMessagesRequest, Message, ReceiverType, SendMessageRequest,
    },
};
use halley_wire::{MessageDetailsJson, MessageJson, View, parse_category, parse_edit, receiver_word, schema};
use serde_json::{Value, json};

use crate::{
    caller::Context,
    input::{self, Body, Query},
    openapi::{answer, body, path, query},
    reply::{ApiError, Reply, data, list},
};

/// Sends a message.
#[utoipa::path(
    post, path = "/messages", tag = "messages", operation_id = "send-message",
    request_body(content((body::NewMessage = "application/json"), (body::NewMessageForm = "multipart/form-data"))),
    responses((status = 200, body = schema::Data<answer::MessageOrFates>)),
    extensions(("x-errors" = json!([
        "ERR_EMPTY_RECEIVER", "ERR_INVALID_RECEIVER_TYPE", "ERR_UID_NOT_FOUND", "ERR_GUID_NOT_FOUND",
        "ERR_GROUP_NOT_JOINED", "ERR_BLOCKED_RECEIVER", "ERR_BLOCKED_SENDER", "ERR_EMPTY_MESSAGE_CATEGORY",
        "ERR_INVALID_MESSAGE_CATEGORY", "ERR_EMPTY_MESSAGE_TYPE", "ERR_INVALID_MESSAGE_TYPE",
        "ERR_INVALID_MESSAGE_DATA", "ERR_EMPTY_MESSAGE_TEXT", "ERR_INVALID_MESSAGE_TEXT", "ERR_EMPTY_MESSAGE_FILE",
        "ERR_INVALID_MEDIA_MESSAGE", "ERR_EMPTY_CUSTOM_DATA", "ERR_INVALID_CUSTOM_DATA", "ERR_INVALID_METADATA",
        "ERR_MESSAGE_ID_NOT_FOUND", "ERR_WRONG_MESSAGE_THREAD", "ERR_MESSAGE_THREAD_NESTING",
        "ERR_WRONG_MESSAGE_THREAD_CATEGORY", "ERR_FILE_SIZE_EXCEEDED", "ERR_FILE_COUNT_EXCEEDED",
        "ERR_PLAN_QUOTA_RESTRICTION",
    ])))
)]
pub async fn send(context: Context, request: Request) -> Reply {
    context.post(request, 0).await
}

/// Replies in the thread of a message.
///
/// A reply is somebody's, never the app's own.
#[utoipa::path(
    post, path = "/messages/{id}/thread", tag = "messages", operation_id = "send-thread-message",
    params(path::Id),
    request_body(content((body::NewMessage = "application/json"), (body::NewMessageForm = "multipart/form-data"))),
    responses((status = 200, body = schema::Data<answer::MessageOrFates>)),
    extensions(("x-errors" = json!([
        "ERR_EMPTY_RECEIVER", "ERR_INVALID_RECEIVER_TYPE", "ERR_UID_NOT_FOUND", "ERR_GUID_NOT_FOUND",
        "ERR_GROUP_NOT_JOINED", "ERR_BLOCKED_RECEIVER", "ERR_BLOCKED_SENDER", "ERR_EMPTY_MESSAGE_CATEGORY",
        "ERR_INVALID_MESSAGE_CATEGORY", "ERR_EMPTY_MESSAGE_TYPE", "ERR_INVALID_MESSAGE_TYPE",
        "ERR_INVALID_MESSAGE_DATA", "ERR_EMPTY_MESSAGE_TEXT", "ERR_INVALID_MESSAGE_TEXT", "ERR_EMPTY_MESSAGE_FILE",
        "ERR_INVALID_MEDIA_MESSAGE", "ERR_EMPTY_CUSTOM_DATA", "ERR_INVALID_CUSTOM_DATA", "ERR_INVALID_METADATA",
        "ERR_MESSAGE_ID_NOT_FOUND", "ERR_WRONG_MESSAGE_THREAD", "ERR_MESSAGE_THREAD_NESTING",
        "ERR_WRONG_MESSAGE_THREAD_CATEGORY", "ERR_FILE_SIZE_EXCEEDED", "ERR_FILE_COUNT_EXCEEDED",
        "ERR_PLAN_QUOTA_RESTRICTION",
    ])))
)]
pub async fn reply(context: Context, Path(id): Path<String>, request: Request) -> Reply {
    context.caller.require_uid()?;
    context.post(request, input::message_id(&id)?).await
}

impl Context {
    /// Sends a message of the caller; answers it as it was stored.
    pub async fn send(&self, request: SendMessageRequest) -> Result<Message, ApiError> {
        let request = SendMessageRequest {
            sender_uid: self.caller.acting_uid().unwrap_or_default().to_owned(),
            device_id: self.device_id.clone(),
            ..request
        };
        self.check_sending(&request).await?;
        let answer = self.messaging().send_message(self.request(request)).await?;
        Ok(answer.into_inner().message.unwrap_or_default())
    }

    /// The parent of a thread, if the caller's role shows it.
    async fn parent(&self, id: i64) -> Result<Option<Message>, ApiError> {
        let answer = self.messaging().get_message(self.request(GetMessageRequest { id })).await?;
        Ok(answer.into_inner().message.filter(|message| self.check_showing(message).is_ok()))
    }

    /// One message, shown.
    pub fn show_one(&self, message: &Message) -> Reply {
        data(MessageJson { message, view: self.view(None) })
    }
}

/// Shows a message.
#[utoipa::path(
    get, path = "/messages/{id}", tag = "messages", operation_id = "get-message-details",
    params(path::Id),
    responses((status = 200, body = schema::Data<schema::Message>)),
    extensions(("x-errors" = json!(["ERR_MESSAGE_ID_NOT_FOUND", "ERR_MESSAGE_NO_ACCESS"])))
)]
pub async fn get(context: Context, Path(id): Path<String>) -> Reply {
    let request = GetMessageRequest { id: input::message_id(&id)? };
    let answer = context.messaging().get_message(context.request(request)).await?.into_inner();
    let message = answer.message.unwrap_or_default();
    context.check_showing(&message)?;
    let shown = MessageJson { message: &message, view: context.view(None) };
    data(MessageDetailsJson::new(shown, &answer.receipts))
}

/// Edits a message.
///
/// Answers the action message, which shows the edited one; clients want that.
#[utoipa::path(
    put, path = "/messages/{id}", tag = "messages", operation_id = "update-message",
    params(path::Id),
    request_body = body::MessageChanges,
    responses((status = 200, body = schema::Data<schema::Message>)),
    extensions(("x-errors" = json!([
        "ERR_MESSAGE_ID_NOT_FOUND", "ERR_MESSAGE_NO_ACCESS", "ERR_MESSAGE_NOT_A_SENDER",
        "ERR_MESSAGE_ACTION_NOT_ALLOWED", "ERR_INVALID_MESSAGE_DATA", "ERR_EMPTY_MESSAGE_TEXT",
        "ERR_INVALID_MESSAGE_TEXT", "ERR_INVALID_METADATA", "ERR_EMPTY_CUSTOM_DATA", "ERR_INVALID_CUSTOM_DATA",
    ])))
)]
pub async fn edit(context: Context, Path(id): Path<String>, body: Body) -> Reply {
    let edit = parse_edit(&body.0)?;
    let request = EditMessageRequest {
        id: input::message_id(&id)?,
        data_json: edit.data_json,
        set_tags: edit.tags.is_some(),
        tags: edit.tags.unwrap_or_default(),
        device_id: context.device_id.clone(),
    };
    let answer = context.messaging().edit_message(context.request(request)).await?;
    context.show_one(&answer.into_inner().message.unwrap_or_default())
}

/// Deletes a message.
///
/// Answers the action message, which shows the deleted one.
#[utoipa::path(
    delete, path = "/messages/{id}", tag = "messages", operation_id = "delete-message",
    params(path::Id),
    request_body = Option<body::Deletion>,
    responses((status = 200, body = schema::Data<schema::Message>)),
    extensions(("x-errors" = json!([
        "ERR_MESSAGE_ID_NOT_FOUND", "ERR_MESSAGE_NO_ACCESS", "ERR_MESSAGE_NOT_A_SENDER",
        "ERR_MESSAGE_ACTION_NOT_ALLOWED",
    ])))
)]
pub async fn delete(context: Context, Path(id): Path<String>, body: Body) -> Reply {
    let request = DeleteMessageRequest {
        id: input::message_id(&id)?,
        permanent: body.flag("permanent")?,
        device_id: context.device_id.clone(),
    };
    let answer = context.messaging().delete_message(context.request(request)).await?;
    context.show_one(&answer.into_inner().message.unwrap_or_default())
}

/// Lists messages of all conversations.
#[utoipa::path(
    get, path = "/messages", tag = "messages", operation_id = "list-all-messages",
    params(query::Cursor, query::Messages, query::Count),
    responses((status = 200, body = answer::MessagesOrCounts))
)]
pub async fn list_all(context: Context, query: Query) -> Reply {
    page_or_counts(context, &query, ListMessagesRequest::default()).await
}

/// Lists messages with a user.
#[utoipa::path(
    get, path = "/users/{uid}/messages", tag = "messages", operation_id = "user-list-user-messages",
    params(path::Uid, query::Cursor, query::Messages, query::Count),
    responses((status = 200, body = answer::MessagesOrCounts)),
    extensions(("x-errors" = json!(["ERR_UID_NOT_FOUND"])))
)]
pub async fn list_with_user(context: Context, Path(uid): Path<String>, query: Query) -> Reply {
    let with =
        ListMessagesRequest { with_type: ReceiverType::User.into(), with: input::uid(&uid)?, ..Default::default() };
    page_or_counts(context, &query, with).await
}

/// Lists messages of a group.
#[utoipa::path(
    get, path = "/groups/{guid}/messages", tag = "messages", operation_id = "user-list-group-messages",
    params(path::Guid, query::Cursor, query::Messages, query::Count),
    responses((status = 200, body = answer::MessagesOrCounts)),
    extensions(("x-errors" = json!(["ERR_GUID_NOT_FOUND", "ERR_GROUP_NOT_JOINED"])))
)]
pub async fn list_of_group(context: Context, Path(guid): Path<String>, query: Query) -> Reply {
    let with =
        ListMessagesRequest { with_type: ReceiverType::Group.into(), with: input::guid(&guid)?, ..Default::default() };
    page_or_counts(context, &query, with).await
}

/// Lists the replies of a thread.
#[utoipa::path(
    get, path = "/messages/{id}/thread", tag = "messages", operation_id = "list-all-thread-messages",
    params(path::Id, query::Cursor, query::Messages),
    responses((status = 200, body = schema::List<schema::Message, schema::MessageListMeta>)),
    extensions(("x-errors" = json!(["ERR_MESSAGE_ID_NOT_FOUND", "ERR_MESSAGE_NO_ACCESS"])))
)]
pub async fn list_thread(context: Context, Path(id): Path<String>, query: Query) -> Reply {
    let of = ListMessagesRequest { parent_id: input::message_id(&id)?, ..Default::default() };
    page(context, &query, of).await
}

async fn page_or_counts(context: Context, query: &Query, of: ListMessagesRequest) -> Reply {
    if query.flag("count")? { counts(context, query, of).await } else { page(context, query, of).await }
}

/// Unread messages for each conversation that has any.
async fn counts(context: Context, query: &Query, of: ListMessagesRequest) -> Reply {
    let kind = match receiver_type(query)? {
        ReceiverType::Unspecified => of.with_type(),
        kind => kind,
    };
    let request = CountUnreadRequest {
        r#type: kind.into(),
        with: of.with,
        hide_blocked_senders: query.flag("hideMessagesFromBlockedUsers")?,
        undelivered: query.flag("undelivered")?,
    };
    let answer = context.messaging().count_unread(context.request(request)).await?.into_inner();
    let rows: Vec<Value> = answer
        .counts
        .iter()
        .map(|count| json!({"entityType": receiver_word(count.r#type()), "entityId": count.with, "count": count.count}))
        .collect();
    data(rows)
}

/// What kind of receiver is asked for; unspecified: either.
fn receiver_type(query: &Query) -> Result<ReceiverType, ApiError> {
    match query.text("receiverType") {
        None => Ok(ReceiverType::Unspecified),
        Some("user") => Ok(ReceiverType::User),
        Some("group") => Ok(ReceiverType::Group),
        Some(_) => Err(ApiError::field("receiverType", "must be user or group")),
    }
}

async fn page(context: Context, query: &Query, of: ListMessagesRequest) -> Reply {
    let asked = context.narrow_messages(asked(query, of)?)?;
    let hide_quoted = query.flag("hideQuotedMessages")?;
    let mention_tags = query.flag("mentionsWithTagInfo")?;
    let with_blocks = query.flag("mentionsWithBlockedInfo")?;
    let numbered = is_numbered(&context, query, &asked);
    let mut answer = context.messaging().list_messages(context.request(asked.clone())).await?.into_inner();
    let mut meta = meta(&asked, &answer.messages, answer.has_more);
    if numbered {
        number(&mut meta, &asked, answer.messages.len(), answer.has_more);
    }
    if query.flag("withParent")? && begins(&asked, answer.has_more) {
        answer.messages.splice(..0, context.parent(asked.parent_id).await?);
    }
    if hide_quoted {
        answer.messages.iter_mut().for_each(|message| message.quoted_message = None);
    }
    let online = context.online(people(&answer.messages).into_iter()).await;
    let mentions_any = answer.messages.iter().any(|message| !message.mentions.is_empty());
    let blocks = if with_blocks && mentions_any { Some(context.blocks().await?) } else { None };
    let view = View {
        with_sequence: query.flag("withSequence")?,
        mention_tags,
        blocks: blocks.as_ref(),
        ..context.view(Some(&online))
    };
    let rows: Vec<_> = answer.messages.iter().map(|message| MessageJson { message, view }).collect();
    list(rows, meta)
}

/// Whether the first reply of a thread, before which its parent stands, is on the page.
fn begins(asked: &ListMessagesRequest, has_more: bool) -> bool {
    let is_forward = asked.direction() == Direction::Append;
    // Where a page begins at a time alone, it is not known on which side of the parent that is.
    let is_by_time = asked.cursor_updated_at_ms != 0 || (asked.cursor_id == 0 && asked.cursor_sent_at_ms != 0);
    let is_past_the_parent = asked.cursor_id >= asked.parent_id || is_by_time;
    asked.parent_id != 0 && if is_forward { !is_past_the_parent } else { !has_more }
}

/// Whether the page is one of a numbered list: its caller counts pages, or lists a user's messages for nobody.
fn is_numbered(context: &Context, query: &Query, asked: &ListMessagesRequest) -> bool {
    let of_any_user = asked.with_type() == ReceiverType::User && context.caller.acting_uid().is_none();
    of_any_user || query.text("page").is_some() || query.text("perPage").is_some()
}

/// Adds what callers read who count pages. How many there are is not known: one more while there is one.
fn number(meta: &mut Value, asked: &ListMessagesRequest, count: usize, has_more: bool) {
    let page = asked.page.max(1);
    meta["pagination"] = json!({
        "total": 0,
        "count": count,
        "per_page": asked.limit,
        "current_page": page,
        "total_pages": page + i32::from(has_more),
    });
    if let Some(cursor) = meta.get_mut("cursor") {
        cursor["affix"] = json!(if asked.direction() == Direction::Append { "append" } else { "prepend" });
    }
}

/// Everybody whom the rows show.
fn people(messages: &[Message]) -> HashSet<&str> {
    let uids = messages.iter().flat_map(|message| {
        let receiver = (message.receiver_type() == ReceiverType::User).then_some(message.receiver.as_str());
        let mentioned = message.mentions.iter().map(|user| user.uid.as_str());
        std::iter::once(message.sender_uid.as_str()).chain(receiver).chain(mentioned)
    });
    uids.collect()
}

/// Reads cursor and filters.
fn asked(query: &Query, of: ListMessagesRequest) -> Result<ListMessagesRequest, ApiError> {
    let direction = match query.text("affix") {
        None | Some("prepend") => Direction::Prepend,
        Some("append") => Direction::Append,
        Some(_) => return Err(ApiError::field("affix", "must be append or prepend")),
    };
    let cursor_id = query.cursor("id")?;
    let updated_at = query.seconds("updatedAt")?;
    Ok(ListMessagesRequest {
        direction: direction.into(),
        limit: query.limit()?,
        cursor_id,
        cursor_sequence: query.cursor("sequence")?,
        cursor_sent_at_ms: second_beyond(query.seconds("sentAt")?, direction),
        cursor_updated_at_ms: match cursor_id {
            0 => second_beyond(updated_at, direction),
            _ => second_around(updated_at, direction),
        },
        categories: categories(query)?,
        types: [query.texts("types"), query.texts("type")].concat(),
        tags: query.texts("tags"),
        senders: [query.texts("senders"), query.texts("sender")].concat(),
        hide_replies: query.flag("hideReplies")?,
        hide_deleted: query.flag("hideDeleted")?,
        only_deleted: query.flag("onlyDeleted")?,
        search_key: query.any(&["searchKey", "searchKeyword"]).unwrap_or_default().to_owned(),
        sent_at: sent_at(query)?,
        updated_at: query.range("updatedAt")?,
        edited_at: query.range("editedAt")?,
        only_updates: query.flag("onlyUpdates")?,
        unread_only: query.flag("unread")?,
        undelivered_only: query.flag("undelivered")?,
        hide_blocked_senders: query.flag("hideMessagesFromBlockedUsers")?,
        has_attachments: query.flag("hasAttachments")?,
        has_reactions: query.flag("hasReactions")?,
        has_links: query.flag("hasLinks")?,
        has_mentions: query.flag("hasMentions")?,
        attachment_types: query.texts("attachmentTypes"),
        mentioned_uids: query.texts("mentionedUids"),
        my_mentions_only: query.flag("myMentionsOnly")?,
        receiver_type: receiver_type(query)?.into(),
        page: page_number(query)?,
        with_thread_subscribed: query.flag("withThreadSubscribed")?,
        interaction_goal_completed_only: query.flag("onlyInteractionGoalCompleted")?,
        pinned: query.flag("pinned")?,
        saved: query.flag("saved")?,
        // Who counts positions must not take the place of what was deleted for good for a hole.
        with_erased: query.flag("withSequence")?,
        conversation_id: query.text("conversationId").unwrap_or_default().to_owned(),
        ..of
    })
}

fn categories(query: &Query) -> Result<Vec<i32>, ApiError> {
    let mut categories = Vec::new();
    for name in ["categories", "category"] {
        for word in query.texts(name) {
            match parse_category(&word) {
                Some(category) => categories.push(category.into()),
                None => {
                    return Err(ApiError::field(name, "must be message, custom, interactive, card, action or call"));
                }
            }
        }
    }
    Ok(categories)
}

fn page_number(query: &Query) -> Result<i32, ApiError> {
    match query.small("page")? {
        None => Ok(0),
        Some(page) if page >= 1 => Ok(page),
        Some(_) => Err(ApiError::field("page", "must be 1 or more")),
    }
}

/// An exclusive cursor in whole seconds: what follows a second begins after its last millisecond.
fn second_beyond(ms: i64, direction: Direction) -> i64 {
    if ms != 0 && direction == Direction::Append { ms + 999 } else { ms }
}

/// The second of a message's update: messaging knows the exact time. Should the message have been updated again since, the
/// whole second is walked once more rather than passed over.
fn second_around(ms: i64, direction: Direction) -> i64 {
    if ms != 0 && direction == Direction::Prepend { ms + 999 } else { ms }
}

/// `sentAt[from]` and `[to]`, or `fromTimestamp` and `toTimestamp`; the latter counts only with the former.
fn sent_at(query: &Query) -> Result<Option<TimeRange>, ApiError> {
    let range = query.range("sentAt")?;
    let (from_ms, to_ms) = (query.seconds("fromTimestamp")?, query.seconds("toTimestamp")?);
    Ok(match (from_ms, to_ms) {
        (0, _) => range,
        (from_ms, 0) => Some(TimeRange { from_ms, to_ms: 0 }),
        (from_ms, to_ms) => Some(TimeRange { from_ms, to_ms: to_ms + 999 }),
    })
}

/// Where the page stands. Server-side callers follow `next` and `previous`; clients take the keys of `cursor`, and end a
/// walk when it is absent. Forward a walk never ends for good, as messages still come: only an empty page ends it.
fn meta(asked: &ListMessagesRequest, rows: &[Message], has_more: bool) -> Value {
    let mut meta = json!({"current": {"limit": asked.limit, "count": rows.len()}});
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return meta };
    let forward = asked.direction() == Direction::Append;
    let from_cursor = [asked.cursor_id, asked.cursor_sequence, asked.cursor_sent_at_ms, asked.cursor_updated_at_ms]
        .iter()
        .any(|cursor| *cursor != 0);
    // A walk by the time of updates goes on by that time.
    let at = |row: &Message| match asked.cursor_updated_at_ms {
        0 => json!({"id": row.id.to_string(), "sentAt": row.sent_at_ms / 1000}),
        _ => json!({"id": row.id.to_string(), "updatedAt": row.updated_at_ms / 1000}),
    };
    let beside = |row: &Message, affix: &str| {
        let mut cursor = at(row);
        cursor["affix"] = json!(affix);
        cursor
    };
    if if forward { has_more } else { from_cursor } {
        meta["next"] = beside(last, "append");
    }
    if if forward { from_cursor } else { has_more } {
        meta["previous"] = beside(first, "prepend");
    }
    if forward {
        meta["cursor"] = at(last);
    } else if has_more {
        meta["cursor"] = at(first);
    }
    meta
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Message> {
        (3..6).map(|id| Message { id, sent_at_ms: id * 1000, ..Default::default() }).collect()
    }

    #[test]
    fn a_walk_by_updates_goes_on_by_updates() {
        let rows: Vec<Message> = (3..6)
            .map(|id| Message { id, sent_at_ms: 1, updated_at_ms: id * 1000 + 7, ..Default::default() })
            .collect();
        for direction in [Direction::Append, Direction::Prepend] {
            let asked = ListMessagesRequest {
                direction: direction.into(),
                limit: 3,
                cursor_updated_at_ms: 500,
                ..Default::default()
            };
            let (id, second) = if direction == Direction::Append { ("5", 5) } else { ("3", 3) };
            assert_eq!(meta(&asked, &rows, true)["cursor"], json!({"id": id, "updatedAt": second}));
        }
    }

    #[test]
    fn seconds_hold_what_lies_in_them() {
        assert_eq!((second_beyond(5000, Direction::Append), second_beyond(5000, Direction::Prepend)), (5999, 5000));
        assert_eq!((second_around(5000, Direction::Append), second_around(5000, Direction::Prepend)), (5000, 5999));
        assert_eq!((second_beyond(0, Direction::Append), second_around(0, Direction::Prepend)), (0, 0));
    }

    fn page(direction: Direction, cursor_id: i64, has_more: bool) -> Value {
        let asked = ListMessagesRequest { direction: direction.into(), limit: 3, cursor_id, ..Default::default() };
        meta(&asked, &rows(), has_more)
    }

    #[test]
    fn a_walk_back_ends_with_the_oldest_row() {
        let newest = page(Direction::Prepend, 0, true);
        assert_eq!(newest["cursor"], json!({"id": "3", "sentAt": 3}));
        assert_eq!(newest["previous"], json!({"id": "3", "sentAt": 3, "affix": "prepend"}));
        assert!(newest.get("next").is_none());
        let oldest = page(Direction::Prepend, 6, false);
        assert!(oldest.get("cursor").is_none() && oldest.get("previous").is_none());
        assert_eq!(oldest["next"]["id"], "5");
    }

    #[test]
    fn the_parent_stands_before_the_first_reply() {
        let asked = |direction: Direction, parent_id, cursor_id| ListMessagesRequest {
            direction: direction.into(),
            parent_id,
            cursor_id,
            ..Default::default()
        };
        let back = asked(Direction::Prepend, 4, 9);
        assert!(begins(&back, false) && !begins(&back, true));
        assert!(begins(&asked(Direction::Append, 4, 3), true));
        assert!(!begins(&asked(Direction::Append, 4, 4), true), "it is past the parent");
        assert!(!begins(&asked(Direction::Prepend, 0, 0), false), "no thread");
    }

    #[test]
    fn a_numbered_page_says_whether_another_follows() {
        let asked = ListMessagesRequest { limit: 3, page: 2, ..Default::default() };
        let mut meta = meta(&asked, &rows(), true);
        number(&mut meta, &asked, 3, true);
        assert_eq!(
            meta["pagination"],
            json!({"total": 0, "count": 3, "per_page": 3, "current_page": 2, "total_pages": 3})
        );
        assert_eq!(meta["cursor"], json!({"id": "3", "sentAt": 3, "affix": "prepend"}));
    }

    #[test]
    fn a_walk_forward_goes_on_while_rows_come() {
        let last = page(Direction::Append, 2, false);
        assert_eq!(last["cursor"]["id"], "5");
        assert!(last.get("next").is_none());
        assert_eq!(last["previous"]["id"], "3");
        let asked = ListMessagesRequest { direction: Direction::Append.into(), ..Default::default() };
        assert!(meta(&asked, &[], false).get("cursor").is_none());
    }
}
