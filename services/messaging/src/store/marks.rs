//! Pins, which are columns of a message, and the table `saves`.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};

use super::messages::StoredMessage;

/// Pins a message of a locked conversation, unless the conversation has so many pins already; answers whether it is
/// pinned. One that is pinned keeps its time and gets its new pinner.
pub(crate) async fn pin(
    connection: &mut PgConnection,
    app_id: &str,
    message: &StoredMessage,
    by: &str,
    at: DateTime<Utc>,
    pins_max: i64,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE messages
         SET pinned_at = COALESCE(pinned_at, $4), pinned_by = $5, updated_at = $4
         WHERE app_id = $1 AND message_id = $3
             AND (
                 pinned_at IS NOT NULL
                 OR $6 > (
                     SELECT count(*) FROM messages
                     WHERE app_id = $1 AND conversation_id = $2 AND pinned_at IS NOT NULL
                 )
             )",
    )
    .bind(app_id)
    .bind(message.conversation_id)
    .bind(message.message_id)
    .bind(at)
    .bind(by)
    .bind(pins_max)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Unpins a message of a locked conversation.
pub(crate) async fn unpin(
    connection: &mut PgConnection,
    app_id: &str,
    message_id: i64,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE messages SET pinned_at = NULL, pinned_by = NULL, updated_at = $3 WHERE app_id = $1 AND message_id = $2",
    )
    .bind(app_id)
    .bind(message_id)
    .bind(at)
    .execute(connection)
    .await?;
    Ok(())
}

/// Saves a message for a user, unless the user has saved so many already that are to be seen: those in
/// conversations that the user left don't count. Answers since when it is saved. Calls at the
/// same moment may pass the limit by one.
pub(crate) async fn save(
    connection: &mut PgConnection,
    app_id: &str,
    uid: &str,
    message_id: i64,
    at: DateTime<Utc>,
    saves_max: i64,
) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    sqlx::query_scalar(
        "INSERT INTO saves AS s (app_id, uid, message_id, saved_at)
         SELECT $1, $2, $3, $4
         WHERE $5 > (
             SELECT count(*)
             FROM saves
             JOIN messages AS m ON m.app_id = saves.app_id AND m.message_id = saves.message_id
             JOIN participants AS p
                 ON p.app_id = m.app_id AND p.uid = saves.uid AND p.conversation_id = m.conversation_id
             WHERE saves.app_id = $1 AND saves.uid = $2 AND saves.message_id <> $3 AND p.left_at IS NULL
         )
         ON CONFLICT (app_id, uid, message_id) DO UPDATE SET saved_at = s.saved_at
         RETURNING saved_at",
    )
    .bind(app_id)
    .bind(uid)
    .bind(message_id)
    .bind(at)
    .bind(saves_max)
    .fetch_optional(connection)
    .await
}

/// Forgets that a user saved a message; answers whether that was so.
pub(crate) async fn unsave(
    connection: &mut PgConnection,
    app_id: &str,
    uid: &str,
    message_id: i64,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("DELETE FROM saves WHERE app_id = $1 AND uid = $2 AND message_id = $3")
        .bind(app_id)
        .bind(uid)
        .bind(message_id)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// The ids of the messages that a user saved, with the times of that: few, by the limit.
pub(crate) async fn list_saves(
    pool: &PgPool,
    app_id: &str,
    uid: &str,
) -> Result<Vec<(i64, DateTime<Utc>)>, sqlx::Error> {
    sqlx::query_as("SELECT message_id, saved_at FROM saves WHERE app_id = $1 AND uid = $2")
        .bind(app_id)
        .bind(uid)
        .fetch_all(pool)
        .await
}
