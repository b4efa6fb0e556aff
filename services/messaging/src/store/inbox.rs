//! Conversations as their participants see them: both tables together, with unread counts.
//!
//! The unread count is arithmetic on positions, so that nothing is written per member and message: what was counted
//! in the conversation, less what was counted up to where the user has read, less the user's own after that.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool, Postgres, QueryBuilder};

use super::participants;

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
    pub hidden_before_sequence: i64,
    pub created_at: DateTime<Utc>,
    pub active_at: DateTime<Utc>,
    pub unread_count: i64,
    /// Unread messages that mention the participant.
    pub unread_mentions: i64,
    pub own_pinned_at: Option<DateTime<Utc>>,
    /// Where the row stands: see [`Place`].
    pub rank: i32,
    pub pin_order: i64,
    pub active_order: i64,
    /// Since when the app has pinned it; filled in by who knows the app's pins.
    #[sqlx(skip)]
    pub system_pinned_at: Option<DateTime<Utc>>,
}

/// A row's place in the list, by what the list is sorted by. One user's list: what the app pinned, in its order; what the
/// user pinned, the newest first; the others, the newest activity first. Everybody's: by uid, then by activity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub rank: i32,
    /// Microseconds below 0: what is newer comes first.
    pub pin_order: i64,
    pub active_order: i64,
    pub uid: String,
    pub conversation_key: String,
}

impl InboxRow {
    /// Where the row stands.
    pub(crate) fn place(&self) -> Place {
        Place {
            rank: self.rank,
            pin_order: self.pin_order,
            active_order: self.active_order,
            uid: self.uid.clone(),
            conversation_key: self.conversation_key.clone(),
        }
    }
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
    /// What these users wrote does not count.
    pub not_senders: &'a [String],
    /// What is not delivered counts, rather than what is not read.
    pub undelivered: bool,
    /// Only these places, by uid and conversation.
    pub places: Option<&'a [(String, i64)]>,
    /// None of these.
    pub hidden_keys: Vec<String>,
    /// What the app has pinned, in its order.
    pub system_keys: Vec<String>,
    pub pinned_by_owner: bool,
    pub pinned_by_app: bool,
    /// Each conversation once.
    pub unique: bool,
    /// Only what stands behind it.
    pub after: Option<Place>,
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
     p.tags, p.hidden_before_sequence, c.created_at, COALESCE(c.last_message_at, c.created_at) AS active_at, \
     own.pinned_at AS own_pinned_at, \
     -(extract(epoch FROM COALESCE(c.last_message_at, c.created_at)) * 1000000)::bigint AS active_order, ";

/// The rank of what the app has not pinned.
const UNPINNED: i32 = 1000;

/// Those of the users in the middle are left out of the count.
const UNREAD: [&str; 2] = [
    " CROSS JOIN LATERAL (
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
            WHERE m.app_id = r.app_id AND m.conversation_id = r.conversation_id AND m.sender_uid = ANY(",
    " || r.uid)
                AND m.sequence > r.boundary AND m.counted
        )
    END AS unread_count
) AS u",
];

const MENTIONS: &str = "(
    SELECT count(*) FROM mentions AS x
    WHERE x.app_id = r.app_id AND x.uid = r.uid AND x.conversation_id = r.conversation_id AND x.sequence > r.boundary
) AS unread_mentions";

