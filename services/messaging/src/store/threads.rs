//! The tables `threads` and `thread_members`.

use chrono::{DateTime, Utc};
use halley_model::APP_SYSTEM_UID;
use sqlx::{PgConnection, PgPool, Postgres, QueryBuilder, Row as _};

use super::messages::{StoredMessage, columns};

/// Replies of one thread that are counted at most.
const COUNTED_MAX: i64 = 1000;

/// By how much a thread grows; less than 0: replies were deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Growth {
    pub app_id: String,
    pub parent_id: i64,
    pub count: i32,
    /// Whether there are new replies, however many others were deleted, and when the newest one came.
    pub replied_at: Option<DateTime<Utc>>,
}

impl Growth {
    /// Of a thread that stays as it is, to be added to.
    pub(crate) fn none(app_id: &str, parent_id: i64) -> Self {
        Self { app_id: app_id.to_owned(), parent_id, count: 0, replied_at: None }
    }
}

/// Somebody who has to do with new replies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub app_id: String,
    pub parent_id: i64,
    pub uid: String,
    /// Wrote one; else is mentioned in one.
    pub replied: bool,
}

/// Stores new and deleted replies with their parents, whose conversations are locked: one statement for a whole batch.
/// Who replied is subscribed by that, who is mentioned and has a place in the conversation, too, and the parent's sender
/// once, when the thread begins.
pub(crate) async fn grow(
    connection: &mut PgConnection,
    growths: &[Growth],
    members: &[Member],
) -> Result<(), sqlx::Error> {
    if growths.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "WITH grown AS (
             UPDATE messages
             SET reply_count = messages.reply_count + more.count
             FROM unnest($1::text[], $2::bigint[], $3::integer[], $4::timestamptz[])
                 AS more (app_id, message_id, count, replied_at)
             WHERE messages.app_id = more.app_id AND messages.message_id = more.message_id
             RETURNING messages.app_id, messages.message_id, messages.conversation_id, messages.sender_uid,
                 more.replied_at
         ), moved AS (
             INSERT INTO threads AS t (app_id, parent_id, conversation_id, updated_at)
             SELECT app_id, message_id, conversation_id, replied_at FROM grown WHERE replied_at IS NOT NULL
             ON CONFLICT (app_id, parent_id) DO UPDATE SET updated_at = GREATEST(t.updated_at, EXCLUDED.updated_at)
         ), given AS (
             SELECT g.app_id, g.uid, g.parent_id, bool_or(g.replied) AS replied
             FROM unnest($5::text[], $6::text[], $7::bigint[], $8::boolean[]) AS g (app_id, uid, parent_id, replied)
             WHERE g.uid <> $9
                 AND (
                     g.replied
                     OR EXISTS (
                         SELECT FROM grown
                         JOIN participants AS p
                             ON p.app_id = grown.app_id AND p.uid = g.uid AND p.conversation_id = grown.conversation_id
                         WHERE grown.app_id = g.app_id AND grown.message_id = g.parent_id AND p.left_at IS NULL
                     )
                 )
             GROUP BY g.app_id, g.uid, g.parent_id
         ), begun AS (
             INSERT INTO thread_members (app_id, uid, parent_id, participates, subscribed)
             SELECT app_id, sender_uid, message_id, false, true
             FROM grown
             WHERE replied_at IS NOT NULL AND sender_uid <> $9
                 AND NOT EXISTS (
                     SELECT FROM given
                     WHERE given.app_id = grown.app_id AND given.parent_id = grown.message_id
                         AND given.uid = grown.sender_uid
                 )
             ON CONFLICT (app_id, uid, parent_id) DO NOTHING
         )
         INSERT INTO thread_members AS m (app_id, uid, parent_id, participates, subscribed)
         SELECT app_id, uid, parent_id, replied, true FROM given
         ON CONFLICT (app_id, uid, parent_id) DO UPDATE
         SET participates = m.participates OR EXCLUDED.participates, subscribed = true
         WHERE NOT m.subscribed OR (EXCLUDED.participates AND NOT m.participates)",
    )
    .bind(growths.iter().map(|row| row.app_id.as_str()).collect::<Vec<_>>())
    .bind(growths.iter().map(|row| row.parent_id).collect::<Vec<_>>())
    .bind(growths.iter().map(|row| row.count).collect::<Vec<_>>())
    .bind(growths.iter().map(|row| row.replied_at).collect::<Vec<_>>())
    .bind(members.iter().map(|row| row.app_id.as_str()).collect::<Vec<_>>())
    .bind(members.iter().map(|row| row.uid.as_str()).collect::<Vec<_>>())
    .bind(members.iter().map(|row| row.parent_id).collect::<Vec<_>>())
    .bind(members.iter().map(|row| row.replied).collect::<Vec<_>>())
    .bind(APP_SYSTEM_UID)
    .execute(connection)
    .await?;
    Ok(())
}

