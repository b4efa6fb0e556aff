//! `ListThreads`, `SubscribeThread` and `UnsubscribeThread`.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use halley_contracts::messaging::v1::{
    ListThreadsRequest, ListThreadsResponse, Message, MessageCategory, ReceiverType, SubscribeThreadRequest,
    SubscribeThreadResponse, Thread, UnsubscribeThreadRequest, UnsubscribeThreadResponse,
};
use halley_kit::{Caller, time};
use halley_model::{FieldError, limits};

use crate::{
    access::With,
    error::{MessagingError, Result},
    service::Messaging,
    store::{
        messages::{self, StoredMessage},
        threads::{self, Query, Row, Source, Unread},
    },
};

pub(super) async fn list(
    messaging: &Messaging,
    caller: Caller,
    request: ListThreadsRequest,
) -> Result<ListThreadsResponse> {
    let limit = if request.limit == 0 { limits::PAGE_DEFAULT } else { request.limit };
    if !(1..=limits::PAGE_MAX).contains(&limit) {
        return Err(FieldError::new("limit", format!("must be 1 to {}", limits::PAGE_MAX)).into());
    }
    let is_personal = request.participated || request.with_unread_count || request.with_mention_count;
    let participant = if is_personal { Some(caller.require_uid()?) } else { None };
    let query = Query {
        app_id: caller.app_id().to_owned(),
        source: source(messaging, &caller, &request).await?,
        participant: participant.filter(|_| request.participated).map(ToOwned::to_owned),
        cursor: cursor(messaging, &caller, &request).await?,
        newer: request.newer,
        limit: i64::from(limit),
    };
    let mut rows = threads::list(&messaging.pool, &query).await?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > wanted;
    rows.truncate(wanted);
    if request.newer {
        rows.reverse();
    }
    let threads = messaging.show_threads(&caller, &rows, &request).await?;
    Ok(ListThreadsResponse { threads, has_more })
}

async fn source(messaging: &Messaging, caller: &Caller, request: &ListThreadsRequest) -> Result<Source> {
    let acting = caller.acting_uid();
    if request.with_type() == ReceiverType::Unspecified && request.with.is_empty() {
        return Ok(match acting {
            Some(uid) => Source::OfUser { uid: uid.to_owned(), conversation_key: None, direct_only: false },
            None => Source::App { conversation_key: None },
        });
    }
    let with = With::parse(request.with_type(), &request.with)?;
    messaging.directory.authorise_read(caller, &with).await?;
    Ok(match (with, acting) {
        (with, Some(uid)) => {
            let conversation_key = Some(with.key(uid).storage());
            Source::OfUser { uid: uid.to_owned(), conversation_key, direct_only: false }
        }
        (With::User(uid), None) => Source::OfUser { uid, conversation_key: None, direct_only: true },
        (with @ With::Group(_), None) => Source::App { conversation_key: Some(with.key("").storage()) },
    })
}

/// Where the page begins. Of a thread whose newest reply came in the named stretch of time, the exact time counts.
async fn cursor(
    messaging: &Messaging,
    caller: &Caller,
    request: &ListThreadsRequest,
) -> Result<Option<(DateTime<Utc>, i64)>> {
    let (ms, parent_id) = (request.cursor_updated_at_ms, request.cursor_parent_id);
    let given = time::from_ms(ms);
    if ms != 0 && given.is_none() {
        return Err(FieldError::new("updatedAt", "must be a time").into());
    }
    let stored = match parent_id {
        0 => None,
        id => threads::find_updated_at(&messaging.pool, caller.app_id(), id).await?,
    };
    let whole_time = if request.newer { i64::MAX } else { 0 };
    Ok(match (given.map(stretch), stored) {
        (Some((from, to)), Some(stored)) if (from..to).contains(&stored) => Some((stored, parent_id)),
        (Some(_), _) if parent_id == 0 => given.map(|given| (given, whole_time)),
        // It has moved: nothing of the given time is passed over.
        (Some((from, to)), _) => Some((if request.newer { from } else { to }, 0)),
        (None, Some(stored)) => Some((stored, parent_id)),
        (None, None) if parent_id != 0 => return Err(MessagingError::MessageNotFound { id: parent_id }),
        (None, None) => None,
    })
}

