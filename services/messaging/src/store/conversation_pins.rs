//! The tables `conversation_pins` and `system_pins`.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

/// A conversation pinned for all users, by its other side.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct SystemPin {
    /// As in the contract: 1 user, 2 group.
    pub with_type: i16,
    pub with_id: String,
    pub pinned_at: DateTime<Utc>,
}

/// Makes calls about a user's pins, or the app's with an empty uid, wait for each other until the transaction's end: so
/// the limit holds.
pub(crate) async fn lock_pins(connection: &mut PgConnection, app_id: &str, uid: &str) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('pins:' || $1 || ':' || $2, 0))")
        .bind(app_id)
        .bind(uid)
        .execute(connection)
        .await?;
    Ok(())
}

/// Pins a conversation for a user, unless the user has so many pins already; answers since when it is pinned.
pub(crate) async fn pin(
    connection: &mut PgConnection,
    app_id: &str,
    uid: &str,
    conversation_key: &str,
    at: DateTime<Utc>,
    pins_max: i64,
) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    sqlx::query_scalar(
        "INSERT INTO conversation_pins AS p (app_id, uid, conversation_key, pinned_at)
         SELECT $1, $2, $3, $4
         WHERE $5 > (SELECT count(*) FROM conversation_pins WHERE app_id = $1 AND uid = $2 AND conversation_key <> $3)
         ON CONFLICT (app_id, uid, conversation_key) DO UPDATE SET pinned_at = p.pinned_at
         RETURNING pinned_at",
    )
    .bind(app_id)
    .bind(uid)
    .bind(conversation_key)
    .bind(at)
    .bind(pins_max)
    .fetch_optional(connection)
    .await
}

/// Unpins a conversation of a user; answers whether it was pinned.
pub(crate) async fn unpin(
    connection: &mut PgConnection,
    app_id: &str,
    uid: &str,
    conversation_key: &str,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("DELETE FROM conversation_pins WHERE app_id = $1 AND uid = $2 AND conversation_key = $3")
        .bind(app_id)
        .bind(uid)
        .bind(conversation_key)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Says that a user's own state of a conversation changed, for who resumes.
pub(crate) async fn note_change(
    connection: &mut PgConnection,
    app_id: &str,
    uid: &str,
    conversation_key: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE participants AS p SET changed = pg_current_xact_id()
         FROM conversations AS c
         WHERE c.app_id = $1 AND c.conversation_key = $3
             AND p.app_id = c.app_id AND p.uid = $2 AND p.conversation_id = c.conversation_id",
    )
    .bind(app_id)
    .bind(uid)
    .bind(conversation_key)
    .execute(connection)
    .await?;
    Ok(())
}

/// The conversations that an app pinned, in the order in which they are shown.
pub(crate) async fn list_system(pool: &PgPool, app_id: &str) -> Result<Vec<SystemPin>, sqlx::Error> {
    sqlx::query_as("SELECT with_type, with_id, pinned_at FROM system_pins WHERE app_id = $1 ORDER BY position")
        .bind(app_id)
        .fetch_all(pool)
        .await
}

/// Makes these an app's pins and no others; those that were there keep their time.
pub(crate) async fn replace_system(
    connection: &mut PgConnection,
    app_id: &str,
    pins: &[(i16, String)],
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let (types, ids): (Vec<i16>, Vec<String>) = pins.iter().cloned().unzip();
    sqlx::query(
        "WITH given AS (
             SELECT with_type, with_id, position
             FROM unnest($2::smallint[], $3::text[]) WITH ORDINALITY AS g (with_type, with_id, position)
         ), gone AS (
             DELETE FROM system_pins AS p
             WHERE p.app_id = $1
                 AND NOT EXISTS (
                     SELECT FROM given WHERE given.with_type = p.with_type AND given.with_id = p.with_id
                 )
         )
         INSERT INTO system_pins (app_id, with_type, with_id, position, pinned_at)
         SELECT $1, with_type, with_id, position::smallint, $4 FROM given
         ON CONFLICT (app_id, with_type, with_id) DO UPDATE SET position = EXCLUDED.position",
    )
    .bind(app_id)
    .bind(types)
    .bind(ids)
    .bind(at)
    .execute(connection)
    .await?;
    Ok(())
}