/// Subscribes a user to a message's thread.
pub(crate) async fn subscribe(pool: &PgPool, app_id: &str, uid: &str, parent_id: i64) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO thread_members (app_id, uid, parent_id, participates, subscribed) VALUES ($1, $2, $3, false, true)
         ON CONFLICT (app_id, uid, parent_id) DO UPDATE SET subscribed = true",
    )
    .bind(app_id)
    .bind(uid)
    .bind(parent_id)
    .execute(pool)
    .await?;
    Ok(())
}

/// Ends a subscription, if there is one.
pub(crate) async fn unsubscribe(pool: &PgPool, app_id: &str, uid: &str, parent_id: i64) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE thread_members SET subscribed = false WHERE app_id = $1 AND uid = $2 AND parent_id = $3")
        .bind(app_id)
        .bind(uid)
        .bind(parent_id)
        .execute(pool)
        .await?;
    Ok(())
}

/// To which of these messages' threads a user is subscribed.
pub(crate) async fn list_subscribed(
    pool: &PgPool,
    app_id: &str,
    uid: &str,
    parent_ids: &[i64],
) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT parent_id FROM thread_members WHERE app_id = $1 AND uid = $2 AND parent_id = ANY($3) AND subscribed",
    )
    .bind(app_id)
    .bind(uid)
    .bind(parent_ids)
    .fetch_all(pool)
    .await
}

/// When the newest reply of a thread came.
pub(crate) async fn find_updated_at(
    pool: &PgPool,
    app_id: &str,
    parent_id: i64,
) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    sqlx::query_scalar("SELECT updated_at FROM threads WHERE app_id = $1 AND parent_id = $2")
        .bind(app_id)
        .bind(parent_id)
        .fetch_optional(pool)
        .await
}

/// Where threads come from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// The conversations that a user is in now, perhaps one of them, perhaps only direct ones.
    OfUser { uid: String, conversation_key: Option<String>, direct_only: bool },
    /// The whole app, or one conversation in it.
    App { conversation_key: Option<String> },
}

/// Which threads.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub app_id: String,
    pub source: Source,
    /// Only those in which this user takes part.
    pub participant: Option<String>,
    /// Exclusive: a time, and the parent of a thread of that time.
    pub cursor: Option<(DateTime<Utc>, i64)>,
    pub newer: bool,
    pub limit: i64,
}

/// A thread's place in a list.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Row {
    pub parent_id: i64,
    pub updated_at: DateTime<Utc>,
}