/// The columns of [`Place`], in the order of the sort.
fn sorted_by(filter: &InboxFilter<'_>) -> &'static str {
    match filter.uid {
        Some(_) => "r.rank, r.pin_order, r.active_order, r.conversation_key",
        None => "r.uid, r.active_order, r.conversation_key",
    }
}

/// The matching rows, in the order of [`Place`].
pub(crate) async fn list_inbox(
    connection: &mut PgConnection,
    filter: &InboxFilter<'_>,
    slice: Slice,
) -> Result<Vec<InboxRow>, sqlx::Error> {
    let mut query = QueryBuilder::new("SELECT r.*, u.unread_count, ");
    query.push(MENTIONS).push(" FROM (");
    if !filter.unread_only {
        // Counting waits until the page is known.
        query.push("SELECT * FROM (");
    }
    push_rows(&mut query, filter);
    query.push(") AS r");
    if filter.unread_only {
        push_unread(&mut query, filter);
        query.push(" WHERE u.unread_count > 0");
        push_after(&mut query, filter, " AND ");
        push_slice(&mut query, filter, slice);
    } else {
        push_after(&mut query, filter, " WHERE ");
        push_slice(&mut query, filter, slice);
        query.push(") AS r");
        push_unread(&mut query, filter);
        query.push(" ORDER BY ").push(sorted_by(filter));
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
    query.push(") AS r ORDER BY r.active_order, r.conversation_id, r.uid LIMIT ").push_bind(limit);
    query.build_query_as().fetch_all(pool).await
}

/// How many rows match.
pub(crate) async fn count_inbox(pool: &PgPool, filter: &InboxFilter<'_>) -> Result<i64, sqlx::Error> {
    let mut query = QueryBuilder::new("SELECT count(*) FROM (");
    push_rows(&mut query, filter);
    query.push(") AS r");
    if filter.unread_only {
        push_unread(&mut query, filter);
        query.push(" WHERE u.unread_count > 0");
    }
    query.build_query_scalar().fetch_one(pool).await
}

fn push_unread(query: &mut QueryBuilder<Postgres>, filter: &InboxFilter<'_>) {
    query.push(UNREAD[0]).push_bind(filter.not_senders.to_vec()).push(UNREAD[1]);
}

/// The conversations that somebody is in and that are to be seen there: `p` and `c`.
const VISIBLE: &str = "p.left_at IS NULL
    AND (
        c.preview_sequence > p.hidden_before_sequence
        OR p.opened
        OR (p.hidden_before_sequence = 0 AND c.conversation_key LIKE 'g:%')
        OR p.keeps_place
    )";

/// Of everybody's rows of a conversation the first one's alone.
const FIRST_OF_ITS_CONVERSATION: &str = " AND NOT EXISTS (
    SELECT FROM participants AS first
    WHERE first.app_id = p.app_id AND first.conversation_id = p.conversation_id AND first.uid < p.uid
        AND first.left_at IS NULL
        AND (
            c.preview_sequence > first.hidden_before_sequence
            OR first.opened
            OR (first.hidden_before_sequence = 0 AND c.conversation_key LIKE 'g:%')
            OR first.keeps_place
        )
)";

fn push_rows(query: &mut QueryBuilder<Postgres>, filter: &InboxFilter<'_>) {
    let boundary = if filter.undelivered { participants::DELIVERED } else { participants::READ };
    query.push("SELECT ").push(COLUMNS).push(boundary).push(" AS boundary, ");
    if filter.uid.is_some() {
        query.push("COALESCE(array_position(").push_bind(filter.system_keys.clone());
        query.push("::text[], c.conversation_key::text), ").push(UNPINNED).push(") AS rank, ");
        query.push("COALESCE(-(extract(epoch FROM own.pinned_at) * 1000000)::bigint, 0) AS pin_order");
    } else {
        query.push(UNPINNED).push(" AS rank, 0::bigint AS pin_order");
    }
    query
        .push(
            " FROM participants AS p
             JOIN conversations AS c ON c.app_id = p.app_id AND c.conversation_id = p.conversation_id
             LEFT JOIN conversation_pins AS own
                 ON own.app_id = p.app_id AND own.uid = p.uid AND own.conversation_key = c.conversation_key
             WHERE ",
        )
        .push(VISIBLE)
        .push(" AND p.app_id = ")
        .push_bind(filter.app_id.to_owned());
    push_filter(query, filter);
}

fn push_filter(query: &mut QueryBuilder<Postgres>, filter: &InboxFilter<'_>) {
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
    if !filter.hidden_keys.is_empty() {
        query.push(" AND c.conversation_key <> ALL(").push_bind(filter.hidden_keys.clone()).push(")");
    }
    if filter.pinned_by_owner || filter.pinned_by_app {
        query.push(" AND (false");
        if filter.pinned_by_owner {
            query.push(" OR own.pinned_at IS NOT NULL");
        }
        if filter.pinned_by_app {
            query.push(" OR c.conversation_key = ANY(").push_bind(filter.system_keys.clone()).push(")");
        }
        query.push(")");
    }
    if filter.unique {
        query.push(FIRST_OF_ITS_CONVERSATION);
    }
    if let (None, Some(after)) = (filter.uid, &filter.after) {
        // Lets the index begin where the page does.
        query.push(" AND p.uid >= ").push_bind(after.uid.clone());
    }
}

fn push_after(query: &mut QueryBuilder<Postgres>, filter: &InboxFilter<'_>, joined_by: &str) {
    let Some(after) = &filter.after else { return };
    query.push(joined_by).push("(").push(sorted_by(filter)).push(") > (");
    if filter.uid.is_some() {
        query.push_bind(after.rank).push(", ").push_bind(after.pin_order).push(", ");
    } else {
        query.push_bind(after.uid.clone()).push(", ");
    }
    query.push_bind(after.active_order).push(", ").push_bind(after.conversation_key.clone()).push(")");
}

fn push_slice(query: &mut QueryBuilder<Postgres>, filter: &InboxFilter<'_>, slice: Slice) {
    query.push(" ORDER BY ").push(sorted_by(filter));
    query.push(" LIMIT ").push_bind(slice.limit).push(" OFFSET ").push_bind(slice.offset);
}
