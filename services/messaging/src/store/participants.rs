//! The table `participants`.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool, QueryBuilder};

/// After which sequence number messages are unread for a participant `p` of a conversation `c`.
pub(crate) const READ: &str =
    "COALESCE(p.unread_sequence, GREATEST(p.read_sequence, p.joined_sequence, c.history_sequence))";
/// Up to which they were read, wherever counting begins again.
pub(crate) const RECEIVED: &str = "GREATEST(p.read_sequence, p.joined_sequence, c.history_sequence)";
/// After which they are not delivered.
pub(crate) const DELIVERED: &str = "GREATEST(p.delivered_sequence, p.joined_sequence, c.history_sequence)";

/// Watermarks of a participant, for receipts.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Watermarks {
    pub conversation_id: i64,
    pub uid: String,
    pub delivered_sequence: i64,
    pub delivered_at: Option<DateTime<Utc>>,
    pub read_sequence: i64,
    pub read_at: Option<DateTime<Utc>>,
}

/// Watermarks of both users of direct conversations, and of one user in groups; in one question.
pub(crate) async fn list_watermarks(
    pool: &PgPool,
    app_id: &str,
    direct_ids: &[i64],
    uid: &str,
    group_ids: &[i64],
) -> Result<Vec<Watermarks>, sqlx::Error> {
    sqlx::query_as(
        "SELECT conversation_id, uid, delivered_sequence, delivered_at, read_sequence, read_at
         FROM participants
         WHERE app_id = $1 AND conversation_id = ANY($2)
         UNION ALL
         SELECT conversation_id, uid, delivered_sequence, delivered_at, read_sequence, read_at
         FROM participants
         WHERE app_id = $1 AND uid = $3 AND conversation_id = ANY($4)",
    )
    .bind(app_id)
    .bind(direct_ids)
    .bind(uid)
    .bind(group_ids)
    .fetch_all(pool)
    .await
}

/// Watermarks of those in a group's conversation to whom a message was delivered; none if more than `most` are in it.
pub(crate) async fn list_reached(
    pool: &PgPool,
    app_id: &str,
    conversation_id: i64,
    sequence: i64,
    most: i64,
) -> Result<Vec<Watermarks>, sqlx::Error> {
    sqlx::query_as(
        "SELECT conversation_id, uid, delivered_sequence, delivered_at, read_sequence, read_at
         FROM (
             SELECT first.*, count(*) OVER () AS places
             FROM (
                 SELECT * FROM participants
                 WHERE app_id = $1 AND conversation_id = $2 AND left_at IS NULL
                 LIMIT $4 + 1
             ) AS first
         ) AS p
         WHERE places <= $4 AND delivered_sequence >= $3
         ORDER BY uid",
    )
    .bind(app_id)
    .bind(conversation_id)
    .bind(sequence)
    .bind(most)
    .fetch_all(pool)
    .await
}

/// A place in a conversation that begins or ends.
pub(crate) struct Change<'a> {
    pub app_id: &'a str,
    pub uid: &'a str,
    pub conversation_id: i64,
    pub joined_sequence: i64,
    pub left_at: Option<DateTime<Utc>>,
    pub at: DateTime<Utc>,
}

/// Stores that users came in or left. A change that is older than what is stored changes nothing, and who is in
/// stays where they came in; who had a place before this told of it came in now.
pub(crate) async fn upsert_participants(
    connection: &mut PgConnection,
    changes: &[Change<'_>],
) -> Result<(), sqlx::Error> {
    if changes.is_empty() {
        return Ok(());
    }
    // One row can't be changed twice by one statement: only each place's last change is given to it.
    sqlx::query(
        "INSERT INTO participants AS p (app_id, uid, conversation_id, joined_sequence, left_at, membership_at)
         SELECT DISTINCT ON (app_id, uid, conversation_id)
             app_id, uid, conversation_id, joined_sequence, left_at, membership_at
         FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::timestamptz[])
             WITH ORDINALITY AS given (app_id, uid, conversation_id, joined_sequence, left_at, membership_at, place)
         ORDER BY app_id, uid, conversation_id, membership_at DESC, place DESC
         ON CONFLICT (app_id, uid, conversation_id) DO UPDATE
         SET joined_sequence = CASE
                 WHEN (p.left_at IS NOT NULL OR p.membership_at IS NULL) AND EXCLUDED.left_at IS NULL
                     THEN EXCLUDED.joined_sequence
                 ELSE p.joined_sequence
             END,
             unread_sequence = CASE WHEN EXCLUDED.left_at IS NULL THEN p.unread_sequence END,
             unread_message_id = CASE WHEN EXCLUDED.left_at IS NULL THEN p.unread_message_id END,
             left_at = EXCLUDED.left_at,
             membership_at = EXCLUDED.membership_at
         WHERE p.membership_at IS NULL OR p.membership_at <= EXCLUDED.membership_at",
    )
    .bind(changes.iter().map(|change| change.app_id).collect::<Vec<_>>())
    .bind(changes.iter().map(|change| change.uid).collect::<Vec<_>>())
    .bind(changes.iter().map(|change| change.conversation_id).collect::<Vec<_>>())
    .bind(changes.iter().map(|change| change.joined_sequence).collect::<Vec<_>>())
    .bind(changes.iter().map(|change| change.left_at).collect::<Vec<_>>())
    .bind(changes.iter().map(|change| change.at).collect::<Vec<_>>())
    .execute(&mut *connection)
    .await?;
    match changes.iter().any(|change| change.left_at.is_some()) {
        true => delete_pins_of_left(connection, changes).await,
        false => Ok(()),
    }
}

