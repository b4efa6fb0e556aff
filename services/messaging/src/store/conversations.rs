//! The table `conversations`.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use halley_model::{APP_SYSTEM_UID, ConversationKey};
use sqlx::{PgConnection, PgPool};

use crate::domain::key::RETIRED_PREFIX;

/// A conversation's place: its app and stored key.
pub(crate) type Place = (String, String);

/// A conversation whose row is locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Locked {
    pub conversation_id: i64,
    pub last_sequence: i64,
    pub counted_total: i64,
}

/// A conversation to be made if there is none.
pub(crate) struct Wanted<'a> {
    pub app_id: &'a str,
    pub key: &'a ConversationKey,
    pub created_at: DateTime<Utc>,
}

/// Locks conversations, in the order of their places whoever asks, so that nobody waits in a circle. Those that don't
/// exist are left out.
pub(crate) async fn lock_conversations(
    connection: &mut PgConnection,
    places: &[Place],
) -> Result<HashMap<Place, Locked>, sqlx::Error> {
    let mut places: Vec<(&str, &str)> = places.iter().map(|(app, key)| (app.as_str(), key.as_str())).collect();
    places.sort_unstable();
    let (app_ids, keys): (Vec<&str>, Vec<&str>) = places.into_iter().unzip();
    // Each place is looked up in turn, which is the order of the locks.
    let rows: Vec<(String, String, i64, i64, i64)> = sqlx::query_as(
        "SELECT c.app_id, c.conversation_key, c.conversation_id, c.last_sequence, c.counted_total
         FROM unnest($1::text[], $2::text[]) AS place (app_id, conversation_key)
         CROSS JOIN LATERAL (
             SELECT *
             FROM conversations AS c
             WHERE c.app_id = place.app_id AND c.conversation_key = place.conversation_key
             FOR UPDATE
         ) AS c",
    )
    .bind(app_ids)
    .bind(keys)
    .fetch_all(connection)
    .await?;
    let locked = rows.into_iter().map(|(app_id, key, conversation_id, last_sequence, counted_total)| {
        ((app_id, key), Locked { conversation_id, last_sequence, counted_total })
    });
    Ok(locked.collect())
}

/// Makes conversations that don't exist yet, and the places of both users of direct ones. Goes by itself, before the
/// transaction that locks them: while rows are locked nothing may wait for another's insertion.
pub(crate) async fn create_missing(connection: &mut PgConnection, wanted: &[Wanted<'_>]) -> Result<(), sqlx::Error> {
    let mut rows: Vec<(&str, String, DateTime<Utc>)> =
        wanted.iter().map(|w| (w.app_id, w.key.storage(), w.created_at)).collect();
    rows.sort_unstable();
    rows.dedup_by(|a, b| (a.0, &a.1) == (b.0, &b.1));
    let users: Vec<(&str, String, &str)> =
        wanted.iter().flat_map(|w| users_of(w.key).into_iter().map(|uid| (w.app_id, w.key.storage(), uid))).collect();
    sqlx::query(
        "WITH made AS (
             INSERT INTO conversations (app_id, conversation_key, created_at)
             SELECT wanted.app_id, wanted.conversation_key, wanted.created_at
             FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS wanted (app_id, conversation_key, created_at)
             ORDER BY wanted.app_id COLLATE \"C\", wanted.conversation_key COLLATE \"C\"
             ON CONFLICT (app_id, conversation_key) DO NOTHING
             RETURNING app_id, conversation_key, conversation_id
         )
         INSERT INTO participants (app_id, uid, conversation_id)
         SELECT DISTINCT made.app_id, users.uid, made.conversation_id
         FROM made
         JOIN unnest($4::text[], $5::text[], $6::text[]) AS users (app_id, conversation_key, uid)
             ON users.app_id = made.app_id AND users.conversation_key = made.conversation_key",
    )
    .bind(rows.iter().map(|row| row.0).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.1.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.2).collect::<Vec<_>>())
    .bind(users.iter().map(|row| row.0).collect::<Vec<_>>())
    .bind(users.iter().map(|row| row.1.as_str()).collect::<Vec<_>>())
    .bind(users.iter().map(|row| row.2).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// The users who have a place in a conversation from its beginning: the app itself has none.
fn users_of(key: &ConversationKey) -> Vec<&str> {
    match key {
        ConversationKey::Direct(a, b) => {
            [a, b].into_iter().map(String::as_str).filter(|uid| *uid != APP_SYSTEM_UID).collect()
        }
        ConversationKey::Group(_) => Vec::new(),
    }
}

/// The conversation of a key.
pub(crate) async fn find_id(
    connection: &mut PgConnection,
    app_id: &str,
    key: &ConversationKey,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar("SELECT conversation_id FROM conversations WHERE app_id = $1 AND conversation_key = $2")
        .bind(app_id)
        .bind(key.storage())
        .fetch_optional(connection)
        .await
}

/// The ids of those conversations of the keys that exist, with their stored keys.
pub(crate) async fn find_ids(pool: &PgPool, app_id: &str, keys: &[String]) -> Result<Vec<(i64, String)>, sqlx::Error> {
    sqlx::query_as(
        "SELECT conversation_id, conversation_key FROM conversations WHERE app_id = $1 AND conversation_key = ANY($2)",
    )
    .bind(app_id)
    .bind(keys)
    .fetch_all(pool)
    .await
}

/// Puts the conversation of a group that was deleted at `at` aside and ends its members' places in it. One that began
/// later is a new group's, which an event that comes again must not touch.
pub(crate) async fn retire_group(
    pool: &PgPool,
    app_id: &str,
    guid: &str,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "WITH retired AS (
             UPDATE conversations
             SET conversation_key = $3 || conversation_key || ':' || conversation_id
             WHERE app_id = $1 AND conversation_key = $2 AND created_at <= $4
             RETURNING app_id, conversation_id
         )
         UPDATE participants
         SET left_at = now()
         FROM retired
         WHERE participants.app_id = retired.app_id
             AND participants.conversation_id = retired.conversation_id
             AND participants.left_at IS NULL",
    )
    .bind(app_id)
    .bind(ConversationKey::group(guid).storage())
    .bind(RETIRED_PREFIX)
    .bind(at)
    .execute(pool)
    .await?;
    Ok(())
}