/// From when, and until when exclusive, a time may have been that is given so. The edge gives the first or the last millisecond
/// of a second where it knows no more than the second.
fn stretch(given: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
    let (before, length) = match given.timestamp_subsec_millis() {
        0 => (0, 1000),
        999 => (999, 1000),
        _ => (0, 1),
    };
    let from = given - TimeDelta::milliseconds(before);
    (from, from + TimeDelta::milliseconds(length))
}

impl Messaging {
    async fn show_threads(&self, caller: &Caller, rows: &[Row], request: &ListThreadsRequest) -> Result<Vec<Thread>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let (app_id, uid) = (caller.app_id(), caller.acting_uid());
        let ids: Vec<i64> = rows.iter().map(|row| row.parent_id).collect();
        let mut stored = messages::list_by_ids(&self.pool, app_id, &ids).await?;
        stored.extend(threads::list_last_replies(&self.pool, app_id, &ids).await?);
        let shown = self.show_messages(app_id, uid, &stored).await?;
        let (parents, replies): (Vec<Message>, Vec<Message>) =
            shown.into_iter().partition(|message| message.parent_id == 0);
        let mut parents: HashMap<i64, Message> = parents.into_iter().map(|row| (row.id, row)).collect();
        let mut replies: HashMap<i64, Message> = replies.into_iter().map(|row| (row.parent_id, row)).collect();
        let subscribed = self.subscribed(app_id, uid, &ids).await?;
        let counts: HashMap<i64, Unread> = match uid {
            Some(uid) if request.with_mention_count => {
                threads::count_unread(&self.pool, app_id, uid, &ids, true).await?.into_iter().collect()
            }
            _ => HashMap::new(),
        };
        let thread = |row: &Row| {
            let count = counts.get(&row.parent_id).copied().unwrap_or_default();
            // Deleted for good since the page was read.
            let parent = parents.remove(&row.parent_id).filter(|parent| !parent.erased)?;
            Some(Thread {
                last_reply: replies.remove(&row.parent_id),
                updated_at_ms: time::to_ms(row.updated_at),
                subscribed: subscribed.contains(&row.parent_id),
                unread_reply_count: if request.with_unread_count { parent.unread_reply_count } else { 0 },
                mention_count: if request.with_mention_count { count.mentions } else { 0 },
                parent: Some(parent),
            })
        };
        Ok(rows.iter().filter_map(thread).collect())
    }

    /// To which of these messages' threads a user is subscribed.
    pub(super) async fn subscribed(&self, app_id: &str, uid: Option<&str>, ids: &[i64]) -> Result<HashSet<i64>> {
        match uid {
            Some(uid) => Ok(threads::list_subscribed(&self.pool, app_id, uid, ids).await?.into_iter().collect()),
            None => Ok(HashSet::new()),
        }
    }

    /// A message that the caller may see and that a thread can begin with.
    async fn parent(&self, caller: &Caller, id: i64) -> Result<StoredMessage> {
        let parent = self.visible_message(caller, id).await?;
        if parent.parent_id != 0 {
            return Err(MessagingError::ThreadNesting { id });
        }
        if matches!(parent.category, MessageCategory::Action | MessageCategory::Call) {
            return Err(MessagingError::WrongThreadCategory { id });
        }
        Ok(parent)
    }
}

pub(super) async fn subscribe(
    messaging: &Messaging,
    caller: Caller,
    request: SubscribeThreadRequest,
) -> Result<SubscribeThreadResponse> {
    let uid = caller.require_uid()?;
    let parent = messaging.parent(&caller, request.parent_id).await?;
    threads::subscribe(&messaging.pool, caller.app_id(), uid, parent.message_id).await?;
    Ok(SubscribeThreadResponse {})
}

pub(super) async fn unsubscribe(
    messaging: &Messaging,
    caller: Caller,
    request: UnsubscribeThreadRequest,
) -> Result<UnsubscribeThreadResponse> {
    let uid = caller.require_uid()?;
    let parent = messaging.parent(&caller, request.parent_id).await?;
    threads::unsubscribe(&messaging.pool, caller.app_id(), uid, parent.message_id).await?;
    Ok(UnsubscribeThreadResponse {})
}
