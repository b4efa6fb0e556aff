//! What all members of a group have received or read: the lowest of their watermarks.

use sqlx::{PgConnection, PgPool, QueryBuilder};

use super::participants::{DELIVERED, RECEIVED};

/// Which watermark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Delivered,
    Read,
}

/// How far everybody is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lowest {
    /// How many have a place.
    pub places: i64,
    /// Who is farthest behind, and the watermark of that.
    pub uid: String,
    pub sequence: i64,
    /// The lowest watermark of the others.
    pub of_others: i64,
}

/// How far the members of a group's conversation are; `None` without any. Reads a row for each member.
pub(crate) async fn find_lowest(
    pool: &PgPool,
    app_id: &str,
    conversation_id: i64,
    mark: Mark,
) -> Result<Option<Lowest>, sqlx::Error> {
    let watermark = match mark {
        Mark::Delivered => DELIVERED,
        Mark::Read => RECEIVED,
    };
    let mut query = QueryBuilder::new("SELECT p.uid, ");
    query
        .push(watermark)
        .push(
            " AS sequence, count(*) OVER () AS places
             FROM conversations AS c
             JOIN participants AS p ON p.app_id = c.app_id AND p.conversation_id = c.conversation_id
             WHERE p.left_at IS NULL AND c.app_id = ",
        )
        .push_bind(app_id)
        .push(" AND c.conversation_id = ")
        .push_bind(conversation_id)
        .push(" ORDER BY 2, 1 LIMIT 2");
    let mut rows: Vec<(String, i64, i64)> = query.build_query_as().fetch_all(pool).await?;
    let of_others = rows.get(1).map_or(i64::MAX, |row| row.1);
    let lowest = rows.drain(..).next();
    Ok(lowest.map(|(uid, sequence, places)| Lowest { places, uid, sequence, of_others }))
}

/// The newest message of each sender after one place and up to another.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Newest {
    pub sender_uid: String,
    pub message_id: i64,
    pub sequence: i64,
}

/// For each sender who is still there but the one who moves, the newest message of a stretch that everybody else is past. Everybody is past
/// `lowest.sequence`, and past `lowest.of_others` but for the one who is farthest behind.
pub(crate) async fn list_newest(
    pool: &PgPool,
    app_id: &str,
    conversation_id: i64,
    (after, up_to): (i64, i64),
    lowest: &Lowest,
    mover: &str,
) -> Result<Vec<Newest>, sqlx::Error> {
    sqlx::query_as(
        "SELECT DISTINCT ON (sender_uid) sender_uid, message_id, sequence
         FROM messages AS m
         WHERE app_id = $1 AND conversation_id = $2 AND sequence > $3 AND sequence <= $4
             AND sender_uid <> $8 AND (sequence <= $5 OR (sequence <= $6 AND sender_uid = $7))
             AND EXISTS (
                 SELECT FROM participants AS p
                 WHERE p.app_id = $1 AND p.conversation_id = $2 AND p.uid = m.sender_uid AND p.left_at IS NULL
             )
         ORDER BY sender_uid, sequence DESC",
    )
    .bind(app_id)
    .bind(conversation_id)
    .bind(after)
    .bind(up_to)
    .bind(lowest.sequence)
    .bind(lowest.of_others)
    .bind(&lowest.uid)
    .bind(mover)
    .fetch_all(pool)
    .await
}

/// Who sent the last `limit` messages after one place and up to another, and is still there.
pub(crate) async fn list_senders(
    connection: &mut PgConnection,
    app_id: &str,
    conversation_id: i64,
    after: i64,
    up_to: i64,
    limit: i64,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT DISTINCT sender_uid
         FROM (
             SELECT sender_uid
             FROM messages
             WHERE app_id = $1 AND conversation_id = $2 AND sequence > $3 AND sequence <= $4
             ORDER BY sequence DESC
             LIMIT $5
         ) AS last
         WHERE EXISTS (
             SELECT FROM participants AS p
             WHERE p.app_id = $1 AND p.conversation_id = $2 AND p.uid = last.sender_uid AND p.left_at IS NULL
         )",
    )
    .bind(app_id)
    .bind(conversation_id)
    .bind(after)
    .bind(up_to)
    .bind(limit)
    .fetch_all(connection)
    .await
}