/// Who is out of a conversation has it pinned no more: it would fill a place that is not seen.
async fn delete_pins_of_left(connection: &mut PgConnection, changes: &[Change<'_>]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM conversation_pins AS pin
         USING unnest($1::text[], $2::text[], $3::bigint[]) AS given (app_id, uid, conversation_id)
         JOIN participants AS p
             ON p.app_id = given.app_id AND p.uid = given.uid AND p.conversation_id = given.conversation_id
         JOIN conversations AS c ON c.app_id = p.app_id AND c.conversation_id = p.conversation_id
         WHERE p.left_at IS NOT NULL
             AND pin.app_id = p.app_id AND pin.uid = p.uid AND pin.conversation_key = c.conversation_key",
    )
    .bind(changes.iter().map(|change| change.app_id).collect::<Vec<_>>())
    .bind(changes.iter().map(|change| change.uid).collect::<Vec<_>>())
    .bind(changes.iter().map(|change| change.conversation_id).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives a member of a group a place if none was made yet.
pub(crate) async fn insert_if_missing(
    connection: &mut PgConnection,
    app_id: &str,
    uid: &str,
    conversation_id: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO participants (app_id, uid, conversation_id) VALUES ($1, $2, $3)
         ON CONFLICT (app_id, uid, conversation_id) DO NOTHING",
    )
    .bind(app_id)
    .bind(uid)
    .bind(conversation_id)
    .execute(connection)
    .await?;
    Ok(())
}

/// A participant's row, locked, with the message that a watermark is to move to.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct LockedPlace {
    pub conversation_id: i64,
    pub history_sequence: i64,
    pub joined_sequence: i64,
    pub read_sequence: i64,
    pub read_message_id: i64,
    pub delivered_sequence: i64,
    pub delivered_message_id: i64,
    pub unread_sequence: Option<i64>,
    pub unread_message_id: Option<i64>,
    /// The newest message whose id is not above the one asked for; 0 and empty without any.
    pub to_sequence: i64,
    pub to_message_id: i64,
    pub to_sender: String,
}

/// Locks a user's place in a conversation, if there is one now.
pub(crate) async fn lock_place(
    connection: &mut PgConnection,
    app_id: &str,
    uid: &str,
    conversation_key: &str,
    up_to_message_id: i64,
) -> Result<Option<LockedPlace>, sqlx::Error> {
    sqlx::query_as(
        "SELECT c.conversation_id, c.history_sequence, p.joined_sequence, p.read_sequence, p.read_message_id,
             p.delivered_sequence, p.delivered_message_id, p.unread_sequence, p.unread_message_id,
             COALESCE(m.sequence, 0) AS to_sequence, COALESCE(m.message_id, 0) AS to_message_id,
             COALESCE(m.sender_uid, '') AS to_sender
         FROM conversations AS c
         JOIN participants AS p ON p.app_id = c.app_id AND p.conversation_id = c.conversation_id
         LEFT JOIN LATERAL (
             SELECT sequence, message_id, sender_uid
             FROM messages
             WHERE messages.app_id = c.app_id AND messages.conversation_id = c.conversation_id
                 AND messages.message_id <= $4
             ORDER BY messages.message_id DESC
             LIMIT 1
         ) AS m ON true
         WHERE c.app_id = $1 AND c.conversation_key = $2 AND p.uid = $3 AND p.left_at IS NULL
         FOR UPDATE OF p",
    )
    .bind(app_id)
    .bind(conversation_key)
    .bind(uid)
    .bind(up_to_message_id)
    .fetch_optional(connection)
    .await
}

/// Stores the watermarks of a locked place. Times are set where the watermark is new.
pub(crate) async fn update_place(
    connection: &mut PgConnection,
    app_id: &str,
    uid: &str,
    place: &LockedPlace,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE participants
         SET read_at = CASE WHEN read_sequence < $4 THEN $10 ELSE read_at END,
             delivered_at = CASE WHEN delivered_sequence < $6 THEN $10 ELSE delivered_at END,
             read_sequence = $4,
             read_message_id = $5,
             delivered_sequence = $6,
             delivered_message_id = $7,
             unread_sequence = $8,
             unread_message_id = $9
         WHERE app_id = $1 AND uid = $2 AND conversation_id = $3",
    )
    .bind(app_id)
    .bind(uid)
    .bind(place.conversation_id)
    .bind(place.read_sequence)
    .bind(place.read_message_id)
    .bind(place.delivered_sequence)
    .bind(place.delivered_message_id)
    .bind(place.unread_sequence)
    .bind(place.unread_message_id)
    .bind(at)
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives a user's place in a conversation other tags; answers whether there is one.
pub(crate) async fn set_tags(
    connection: &mut PgConnection,
    app_id: &str,
    uid: &str,
    conversation_key: &str,
    tags: &[String],
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE participants AS p
         SET tags = $4
         FROM conversations AS c
         WHERE c.app_id = $1 AND c.conversation_key = $2
             AND p.app_id = c.app_id AND p.uid = $3 AND p.conversation_id = c.conversation_id AND p.left_at IS NULL",
    )
    .bind(app_id)
    .bind(conversation_key)
    .bind(uid)
    .bind(tags)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The tags that a user gave a conversation, and the place up to which its history is hidden from the user; locked until the
