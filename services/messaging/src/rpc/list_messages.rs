//! `ListMessages`.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use halley_contracts::{
    common::v1::{TimeRange, caller::Principal},
    messaging::v1::{Direction, ListMessagesRequest, ListMessagesResponse, MessageCategory, ReceiverType},
};
use halley_kit::{Caller, time};
use halley_model::{ConversationKey, FieldError, Guid, field, limits};

use crate::{
    access::With,
    domain::{
        content::FILE_KINDS,
        key::{candidates, receiver_type},
        terms::{self, Asked},
    },
    error::Result,
    service::Messaging,
    store::{
        conversations,
        history::{self, Cursor, Filter, HistoryQuery, Range, Source, Unread},
        marks, messages, participants,
    },
};

pub(super) async fn list(
    messaging: &Messaging,
    caller: Caller,
    request: ListMessagesRequest,
) -> Result<ListMessagesResponse> {
    let limit = limit(&request)?;
    let passed_over = passed_over(&request, limit)?;
    let cursor = exact(messaging, &caller, cursor(&request)?).await?;
    let Some(source) = source(messaging, &caller, &request).await? else {
        return Ok(ListMessagesResponse::default());
    };
    if matches!(cursor, Cursor::Sequence(_)) && !source.is_one_conversation() {
        return Err(FieldError::new("sequence", "counts within one conversation: name it").into());
    }
    let saves = saves(messaging, &caller, &request).await?;
    let mut filter = filter(messaging, &caller, &request, &source).await?;
    if finds_nothing(&filter, &source) {
        return Ok(ListMessagesResponse::default());
    }
    filter.ids = request.saved.then(|| saves.keys().copied().collect());
    let forward = request.direction() == Direction::Append;
    let hidden_from = caller.acting_uid().map(ToOwned::to_owned);
    let app_id = caller.app_id().to_owned();
    let query = HistoryQuery { app_id, source, cursor, forward, limit: passed_over + limit, filter, hidden_from };
    let mut rows = history::list_messages(&messaging.pool, &query).await?;
    rows.drain(..usize::try_from(passed_over).unwrap_or(usize::MAX).min(rows.len()));
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > wanted;
    rows.truncate(wanted);
    if !forward {
        rows.reverse();
    }
    // What Halley itself fetches goes to everybody in a conversation: it sees what none of them may not.
    let viewer = caller.acting_uid().or(matches!(caller.principal(), Principal::System(_)).then_some(""));
    let mut messages = messaging.show_messages(caller.app_id(), viewer, &rows).await?;
    let ids: Vec<i64> = messages.iter().map(|message| message.id).collect();
    let looks = caller.acting_uid().filter(|_| request.with_thread_subscribed && !ids.is_empty());
    let subscribed = messaging.subscribed(caller.app_id(), looks, &ids).await?;
    for message in &mut messages {
        message.saved_at_ms = saves.get(&message.id).copied().unwrap_or_default();
        message.thread_subscribed = subscribed.contains(&message.id);
    }
    Ok(ListMessagesResponse { messages, has_more })
}

fn limit(request: &ListMessagesRequest) -> Result<i64> {
    let limit = if request.limit == 0 { limits::PAGE_DEFAULT } else { request.limit };
    if !(1..=limits::PAGE_MAX).contains(&limit) {
        return Err(FieldError::new("limit", format!("must be 1 to {}", limits::PAGE_MAX)).into());
    }
    Ok(i64::from(limit))
}

/// The rows of the pages before the one that is asked for.
fn passed_over(request: &ListMessagesRequest, limit: i64) -> Result<i64> {
    let page = i64::from(request.page.max(1));
    if request.page < 0 {
        return Err(FieldError::new("page", "must be 1 or more").into());
    }
    if page > 1 && page * limit > i64::from(limits::PAGED_ROWS_MAX) {
        let problem = format!("must not lie beyond {} rows: further on, use a cursor", limits::PAGED_ROWS_MAX);
        return Err(FieldError::new("page", problem).into());
    }
    Ok((page - 1) * limit)
}

fn cursor(request: &ListMessagesRequest) -> Result<Cursor> {
    let id = request.cursor_id;
    if let Some(at) = some_time("updatedAt", request.cursor_updated_at_ms)? {
        return Ok(Cursor::UpdatedAt(at, (id != 0).then_some(id)));
    }
    if id != 0 {
        return Ok(Cursor::Id(id));
    }
    if request.cursor_sequence != 0 {
        return Ok(Cursor::Sequence(request.cursor_sequence));
    }
    Ok(some_time("sentAt", request.cursor_sent_at_ms)?.map_or(Cursor::None, Cursor::SentAt))
}

