//! The table `interactions`.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

/// A user used an element of a message.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct StoredInteraction {
    pub message_id: i64,
    pub element_id: String,
    pub interacted_at: DateTime<Utc>,
}

/// Notes that a user used elements; the first time of each stays.
pub(crate) async fn insert(
    pool: &PgPool,
    app_id: &str,
    message_id: i64,
    uid: &str,
    element_ids: &[String],
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO interactions (app_id, message_id, uid, element_id, interacted_at)
         SELECT DISTINCT $1, $2::bigint, $3, element_id, $5::timestamptz
         FROM unnest($4::text[]) AS given (element_id)
         ORDER BY element_id
         ON CONFLICT (app_id, message_id, uid, element_id) DO NOTHING",
    )
    .bind(app_id)
    .bind(message_id)
    .bind(uid)
    .bind(element_ids)
    .bind(at)
    .execute(pool)
    .await?;
    Ok(())
}

/// What a user did with messages, oldest first.
pub(crate) async fn list(
    pool: &PgPool,
    app_id: &str,
    uid: &str,
    message_ids: &[i64],
) -> Result<Vec<StoredInteraction>, sqlx::Error> {
    sqlx::query_as(
        "SELECT message_id, element_id, interacted_at
         FROM interactions
         WHERE app_id = $1 AND message_id = ANY($2) AND uid = $3
         ORDER BY message_id, interacted_at, element_id",
    )
    .bind(app_id)
    .bind(message_ids)
    .bind(uid)
    .fetch_all(pool)
    .await
}