/// transaction ends, so that what is told of them is told in the order of their changes. `None`: the user has no place there.
pub(crate) async fn lock_own_side(
    connection: &mut PgConnection,
    app_id: &str,
    uid: &str,
    conversation_key: &str,
) -> Result<Option<(Vec<String>, i64)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT p.tags, p.hidden_before_sequence
         FROM conversations AS c
         JOIN participants AS p ON p.app_id = c.app_id AND p.conversation_id = c.conversation_id
         WHERE c.app_id = $1 AND c.conversation_key = $2 AND p.uid = $3
         FOR UPDATE OF p",
    )
    .bind(app_id)
    .bind(conversation_key)
    .bind(uid)
    .fetch_optional(connection)
    .await
}

/// Hides what was said so far from one user, for whom it counts as read; answers the place up to which it is hidden. `None`: the
/// user has no place there. The conversation leaves the user's list until something new is said, unless it keeps its place.
pub(crate) async fn hide_history(
    connection: &mut PgConnection,
    app_id: &str,
    uid: &str,
    conversation_key: &str,
    keeps_place: bool,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar(
        "UPDATE participants AS p
         SET hidden_before_sequence = c.last_sequence,
             joined_sequence = c.last_sequence,
             unread_sequence = NULL,
             unread_message_id = NULL,
             opened = false,
             keeps_place = $4
         FROM conversations AS c
         WHERE c.app_id = $1 AND c.conversation_key = $2
             AND p.app_id = c.app_id AND p.uid = $3 AND p.conversation_id = c.conversation_id AND p.left_at IS NULL
         RETURNING p.hidden_before_sequence",
    )
    .bind(app_id)
    .bind(conversation_key)
    .bind(uid)
    .bind(keeps_place)
    .fetch_optional(connection)
    .await
}

/// Shows conversations to everybody in them, also while nothing in them is to be seen.
pub(crate) async fn open(
    connection: &mut PgConnection,
    app_id: &str,
    conversation_keys: &[String],
) -> Result<(), sqlx::Error> {
    // In one order for all, so that nobody waits in a circle.
    sqlx::query(
        "WITH places AS (
             SELECT p.uid, p.conversation_id
             FROM conversations AS c
             JOIN participants AS p ON p.app_id = c.app_id AND p.conversation_id = c.conversation_id
             WHERE c.app_id = $1 AND c.conversation_key = ANY($2) AND p.left_at IS NULL AND NOT p.opened
             ORDER BY p.conversation_id, p.uid
             FOR UPDATE OF p
         )
         UPDATE participants AS p
         SET opened = true
         FROM places
         WHERE p.app_id = $1 AND p.uid = places.uid AND p.conversation_id = places.conversation_id",
    )
    .bind(app_id)
    .bind(conversation_keys)
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes what was said so far in a conversation unread for nobody.
pub(crate) async fn count_as_read(
    connection: &mut PgConnection,
    app_id: &str,
    conversation_id: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE participants AS p
         SET joined_sequence = c.last_sequence, unread_sequence = NULL, unread_message_id = NULL
         FROM conversations AS c
         WHERE c.app_id = $1 AND c.conversation_id = $2
             AND p.app_id = c.app_id AND p.conversation_id = c.conversation_id AND p.left_at IS NULL",
    )
    .bind(app_id)
    .bind(conversation_id)
    .execute(connection)
    .await?;
    Ok(())
}

/// After which sequence number messages are unread for a user, and after which they are not delivered; 0 for somebody
/// without a place.
pub(crate) async fn find_boundaries(
    pool: &PgPool,
    app_id: &str,
    uid: &str,
    conversation_key: &str,
) -> Result<(i64, i64), sqlx::Error> {
    let mut query = QueryBuilder::new("SELECT ");
    query
        .push(READ)
        .push(", ")
        .push(DELIVERED)
        .push(
            " FROM conversations AS c
             JOIN participants AS p ON p.app_id = c.app_id AND p.conversation_id = c.conversation_id
             WHERE c.app_id = ",
        )
        .push_bind(app_id)
        .push(" AND c.conversation_key = ")
        .push_bind(conversation_key)
        .push(" AND p.uid = ")
        .push_bind(uid);
    let boundaries: Option<(i64, i64)> = query.build_query_as().fetch_optional(pool).await?;
    Ok(boundaries.unwrap_or_default())
}
