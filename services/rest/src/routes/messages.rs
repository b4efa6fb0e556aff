//! Messages: sending, reading, paging.

use std::collections::HashSet;

use axum::extract::Path;
use halley_contracts::{
    common::v1::TimeRange,
    messaging::v1::{
        CountUnreadRequest, Direction, GetMessageRequest, ListMessagesRequest, Message, ReceiverType,
        SendMessageRequest,
    },
};
use halley_wire::{MessageJson, View, parse_category, parse_send, receiver_word};
use serde_json::{Value, json};

use crate::{
    caller::Context,
    input::{self, Body, Query},
    reply::{ApiError, Reply, data, list},
};

/// `POST /messages`
pub async fn send(context: Context, body: Body) -> Reply {
    let request = parse_send(&body.0)?;
    context.send(request).await
}

/// `POST /messages/{id}/thread`
pub async fn reply(context: Context, Path(id): Path<String>, body: Body) -> Reply {
    let parent_id = input::message_id(&id)?;
    let request = parse_send(&body.0)?;
    context.send(SendMessageRequest { parent_id, ..request }).await
}

impl Context {
    async fn send(&self, request: SendMessageRequest) -> Reply {
        let request = SendMessageRequest {
            sender_uid: self.caller.acting_uid().unwrap_or_default().to_owned(),
            device_id: self.device_id.clone(),
            ..request
        };
        let answer = self.messaging().send_message(self.request(request)).await?;
        self.show_one(&answer.into_inner().message.unwrap_or_default())
    }

    fn show_one(&self, message: &Message) -> Reply {
        data(MessageJson { message, view: self.view(None) })
    }
}

/// `GET /messages/{id}`
pub async fn get(context: Context, Path(id): Path<String>) -> Reply {
    let request = GetMessageRequest { id: input::message_id(&id)? };
    let answer = context.messaging().get_message(context.request(request)).await?;
    context.show_one(&answer.into_inner().message.unwrap_or_default())
}

/// `GET /messages`
pub async fn list_all(context: Context, query: Query) -> Reply {
    page_or_counts(context, &query, ListMessagesRequest::default()).await
}

/// `GET /users/{uid}/messages`
pub async fn list_with_user(context: Context, Path(uid): Path<String>, query: Query) -> Reply {
    let with =
        ListMessagesRequest { with_type: ReceiverType::User.into(), with: input::uid(&uid)?, ..Default::default() };
    page_or_counts(context, &query, with).await
}

/// `GET /groups/{guid}/messages`
pub async fn list_of_group(context: Context, Path(guid): Path<String>, query: Query) -> Reply {
    let with =
        ListMessagesRequest { with_type: ReceiverType::Group.into(), with: input::guid(&guid)?, ..Default::default() };
    page_or_counts(context, &query, with).await
}

/// `GET /messages/{id}/thread`
pub async fn list_thread(context: Context, Path(id): Path<String>, query: Query) -> Reply {
    let of = ListMessagesRequest { parent_id: input::message_id(&id)?, ..Default::default() };
    page(context, &query, of).await
}

async fn page_or_counts(context: Context, query: &Query, of: ListMessagesRequest) -> Reply {
    if query.flag("count")? { counts(context, query, of).await } else { page(context, query, of).await }
}