/// Puts the direct conversations of a user who was removed for good at `at` aside, for both sides, and ends the user's
/// places in groups. What began later is a new user's of the same uid.
pub(crate) async fn retire_user(pool: &PgPool, app_id: &str, uid: &str, at: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query(
        "WITH own AS (
             SELECT c.conversation_id, c.conversation_key, c.created_at, p.membership_at
             FROM participants AS p
             JOIN conversations AS c ON c.app_id = p.app_id AND c.conversation_id = p.conversation_id
             WHERE p.app_id = $1 AND p.uid = $2
         ), retired AS (
             UPDATE conversations AS c
             SET conversation_key = $3 || c.conversation_key || ':' || c.conversation_id
             FROM own
             WHERE c.app_id = $1 AND c.conversation_id = own.conversation_id
                 AND own.conversation_key LIKE 'u:%' AND own.created_at <= $4
             RETURNING c.conversation_id
         ), ended AS (
             SELECT p.uid, p.conversation_id
             FROM retired
             JOIN participants AS p ON p.app_id = $1 AND p.conversation_id = retired.conversation_id
             UNION ALL
             SELECT $2, own.conversation_id
             FROM own
             WHERE own.conversation_key LIKE 'g:%' AND COALESCE(own.membership_at, own.created_at) <= $4
         )
         UPDATE participants AS p
         SET left_at = now(),
             -- What was the deleted user's own is not the next one's of that uid.
             tags = CASE WHEN p.uid = $2 THEN '{}' ELSE p.tags END,
             hidden_before_sequence = CASE WHEN p.uid = $2 THEN 0 ELSE p.hidden_before_sequence END,
             keeps_place = p.keeps_place AND p.uid <> $2
         FROM ended
         WHERE p.app_id = $1 AND p.uid = ended.uid AND p.conversation_id = ended.conversation_id
             AND p.left_at IS NULL",
    )
    .bind(app_id)
    .bind(uid)
    .bind(RETIRED_PREFIX)
    .bind(at)
    .execute(pool)
    .await?;
    Ok(())
}

/// How many messages an app holds in direct conversations and in groups. Sequence numbers are dense, so the last ones
/// tell it without reading messages.
pub(crate) async fn count_messages(pool: &PgPool, app_id: &str) -> Result<(i64, i64), sqlx::Error> {
    sqlx::query_as(
        "SELECT COALESCE(sum(last_sequence) FILTER (WHERE conversation_key ~ '^(x:)?u:'), 0)::bigint,
                COALESCE(sum(last_sequence) FILTER (WHERE conversation_key !~ '^(x:)?u:'), 0)::bigint
         FROM conversations
         WHERE app_id = $1",
    )
    .bind(app_id)
    .fetch_one(pool)
    .await
}