/// A caller who knows only the second of an update names the message, too: its stored time is the exact one, if it lies
/// within that second. Whatever the message was updated to since, nothing is passed over.
async fn exact(messaging: &Messaging, caller: &Caller, cursor: Cursor) -> Result<Cursor> {
    let Cursor::UpdatedAt(given, Some(id)) = cursor else { return Ok(cursor) };
    let stored = messages::find_updated_at(&messaging.pool, caller.app_id(), id).await?;
    let exact = stored.filter(|stored| stored.timestamp() == given.timestamp());
    Ok(Cursor::UpdatedAt(exact.unwrap_or(given), Some(id)))
}

/// A time; 0 is none.
fn some_time(field: &str, ms: i64) -> Result<Option<DateTime<Utc>>> {
    match time::from_ms(ms) {
        None if ms != 0 => Err(FieldError::new(field, "must be a time").into()),
        time => Ok(time),
    }
}

/// Where the page comes from, for those who may read there. `None`: there is no such conversation.
async fn source(messaging: &Messaging, caller: &Caller, request: &ListMessagesRequest) -> Result<Option<Source>> {
    if request.parent_id != 0 {
        return thread(messaging, caller, request.parent_id).await.map(Some);
    }
    if request.with_type() != ReceiverType::Unspecified || !request.with.is_empty() {
        let with = With::parse(request.with_type(), &request.with)?;
        messaging.directory.authorise_read(caller, &with).await?;
        return Ok(Some(match (with, caller.acting_uid()) {
            (With::User(uid), None) => Source::OfUser { uid, direct_only: true },
            (with, acting) => Source::Conversation(with.key(acting.unwrap_or_default())),
        }));
    }
    if !request.conversation_id.is_empty() {
        return public_id(messaging, caller, &request.conversation_id).await;
    }
    Ok(Some(match caller.acting_uid() {
        Some(uid) => Source::OfUser { uid: uid.to_owned(), direct_only: false },
        None => Source::App,
    }))
}

async fn thread(messaging: &Messaging, caller: &Caller, parent_id: i64) -> Result<Source> {
    let parent = messaging.visible_message(caller, parent_id).await?;
    Ok(Source::Thread(parent_id, parent.key))
}

/// A public id may mean several conversations; a user sees those of them that are the user's own.
async fn public_id(messaging: &Messaging, caller: &Caller, public: &str) -> Result<Option<Source>> {
    field::text("conversationId", public, 2 * limits::ID_MAX + "_user_".len())?;
    let mut keys = Vec::new();
    for key in candidates(&public.to_ascii_lowercase()) {
        if may_read(messaging, caller, &key).await? {
            keys.push(key.storage());
        }
    }
    let found = conversations::find_ids(&messaging.pool, caller.app_id(), &keys).await?;
    Ok(match found.as_slice() {
        [] => None,
        [(_, key)] => ConversationKey::from_storage(key).map(Source::Conversation),
        _ => Some(Source::Conversations(found.into_iter().map(|(id, _)| id).collect())),
    })
}

async fn may_read(messaging: &Messaging, caller: &Caller, key: &ConversationKey) -> Result<bool> {
    let Some(uid) = caller.acting_uid() else { return Ok(true) };
    match key {
        ConversationKey::Direct(a, b) => Ok(a == uid || b == uid),
        ConversationKey::Group(guid) if Guid::parse(guid).is_err() => Ok(false),
        ConversationKey::Group(guid) => {
            match messaging.directory.authorise_read(caller, &With::Group(guid.clone())).await {
                Ok(()) => Ok(true),
                Err(error) if error.is_of_item() => Ok(false),
                Err(error) => Err(error),
            }
        }
    }
}

async fn filter(
    messaging: &Messaging,
    caller: &Caller,
    request: &ListMessagesRequest,
    source: &Source,
) -> Result<Filter> {
    for (name, texts) in [("types", &request.types), ("tags", &request.tags), ("senders", &request.senders)] {
        texts.iter().try_for_each(|text| field::text(name, text, limits::TAG_MAX))?;
    }
    let not_senders = match caller.acting_uid() {
        Some(uid) if request.hide_blocked_senders => messaging.directory.blocked_by(caller.app_id(), uid).await?,
        _ => Vec::new(),
    };
    let (unread_of, undelivered_of) = new_to(messaging, caller, request, source).await?;
    Ok(Filter {
        categories: categories(request)?,
        types: request.types.clone(),
        tags: request.tags.clone(),
        // What is no uid has sent nothing.
        senders: request.senders.iter().map(|uid| uid.to_ascii_lowercase()).collect(),
        not_senders,
        hide_replies: request.hide_replies,
        hide_deleted: request.hide_deleted,
        only_deleted: request.only_deleted,
        terms: terms::query(caller.app_id(), &asked(caller, request)?),
        sent: range("sentAt", request.sent_at)?,
        updated: range("updatedAt", request.updated_at)?,
        edited: range("editedAt", request.edited_at)?,
        only_updates: request.only_updates,
        receiver_type: receiver(request)?,
        has_reactions: request.has_reactions,
        pinned: request.pinned,
        ids: None,
        with_erased: request.with_erased,
        goal_reached_by: match request.interaction_goal_completed_only {
            true => Some(caller.require_uid()?.to_owned()),
            false => None,
        },
        unread_of,
        undelivered_of,
    })
}