/// Unread messages for each conversation that has any.
async fn counts(context: Context, query: &Query, of: ListMessagesRequest) -> Reply {
    let kind = match query.text("receiverType") {
        None => of.with_type(),
        Some("user") => ReceiverType::User,
        Some("group") => ReceiverType::Group,
        Some(_) => return Err(ApiError::field("receiverType", "must be user or group")),
    };
    let request = CountUnreadRequest { r#type: kind.into(), with: of.with };
    let answer = context.messaging().count_unread(context.request(request)).await?.into_inner();
    let rows: Vec<Value> = answer
        .counts
        .iter()
        .map(|count| json!({"entityType": receiver_word(count.r#type()), "entityId": count.with, "count": count.count}))
        .collect();
    data(rows)
}

async fn page(context: Context, query: &Query, of: ListMessagesRequest) -> Reply {
    let asked = asked(query, of)?;
    let answer = context.messaging().list_messages(context.request(asked.clone())).await?.into_inner();
    let online = context.online(people(&answer.messages).into_iter()).await;
    let view = View { with_sequence: query.flag("withSequence")?, ..context.view(Some(&online)) };
    let rows: Vec<_> = answer.messages.iter().map(|message| MessageJson { message, view }).collect();
    list(rows, meta(&asked, &answer.messages, answer.has_more))
}

/// Everybody whom the rows show.
fn people(messages: &[Message]) -> HashSet<&str> {
    let uids = messages.iter().flat_map(|message| {
        let receiver = (message.receiver_type() == ReceiverType::User).then_some(message.receiver.as_str());
        std::iter::once(message.sender_uid.as_str()).chain(receiver)
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
    let categories = [query.texts("categories"), query.texts("category")].concat();
    let categories: Result<Vec<i32>, ApiError> = categories
        .iter()
        .map(|word| {
            parse_category(word).map(i32::from).ok_or_else(|| ApiError::field("categories", "holds an unknown one"))
        })
        .collect();
    Ok(ListMessagesRequest {
        direction: direction.into(),
        limit: query.limit()?,
        cursor_id: cursor(query, "id")?,
        cursor_sequence: cursor(query, "sequence")?,
        cursor_sent_at_ms: second_beyond(query.seconds("sentAt")?, direction),
        cursor_updated_at_ms: second_beyond(query.seconds("updatedAt")?, direction),
        categories: categories?,
        types: [query.texts("types"), query.texts("type")].concat(),
        tags: query.texts("tags"),
        senders: [query.texts("senders"), query.texts("sender")].concat(),
        hide_replies: query.flag("hideReplies")?,
        hide_deleted: query.flag("hideDeleted")?,
        only_deleted: query.flag("onlyDeleted")?,
        search_key: query.any(&["searchKey", "searchKeyword"]).unwrap_or_default().to_owned(),
        sent_at: sent_at(query)?,
        unread_only: query.flag("unread")?,
        hide_blocked_senders: query.flag("hideMessagesFromBlockedUsers")?,
        has_attachments: query.flag("hasAttachments")?,
        conversation_id: query.text("conversationId").unwrap_or_default().to_owned(),
        ..of
    })
}

/// An exclusive cursor in whole seconds: what follows a second begins after its last millisecond.
fn second_beyond(ms: i64, direction: Direction) -> i64 {
    if ms != 0 && direction == Direction::Append { ms + 999 } else { ms }
}

/// 0 is before the first: as good as no cursor.
fn cursor(query: &Query, name: &str) -> Result<i64, ApiError> {
    match query.number(name)? {
        None => Ok(0),
        Some(number) if number >= 0 => Ok(number),
        Some(_) => Err(ApiError::field(name, "must not be negative")),
    }
}

/// `sentAt[from]` and `[to]`, or `fromTimestamp` and `toTimestamp`; the latter counts only with the former.
fn sent_at(query: &Query) -> Result<Option<TimeRange>, ApiError> {
    let from_ms = query.seconds("fromTimestamp")?;
    if from_ms == 0 {
        return query.range("sentAt");
    }
    let to_ms = query.seconds("toTimestamp")?;
    Ok(Some(TimeRange { from_ms, to_ms: if to_ms == 0 { 0 } else { to_ms + 999 } }))
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
    let at = |row: &Message| json!({"id": row.id.to_string(), "sentAt": row.sent_at_ms / 1000});
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
    fn a_walk_forward_goes_on_while_rows_come() {
        let last = page(Direction::Append, 2, false);
        assert_eq!(last["cursor"]["id"], "5");
        assert!(last.get("next").is_none());
        assert_eq!(last["previous"]["id"], "3");
        let asked = ListMessagesRequest { direction: Direction::Append.into(), ..Default::default() };
        assert!(meta(&asked, &[], false).get("cursor").is_none());
    }
}
