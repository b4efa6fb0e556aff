//! Conversations as their participants see them: both tables together, with unread counts.
//!
//! The unread count is arithmetic on positions, so that nothing is written per member and message: what was counted
//! in the conversation, less what was counted up to where the user has read, less the user's own after that.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool, Postgres, QueryBuilder};

/// A participant's view of a conversation.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct InboxRow {
    pub uid: String,
    pub conversation_key: String,
    pub last_message_id: i64,
    /// What a list shows of the conversation; 0: nothing that the user has not hidden.
    pub preview_message_id: i64,
    pub last_sequence: i64,
    pub read_message_id: i64,
    pub delivered_message_id: i64,
    pub tags: Vec<String>,
    pub created_at: DateTime<Utc>,
    pub active_at: DateTime<Utc>,
    pub unread_count: i64,
}

/// Whose conversations, and which of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct InboxFilter<'a> {
    pub app_id: &'a str,
    /// `None`: everybody's.
    pub uid: Option<&'a str>,
    /// Only this one.
    pub conversation_key: Option<String>,
    /// `u:` or `g:`; empty: both.
    pub kind: &'a str,
    /// With any of them.
    pub tags: &'a [String],
    pub unread_only: bool,
    /// Only these places, by uid and conversation.
    pub places: Option<&'a [(String, i64)]>,
}

/// A part of the list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slice {
    pub limit: i64,
    pub offset: i64,
}

const COLUMNS: &str = "p.app_id, p.uid, c.conversation_id, c.conversation_key, c.last_message_id, c.last_sequence, \
     c.counted_total, COALESCE(p.unread_message_id, p.read_message_id) AS read_message_id, p.delivered_message_id, \
     CASE WHEN c.preview_sequence > p.hidden_before_sequence THEN c.preview_message_id ELSE 0 END AS preview_message_id, \
     p.tags, c.created_at, COALESCE(c.last_message_at, c.created_at) AS active_at, \
     COALESCE(p.unread_sequence, GREATEST(p.read_sequence, p.joined_sequence, c.history_sequence)) AS boundary";

const UNREAD: &str = " CROSS JOIN LATERAL (
    SELECT CASE WHEN r.boundary >= r.last_sequence THEN 0 ELSE
        r.counted_total
        - COALESCE((
            SELECT m.counted_position FROM messages AS m
            WHERE m.app_id = r.app_id AND m.conversation_id = r.conversation_id AND m.sequence <= r.boundary
            ORDER BY m.sequence DESC
            LIMIT 1
        ), 0)
        - (
            SELECT count(*) FROM messages AS m
            WHERE m.app_id = r.app_id AND m.conversation_id = r.conversation_id AND m.sender_uid = r.uid
                AND m.sequence > r.boundary AND m.counted
        )
    END AS unread_count
) AS u";

const NEWEST_FIRST: &str = " ORDER BY r.active_at DESC, r.conversation_id DESC, r.uid";

/// The matching rows, newest activity first.
pub(crate) async fn list_inbox(
    connection: &mut PgConnection,
    filter: &InboxFilter<'_>,
    slice: Slice,
) -> Result<Vec<InboxRow>, sqlx::Error> {
    let mut query = QueryBuilder::new("SELECT r.*, u.unread_count FROM (");
    push_rows(&mut query, filter);
    if filter.unread_only {
        query.push(") AS r").push(UNREAD).push(" WHERE u.unread_count > 0").push(NEWEST_FIRST);
        push_slice(&mut query, slice);
    } else {
        // Counting waits until the page is known.
        query.push(" ORDER BY active_at DESC, c.conversation_id DESC, p.uid");
        push_slice(&mut query, slice);
        query.push(") AS r").push(UNREAD).push(NEWEST_FIRST);
    }
    query.build_query_as().fetch_all(connection).await
}

/// The matching places, newest activity first, without what takes counting: uid, conversation, stored key.
pub(crate) async fn list_places(
    pool: &PgPool,
    filter: &InboxFilter<'_>,
    limit: i64,
) -> Result<Vec<(String, i64, String)>, sqlx::Error> {
    let mut query = QueryBuilder::new("SELECT r.uid, r.conversation_id, r.conversation_key FROM (");
    push_rows(&mut query, filter);
    query.push(") AS r").push(NEWEST_FIRST).push(" LIMIT ").push_bind(limit);
    query.build_query_as().fetch_all(pool).await
}

/// How many rows match.
pub(crate) async fn count_inbox(pool: &PgPool, filter: &InboxFilter<'_>) -> Result<i64, sqlx::Error> {
    let mut query = QueryBuilder::new("SELECT count(*) FROM (");
    push_rows(&mut query, filter);
    query.push(") AS r");
    if filter.unread_only {
        query.push(UNREAD).push(" WHERE u.unread_count > 0");
    }
    query.build_query_scalar().fetch_one(pool).await
}

fn push_rows(query: &mut QueryBuilder<Postgres>, filter: &InboxFilter<'_>) {
    query
        .push("SELECT ")
        .push(COLUMNS)
        .push(
            " FROM participants AS p
             JOIN conversations AS c ON c.app_id = p.app_id AND c.conversation_id = p.conversation_id
             WHERE p.left_at IS NULL
                 AND (
                     c.preview_sequence > p.hidden_before_sequence
                     OR (p.hidden_before_sequence = 0 AND c.conversation_key LIKE 'g:%')
                 )
                 AND p.app_id = ",
        )
        .push_bind(filter.app_id.to_owned());
    if let Some(uid) = filter.uid {
        query.push(" AND p.uid = ").push_bind(uid.to_owned());
    }
    if let Some(key) = &filter.conversation_key {
        query.push(" AND c.conversation_key = ").push_bind(key.clone());
    }
    if !filter.kind.is_empty() {
        query.push(" AND left(c.conversation_key, 2) = ").push_bind(filter.kind.to_owned());
    }
    if !filter.tags.is_empty() {
        query.push(" AND p.tags && ").push_bind(filter.tags.to_vec());
    }
    if let Some(places) = filter.places {
        let (uids, ids): (Vec<String>, Vec<i64>) = places.iter().cloned().unzip();
        query
            .push(" AND (p.uid, p.conversation_id) IN (SELECT * FROM unnest(")
            .push_bind(uids)
            .push("::text[], ")
            .push_bind(ids)
            .push("::bigint[]))");
    }
}

fn push_slice(query: &mut QueryBuilder<Postgres>, slice: Slice) {
    query.push(" LIMIT ").push_bind(slice.limit).push(" OFFSET ").push_bind(slice.offset);
}