/// Whether a filter leaves nothing of the source, so that there is nothing to ask for.
fn finds_nothing(filter: &Filter, source: &Source) -> bool {
    let of_other_kind = match source {
        Source::Conversation(key) | Source::Thread(_, key) => {
            filter.receiver_type != ReceiverType::Unspecified && filter.receiver_type != receiver_type(key)
        }
        _ => false,
    };
    of_other_kind || filter.terms.as_ref().is_some_and(terms::Query::is_empty)
}

/// What the index of terms is asked for.
fn asked(caller: &Caller, request: &ListMessagesRequest) -> Result<Asked> {
    field::text("searchKey", &request.search_key, limits::NAME_MAX)?;
    if request.attachment_types.iter().any(|kind| !FILE_KINDS.contains(&kind.as_str())) {
        let problem = format!("must be of {}", FILE_KINDS.join(", "));
        return Err(FieldError::new("attachmentTypes", problem).into());
    }
    request.mentioned_uids.iter().try_for_each(|uid| field::text("mentionedUids", uid, limits::ID_MAX))?;
    let mentioned_me = match request.my_mentions_only {
        true => Some(caller.require_uid()?.to_owned()),
        false => None,
    };
    Ok(Asked {
        search_key: request.search_key.clone(),
        links: request.has_links,
        files: request.has_attachments,
        file_kinds: request.attachment_types.clone(),
        mentions: request.has_mentions,
        // What is no uid is mentioned by nobody.
        mentioned: request.mentioned_uids.iter().map(|uid| uid.to_ascii_lowercase()).collect(),
        mentioned_me,
    })
}

fn range(field: &str, range: Option<TimeRange>) -> Result<Range> {
    let range = range.unwrap_or_default();
    Ok(Range {
        from: some_time(&format!("{field}.from"), range.from_ms)?,
        to: some_time(&format!("{field}.to"), range.to_ms)?,
    })
}

fn receiver(request: &ListMessagesRequest) -> Result<ReceiverType> {
    ReceiverType::try_from(request.receiver_type)
        .map_err(|_| FieldError::new("receiverType", "must be user or group").into())
}

/// When the caller's user saved which messages, if only those are wanted.
async fn saves(messaging: &Messaging, caller: &Caller, request: &ListMessagesRequest) -> Result<HashMap<i64, i64>> {
    if !request.saved {
        return Ok(HashMap::new());
    }
    let saves = marks::list_saves(&messaging.pool, caller.app_id(), caller.require_uid()?).await?;
    Ok(saves.into_iter().map(|(id, at)| (id, time::to_ms(at))).collect())
}

fn categories(request: &ListMessagesRequest) -> Result<Vec<MessageCategory>> {
    let known =
        |category: &i32| MessageCategory::try_from(*category).ok().filter(|c| *c != MessageCategory::Unspecified);
    let read = request.categories.iter().map(known).collect::<Option<Vec<_>>>();
    Ok(read.ok_or_else(|| FieldError::new("categories", "must be categories of messages"))?)
}

/// What is unread, and what is not delivered, as far as it is asked for.
async fn new_to(
    messaging: &Messaging,
    caller: &Caller,
    request: &ListMessagesRequest,
    source: &Source,
) -> Result<(Option<Unread>, Option<Unread>)> {
    if !request.unread_only && !request.undelivered_only {
        return Ok((None, None));
    }
    let uid = caller.require_uid()?;
    let (read, delivered) = match source {
        Source::Conversation(key) => {
            participants::find_boundaries(&messaging.pool, caller.app_id(), uid, &key.storage()).await?
        }
        _ => (0, 0),
    };
    let after = |after_sequence| Unread { uid: uid.to_owned(), after_sequence };
    Ok((request.unread_only.then(|| after(read)), request.undelivered_only.then(|| after(delivered))))
}