/// Lists threads from the cursor on, in the direction asked for, one more than the limit if there are more.
pub(crate) async fn list(pool: &PgPool, query: &Query) -> Result<Vec<Row>, sqlx::Error> {
    let mut sql = QueryBuilder::new("SELECT t.parent_id, t.updated_at FROM ");
    match &query.source {
        Source::OfUser { uid, conversation_key, direct_only } => {
            // The first rows of each conversation and then the first of them all: a user's conversations are few.
            sql.push(
                "participants AS p
                 JOIN conversations AS c ON c.app_id = p.app_id AND c.conversation_id = p.conversation_id
                 CROSS JOIN LATERAL (
                     SELECT t.parent_id, t.updated_at
                     FROM threads AS t
                     JOIN messages AS m ON m.app_id = t.app_id AND m.message_id = t.parent_id
                     WHERE t.app_id = p.app_id AND t.conversation_id = p.conversation_id
                         AND m.sequence > p.hidden_before_sequence",
            );
            push_filter(&mut sql, query);
            push_order(&mut sql, query);
            sql.push(") AS t WHERE p.left_at IS NULL AND p.app_id = ").push_bind(query.app_id.clone());
            sql.push(" AND p.uid = ").push_bind(uid.clone());
            if *direct_only {
                sql.push(" AND c.conversation_key LIKE 'u:%'");
            }
            push_key(&mut sql, conversation_key.as_ref());
        }
        Source::App { conversation_key } => {
            sql.push(
                "threads AS t
                 JOIN messages AS m ON m.app_id = t.app_id AND m.message_id = t.parent_id
                 JOIN conversations AS c ON c.app_id = t.app_id AND c.conversation_id = t.conversation_id
                 WHERE c.conversation_key NOT LIKE 'x:%' AND t.app_id = ",
            );
            sql.push_bind(query.app_id.clone());
            push_key(&mut sql, conversation_key.as_ref());
            push_filter(&mut sql, query);
        }
    }
    push_order(&mut sql, query);
    sql.build_query_as().fetch_all(pool).await
}

fn push_key(sql: &mut QueryBuilder<Postgres>, conversation_key: Option<&String>) {
    if let Some(key) = conversation_key {
        sql.push(" AND c.conversation_key = ").push_bind(key.clone());
    }
}

fn push_filter(sql: &mut QueryBuilder<Postgres>, query: &Query) {
    sql.push(" AND m.reply_count > 0 AND NOT m.erased");
    if let Some((at, parent_id)) = query.cursor {
        sql.push(" AND (t.updated_at, t.parent_id)").push(if query.newer { " > (" } else { " < (" });
        sql.push_bind(at).push(", ").push_bind(parent_id).push(")");
    }
    if let Some(uid) = &query.participant {
        sql.push(" AND (m.sender_uid = ").push_bind(uid.clone());
        sql.push(" OR EXISTS (SELECT FROM thread_members AS own WHERE own.app_id = t.app_id AND own.uid = ");
        sql.push_bind(uid.clone()).push(" AND own.parent_id = t.parent_id AND own.participates))");
    }
}

fn push_order(sql: &mut QueryBuilder<Postgres>, query: &Query) {
    let direction = if query.newer { " ASC" } else { " DESC" };
    sql.push(" ORDER BY t.updated_at").push(direction).push(", t.parent_id").push(direction);
    sql.push(" LIMIT ").push_bind(query.limit + 1);
}

/// The newest reply of each thread that is not deleted.
pub(crate) async fn list_last_replies(
    pool: &PgPool,
    app_id: &str,
    parent_ids: &[i64],
) -> Result<Vec<StoredMessage>, sqlx::Error> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        ", c.conversation_key
         FROM unnest($2::bigint[]) AS asked (parent_id)
         CROSS JOIN LATERAL (
             SELECT * FROM messages
             WHERE messages.app_id = $1 AND messages.parent_id = asked.parent_id AND messages.deleted_at IS NULL
             ORDER BY messages.message_id DESC
             LIMIT 1
         ) AS m
         JOIN conversations AS c ON c.app_id = m.app_id AND c.conversation_id = m.conversation_id"
    ))
    .bind(app_id)
    .bind(parent_ids)
    .fetch_all(pool)
    .await?;
    rows.iter().map(StoredMessage::read_with_key).collect()
}

/// What of a thread a user has not read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Unread {
    pub replies: i32,
    pub mentions: i32,
}

/// Counts the replies of others that lie behind the user's place in the conversation, of all threads at once. Their texts are
/// read only for mentions.
pub(crate) async fn count_unread(
    pool: &PgPool,
    app_id: &str,
    uid: &str,
    parent_ids: &[i64],
    with_mentions: bool,
) -> Result<Vec<(i64, Unread)>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT t.parent_id, count(*)::integer AS replies,
             count(*) FILTER (WHERE position($4 IN unread.text) > 0)::integer AS mentions
         FROM unnest($3::bigint[]) AS asked (parent_id)
         JOIN threads AS t ON t.app_id = $1 AND t.parent_id = asked.parent_id
         JOIN conversations AS c ON c.app_id = t.app_id AND c.conversation_id = t.conversation_id
         JOIN participants AS p ON p.app_id = t.app_id AND p.uid = $2 AND p.conversation_id = t.conversation_id
         CROSS JOIN LATERAL (
             SELECT COALESCE((
                 SELECT read.message_id FROM messages AS read
                 WHERE read.app_id = t.app_id AND read.conversation_id = t.conversation_id AND read.sequence <=
                     COALESCE(p.unread_sequence, GREATEST(p.read_sequence, p.joined_sequence, c.history_sequence))
                 ORDER BY read.sequence DESC
                 LIMIT 1
             ), 0) AS message_id
         ) AS boundary
         CROSS JOIN LATERAL (
             SELECT CASE WHEN $6 THEN COALESCE(m.data ->> 'text', '') ELSE '' END AS text
             FROM messages AS m
             WHERE m.app_id = t.app_id AND m.parent_id = t.parent_id AND m.message_id > boundary.message_id
                 AND m.sender_uid <> p.uid AND m.deleted_at IS NULL
             ORDER BY m.message_id
             LIMIT $5
         ) AS unread
         GROUP BY t.parent_id",
    )
    .bind(app_id)
    .bind(uid)
    .bind(parent_ids)
    .bind(format!("<@uid:{uid}>"))
    .bind(COUNTED_MAX)
    .bind(with_mentions)
    .fetch_all(pool)
    .await?;
    let count = |row: &sqlx::postgres::PgRow| {
        Ok((row.try_get(0)?, Unread { replies: row.try_get(1)?, mentions: row.try_get(2)? }))
    };
    rows.iter().map(count).collect()
}
